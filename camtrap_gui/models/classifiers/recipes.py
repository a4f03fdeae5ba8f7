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
    - ``head_rate``, ``backbone_rate``: learning rates at their highest. A ``backbone_rate`` of 0 leaves the backbone as
      it is.
    """

    epochs: int
    patience: int
    head_rate: float
    backbone_rate: float = 0.0


HEAD = Phase(epochs=60, patience=15, head_rate=3e-3)
NETWORK = Phase(epochs=10, patience=3, head_rate=1e-3, backbone_rate=1e-4)


@dataclass(frozen=True)
class Recipe:
    """``head`` trains the species layer on kept features; then ``network`` trains the whole network on pictures, if
    there is one.

    - ``batch_size``: crops per step of the whole network.
    - ``augmentation``: how much the pictures are changed, one of ``AUGMENTATIONS``.
    - ``balance``: what is done about common and rare species, one of ``BALANCES``.
    """

    head: Phase = HEAD
    network: Phase | None = None
    batch_size: int = 32
    augmentation: str = "standard"
    balance: str = "logits"

    @property
    def last(self) -> Phase:
        """The phase that ends the training."""
        return self.network or self.head

    def with_last(self, **changes: Any) -> "Recipe":
        """The same with changes in the phase that ends the training."""
        changed = replace(self.last, **changes)
        return replace(self, network=changed) if self.network else replace(self, head=changed)


PRESETS = {"quick": Recipe(), "standard": Recipe(network=NETWORK)}
