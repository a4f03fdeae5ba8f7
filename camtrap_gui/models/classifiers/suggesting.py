"""A run's classifier asked about animals that a backbone has seen.

Where the classifier is a layer on the installed backbone, as after a quick training, kept features are enough: no
picture is opened. Where the whole network was trained, it must see the animals itself.
"""

from functools import cached_property
from pathlib import Path

from camtrap_gui import metrics
from camtrap_gui.models.classifiers import Classifier, bundle
from camtrap_gui.models.classifiers.regions import Seen
from camtrap_gui.project.suggestions import Top

_MOST = 5
"""Species named in a suggestion."""


class Suggester:
    """The classifier in a bundle folder. ``size`` is the input it must be shown, None where features are enough."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head = bundle.head_of(folder)
        self.size = None if self._head else self._network.input_size

    def __call__(self, seen: Seen) -> list[Top]:
        """The likeliest species of each animal, best first."""
        if self._head is not None:
            classes, shares = self._head.classes, self._head.predict(seen.vectors)
        else:
            assert seen.inputs is not None
            classes, shares = self._network.classes, self._network.predict_arrays(seen.inputs)
        return [
            tuple((classes[place], float(row[place])) for place in best)
            for row, best in zip(shares, metrics.ranking(shares, _MOST), strict=True)
        ]

    @cached_property
    def _network(self) -> Classifier:
        return bundle.load(self._folder)
