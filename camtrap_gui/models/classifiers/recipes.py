"""How a network learns: everything that decides its weights beyond the crops and the network itself.

A preset is a recipe with a name. The options of the train step change single ingredients of it, so each can be
compared with the recipe it was taken from (``benchmarks/recipes.py`` does so).
"""

from dataclasses import dataclass, replace
from typing import Any

AUGMENTATIONS = ("none", "light", "standard", "strong")
BALANCES = ("logits", "sampling", "weights", "none")


@dataclass(frozen=True)
class Phase:
    """How one phase learns.

    - ``epochs`` at most; it ends sooner when ``patience`` epochs brought no better macro-F1 on the validation crops.
    - ``head_rate``, ``backbone_rate``: learning rates (Adam) at their highest. A ``backbone_rate`` of 0 leaves the
      backbone as it is.
    - ``depths``: the backbone's layers learn in so many groups, the last layers first. Each group's rate is
      ``rate_per_depth`` times that of the one above it, and it starts ``epochs_per_depth`` epochs later.
    - ``find_rate``: a short test finds by what both rates are multiplied (``rate_finding``).
    - ``ema``: above 0, the network that is judged and kept is a moving average of the weights over about
      1 / (1 - ``ema``) steps.
    - ``standard_errors``: epochs whose macro-F1 is within so many standard errors of the highest are told apart by their
      loss (after Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3): on some hundred validation
      crops one animal more or less decides otherwise.
    - ``of_start``: above 0, a network with so much of the weights that the phase began with is judged as well after each
      epoch, and the better one of the two kept (``averaging.Start``).
    """

    epochs: int
    patience: int
    head_rate: float
    backbone_rate: float = 0.0
    depths: int = 1
    rate_per_depth: float = 1.0
    epochs_per_depth: int = 0
    find_rate: bool = False
    ema: float = 0.0
    standard_errors: float = 0.0
    of_start: float = 0.0


HEAD = Phase(epochs=30, patience=15, head_rate=3e-3, standard_errors=1.0)
"""60 epochs tell no more crops, but have less loss, which is the better start for what comes then (``START``)."""
START = replace(HEAD, epochs=60)
NETWORK = Phase(epochs=10, patience=6, head_rate=1e-3, backbone_rate=1e-4, standard_errors=1.0, of_start=0.5)
"""The last epochs, with low rates, are the best ones: fewer than six without a better one say little."""


@dataclass(frozen=True)
class Recipe:
    """``head`` trains the species layer on kept features; then ``network`` trains the whole network on pictures, if
    there is one.

    - ``as_original``: keep what makes the tutorial's own recipe worse than it need be (``tutorial``).
    - ``batch_size``: crops per step of the whole network. ``batch_by_memory``: unless the machine asks for others.
    - ``precision``: what the whole network is calculated in while it learns, one of ``devices.PRECISIONS``.
    - ``augmentation``: how much the pictures are changed, one of ``AUGMENTATIONS``.
    - ``balance``: what is done about common and rare species, one of ``BALANCES``.
    - ``by_confidence``: whether a crop counts as much as the detector was sure of it.
    - ``label_smoothing``: the share of every label that is dealt to all species.
    """

    head: Phase = HEAD
    network: Phase | None = None
    as_original: bool = False
    batch_size: int = 32
    batch_by_memory: bool = True
    precision: str = "auto"
    augmentation: str = "standard"
    balance: str = "logits"
    by_confidence: bool = False
    label_smoothing: float = 0.0

    @property
    def last(self) -> Phase:
        """The phase that ends the training."""
        return self.network or self.head

    def with_last(self, **changes: Any) -> "Recipe":
        """The same with changes in the phase that ends the training."""
        changed = replace(self.last, **changes)
        return replace(self, network=changed) if self.network else replace(self, head=changed)

    def with_rate(self, rate: float) -> "Recipe":
        """The same with another learning rate in the phase that ends the training: the backbone's, where it learns, and
        the species layer's in proportion."""
        of_head = self.last.head_rate * rate / self.last.backbone_rate if self.last.backbone_rate else rate
        return self.with_last(head_rate=of_head, backbone_rate=rate if self.last.backbone_rate else 0.0)

    def unfreezing(self) -> "Recipe":
        """The same with the backbone learning in four groups, each an epoch after the one above it and half as fast."""
        return self.with_last(depths=4, rate_per_depth=0.5, epochs_per_depth=1)


TUTORIAL = Phase(epochs=30, patience=30, head_rate=0.01, backbone_rate=0.0045)
PRESETS = {
    "quick": Recipe(),
    "standard": Recipe(head=START, network=NETWORK),
    "tutorial": Recipe(network=TUTORIAL, balance="none"),
}
"""The tutorial's own recipe is that of the module ``tutorial``; of what is here it takes only the numbers of epochs and of
crops per step, and ``as_original``."""
