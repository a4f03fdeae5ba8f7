"""The figures of a classifier on one split, from what it said about each crop: overall, per species, per location.

Plain data, so that a step can store it, a panel show it and a program read it. What cannot be known is None.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from camtrap_gui import calibration, metrics
from camtrap_gui.calibration import Calibration
from camtrap_gui.metrics import Figures, Indices

TOP = 5
"""The k of the top-k accuracy, as in the tutorial."""

FEW_LOCATIONS = 3
"""A species seen at fewer locations than this has figures that say little about the next location."""

_WORST = 10


@dataclass(frozen=True)
class Said:
    """What a classifier said about N crops of known truth.

    ``truth`` [N] and ``ranked`` [N, TOP] hold places in ``classes`` (-1: no further guess), ``location`` [N] places in
    ``locations``; ``confidence`` [N] is that of the first guess, 0..1.
    """

    classes: Sequence[str]
    locations: Sequence[str]
    truth: Indices
    ranked: Indices
    confidence: Figures
    location: Indices

    def confusion(self, which: Any = slice(None)) -> Indices:
        """Crops by truth (row) and first guess (column), of all crops or of those chosen."""
        return metrics.confusion_matrix(self.truth[which], self.ranked[which, 0], len(self.classes))


class Gathering:
    """What was said about up to ``most`` crops, taken in one by one in flat memory."""

    def __init__(self, classes: Sequence[str], most: int) -> None:
        self._classes = classes
        self._place = {name: number for number, name in enumerate(classes)}
        self._locations: dict[str, int] = {}
        self._truth, self._location = np.empty(most, np.int32), np.empty(most, np.int32)
        self._ranked, self._confidence = np.full((most, TOP), -1, np.int32), np.empty(most)
        self._done = 0

    def add(self, location: str, truth: str, top: Sequence[tuple[str, float]]) -> None:
        """Take in one crop; ``top`` holds (species, confidence), best first. All names are of the class list."""
        row, self._done = self._done, self._done + 1
        self._truth[row] = self._place[truth]
        self._ranked[row, : len(top)] = [self._place[name] for name, _ in top]
        self._confidence[row] = top[0][1]
        self._location[row] = self._locations.setdefault(location, len(self._locations))

    def said(self) -> Said:
        """All that was taken in."""
        done = slice(self._done)
        return Said(
            self._classes,
            list(self._locations),
            self._truth[done],
            self._ranked[done],
            self._confidence[done],
            self._location[done],
        )


@dataclass(frozen=True)
class OfClass:
    """Figures of one species: its crops, the locations they are from, how often it was predicted, 0..1 or None."""

    name: str
    crops: int
    locations: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class OfLocation:
    """Figures of one location; precision, recall and F1 are means over the species that have crops there."""

    name: str
    crops: int
    species: int
    accuracy: float
    top_k: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """All figures. ``interval`` is the accuracy's 95 % interval over locations, None where there are fewer than two.

    ``k`` is 5, or the number of classes where there are fewer. ``calibration`` is None in evaluations from before it
    was measured.
    """

    crops: int
    accuracy: float
    interval: tuple[float, float] | None
    k: int
    top_k: float
    macro_f1: float
    balanced_accuracy: float
    classes: tuple[OfClass, ...]
    locations: tuple[OfLocation, ...]
    calibration: Calibration | None = None

    def text(self) -> str:
        """The tutorial's line, the figures, and tables of the species and of the locations with the lowest accuracy."""
        return "\n\n".join(
            (
                f"eval/Accuracy[{self.accuracy:.9g}]eval/Recall_{self.k}[{self.top_k:.9g}]",
                f"Top-1 accuracy     {self.accuracy:6.1%}{_spread(self.interval)}\n"
                f"Top-{self.k} accuracy     {self.top_k:6.1%}\n"
                f"Macro-F1            {self.macro_f1:.3f} (mean over the species that have crops)\n"
                f"Balanced accuracy  {self.balanced_accuracy:6.1%} (mean recall of the same species)",
                *self._calibration_texts(),
                self._classes_text(),
                self._locations_text(),
            )
        )

    def _calibration_texts(self) -> Iterator[str]:
        if self.calibration is None:
            return
        known = self.calibration
        yield (
            f"Calibration error  {known.error:6.1%}{_spread(known.interval)}, how far confidence is from the share of"
            f" hits\n{known.sentence()}"
        )
        rows = [
            (f"{each.low:.0%} to {each.high:.0%}", each.crops, each.confidence, each.accuracy)
            for each in known.bins
            if each.crops
        ]
        yield table(("Confidence", "Crops", "Mean", "Right"), rows)

    def _classes_text(self) -> str:
        return table(
            ("Species", "Crops", "Locations", "Predicted", "Precision", "Recall", "F1"),
            [
                (c.name, c.crops, c.locations, c.predicted, c.precision, c.recall, c.f1)
                for c in self.classes
                if c.crops or c.predicted
            ],
        )

    def _locations_text(self) -> str:
        worst = sorted(self.locations, key=lambda location: (location.accuracy, -location.crops))[:_WORST]
        listed = table(
            ("Location", "Crops", "Species", "Accuracy", "Precision", "Recall", "F1"),
            [(o.name, o.crops, o.species, o.accuracy, o.precision, o.recall, o.f1) for o in worst],
        )
        if len(worst) == len(self.locations):
            return listed
        return f"The {len(worst)} of {len(self.locations):,} locations with the lowest accuracy:\n\n{listed}"


def measure(said: Said) -> Evaluation:
    """All figures of at least one crop."""
    confusion = said.confusion()
    k = min(TOP, len(said.classes))
    correct = said.ranked[:, 0] == said.truth
    interval = metrics.accuracy_interval(correct, said.location)
    return Evaluation(
        crops=len(said.truth),
        accuracy=metrics.top_k_accuracy(said.truth, said.ranked, 1),
        interval=None if math.isnan(interval[0]) else interval,
        k=k,
        top_k=metrics.top_k_accuracy(said.truth, said.ranked, k),
        macro_f1=metrics.macro_f1(confusion),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        classes=tuple(_of_classes(said, confusion)),
        locations=tuple(_of_locations(said, k)),
        calibration=calibration.measure(said.confidence, correct, said.location),
    )


def notes(figures: Evaluation, trained_on: Sequence[int], split: str) -> Iterator[str]:
    """What the figures do not say, in sentences. ``trained_on`` are the training crops of each class."""
    unknown = [c.name for c in figures.classes if c.crops == 0]
    untrained = [
        c.name for c, number in zip(figures.classes, trained_on, strict=True) if c.crops and not number
    ]
    few = [c.name for c in figures.classes if c.crops and c.locations < FEW_LOCATIONS]
    if unknown:
        yield f"No {split} crops, so nothing is known about: {', '.join(unknown)}."
    if untrained:
        yield f"No training crops, so never recognised: {', '.join(untrained)}."
    if few:
        yield (
            f"Seen at fewer than {FEW_LOCATIONS} {split} locations, so the figures may not hold elsewhere: "
            f"{', '.join(few)}."
        )


def _of_classes(said: Said, confusion: Indices) -> Iterator[OfClass]:
    figures = metrics.per_class(confusion)
    seen_at = np.zeros((len(said.classes), len(said.locations)), bool)
    seen_at[said.truth, said.location] = True
    for place, name in enumerate(said.classes):
        yield OfClass(
            name,
            int(figures.support[place]),
            int(seen_at[place].sum()),
            int(figures.predicted[place]),
            _known(figures.precision[place]),
            _known(figures.recall[place]),
            _known(figures.f1[place]),
        )


def _of_locations(said: Said, k: int) -> Iterator[OfLocation]:
    """Figures of every location that has crops, sorted by name."""
    crops_of = np.split(np.argsort(said.location, kind="stable"), np.cumsum(np.bincount(said.location))[:-1])
    for name, which in sorted(zip(said.locations, crops_of, strict=True), key=lambda pair: pair[0]):
        figures = metrics.per_class(said.confusion(which))
        yield OfLocation(
            name,
            crops=len(which),
            species=int((figures.support > 0).sum()),
            accuracy=metrics.top_k_accuracy(said.truth[which], said.ranked[which], 1),
            top_k=metrics.top_k_accuracy(said.truth[which], said.ranked[which], k),
            precision=metrics.macro(figures.precision, figures.support),
            recall=metrics.macro(figures.recall, figures.support),
            f1=metrics.macro(figures.f1, figures.support),
        )


def _spread(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else " (95 % interval over locations: {:.1%} to {:.1%})".format(*interval)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned text: the first column to the left, numbers to the right with thousands separators, "–" for None."""
    cells = [tuple(header), *(tuple(map(_shown, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
