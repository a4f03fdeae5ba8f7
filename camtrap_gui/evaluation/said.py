"""What a classifier said about crops of known truth, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import metrics
from camtrap_gui.evaluation.light import Light
from camtrap_gui.metrics import Figures, Indices

TOP = 5
"""The k of the top-k accuracy, as in the tutorial."""

_PORTION = 4096


@dataclass(frozen=True)
class Said:
    """What a classifier said about N crops of known truth.

    ``truth`` [N] and ``ranked`` [N, TOP] hold places in ``classes`` (-1: no further guess), ``location`` [N] places in
    ``locations``; ``confidence`` [N] is that of the first guess, 0..1. Where they are known: ``scores`` [N, TOP] are the
    confidences of all guesses, crops with equal ``sequence`` [N] show one visit, and ``light`` [N] holds ``Light``.
    """

    classes: Sequence[str]
    locations: Sequence[str]
    truth: Indices
    ranked: Indices
    confidence: Figures
    location: Indices
    scores: NDArray[np.floating] | None = None
    sequence: Indices | None = None
    light: Indices | None = None

    def confusion(self, which: Any = slice(None)) -> Indices:
        """Crops by truth (row) and first guess (column), of all crops or of those chosen."""
        return metrics.confusion_matrix(self.truth[which], self.ranked[which, 0], len(self.classes))


class Gathering:
    """What was said about up to ``most`` crops, taken in one by one; some 60 bytes of memory each."""

    def __init__(self, classes: Sequence[str], most: int) -> None:
        self._classes = classes
        self._place = {name: number for number, name in enumerate(classes)}
        self._locations: dict[str, int] = {}
        self._truth, self._location = np.empty(most, np.int32), np.empty(most, np.int32)
        self._ranked, self._scores = np.full((most, TOP), -1, np.int32), np.zeros((most, TOP), np.float32)
        self._confidence = np.empty(most)
        self._sequence, self._light = np.empty(most, np.int64), np.empty(most, np.int8)
        self._done = 0
        self._waiting: list[tuple[int, int, int, int, list[int], list[float]]] = []

    def add(
        self,
        location: str,
        truth: str,
        top: Sequence[tuple[str, float]],
        sequence: int = 0,
        light: Light = Light.UNKNOWN,
    ) -> None:
        """Take in one crop; ``top`` holds (species, confidence), best first. All names are of the class list."""
        missing = TOP - len(top)
        self._waiting.append(
            (
                self._place[truth],
                self._locations.setdefault(location, len(self._locations)),
                sequence,
                light,
                [self._place[name] for name, _ in top] + [-1] * missing,
                [score for _, score in top] + [0.0] * missing,
            )
        )
        if len(self._waiting) >= _PORTION:  # filling arrays crop by crop takes three times as long
            self._take_in()

    def said(self) -> Said:
        """All that was taken in."""
        self._take_in()
        done = slice(self._done)
        return Said(
            self._classes,
            list(self._locations),
            self._truth[done],
            self._ranked[done],
            self._confidence[done],
            self._location[done],
            self._scores[done],
            self._sequence[done],
            self._light[done],
        )

    def _take_in(self) -> None:
        if not self._waiting:
            return
        rows = slice(self._done, self._done + len(self._waiting))
        truth, location, sequence, light, ranked, scores = zip(*self._waiting, strict=True)
        self._truth[rows], self._location[rows] = truth, location
        self._sequence[rows], self._light[rows] = sequence, light
        self._ranked[rows], self._scores[rows] = ranked, scores
        self._confidence[rows] = [some[0] for some in scores]
        self._done = rows.stop
        self._waiting.clear()
