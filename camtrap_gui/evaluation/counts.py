"""What figures are computed from, counted per location, so that they can be computed again for drawn locations.

Accuracy, precision, recall and F1 need only how many crops of each class there are at a location, how many are called
so, and how many rightly: a thousand rounds of 225 locations and 61 classes take tens of milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import metrics, resampling
from camtrap_gui.metrics import Figures, Indices
from camtrap_gui.resampling import Interval

Known = tuple[float, Interval | None]
"""A figure, NaN where nothing can be said, with its interval."""

_WHOLE = 4  # figures that are of all classes


@dataclass(frozen=True)
class Counts:
    """Sums of each location that has crops: of each class its crops, its answers and its hits, and hits within top k.

    ``sums`` is [locations, 3 · classes + 1].
    """

    sums: Figures
    classes: int

    @property
    def crops(self) -> int:
        """How many were counted."""
        return int(self._part(self.sums, 0).sum())

    @property
    def species(self) -> int:
        """How many classes have crops."""
        return int((self._part(self.sums, 0).sum(axis=0) > 0).sum())

    @property
    def locations(self) -> int:
        """How many locations have crops."""
        return len(self.sums)

    def figures(self, seed: int = 0) -> list[Known]:
        """Top-1 and top-k accuracy, macro-F1 and balanced accuracy; then precision, recall and F1 of each class.

        Each is 0..1 with its 95 % interval over locations (``resampling``). Draws without a crop of a class tell nothing
        of its recall and F1, and macro-F1 and balanced accuracy of the draw are means over the classes that it has.
        """
        values = self._measured(self.sums.sum(axis=0, keepdims=True))[0]
        if self.locations < 2:
            return [(float(value), None) for value in values]
        blocks = resampling.drawn(self.sums, seed=seed)
        rounds = np.concatenate([self._measured(some) for some in blocks]).T
        rounds[-self.classes :][np.isnan(rounds[-2 * self.classes : -self.classes])] = np.nan  # F1 as recall
        return [
            (float(value), resampling.interval(value, drawn, known_at))
            for value, drawn, known_at in zip(values, rounds, self._known_at(), strict=True)
        ]

    def _part(self, sums: Figures, number: int) -> Figures:
        return sums[:, number * self.classes : (number + 1) * self.classes]

    def _measured(self, sums: Figures) -> Figures:
        """The figures of rows of sums [R, 3C + 1], as [R, 4 + 3C]."""
        support, predicted, hits = (self._part(sums, number) for number in range(3))
        of_classes = metrics.agreement(hits, support, predicted)
        crops = support.sum(axis=1)
        whole = (
            hits.sum(axis=1) / crops,
            sums[:, -1] / crops,
            metrics.macros(of_classes.f1, support),
            metrics.macros(of_classes.recall, support),
        )
        return np.hstack([np.column_stack(whole), of_classes.precision, of_classes.recall, of_classes.f1])

    def _known_at(self) -> Iterator[int]:
        """From how many locations each figure is known."""
        support, predicted = self._part(self.sums, 0), self._part(self.sums, 1)
        yield from [self.locations] * _WHOLE
        for has in (predicted, support, support):
            yield from (has > 0).sum(axis=0).tolist()


def count(
    truth: Indices, said: Indices, in_top: NDArray[np.bool_], location: Indices, classes: int
) -> Counts:
    """Count crops by their class, first guess, whether the class is among the best k guesses, and location; all [N]."""
    places = int(location.max()) + 1
    rows = location.astype(np.int64)
    right = truth == said

    def tally(cells: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        return np.bincount(cells, minlength=places * width).reshape(places, width)

    parts = (
        tally(rows * classes + truth, classes),
        tally(rows * classes + said, classes),
        tally((rows * classes + truth)[right], classes),
        tally(rows[in_top], 1),
    )
    sums = np.hstack(parts).astype(np.float64)
    return Counts(sums[parts[0].any(axis=1)], classes)
