"""The figures of a classifier, as plain data. Shares are 0..1, intervals 95 % over locations; what cannot be known is None.

How intervals are made, and when there is none: ``camtrap_gui/resampling.py``. A single location never has one.
"""

from dataclasses import dataclass

from camtrap_gui.calibration import Calibration
from camtrap_gui.resampling import Interval


@dataclass(frozen=True)
class OfClass:
    """Figures of one species: its crops, the locations they are from, and how often it was predicted."""

    name: str
    crops: int
    locations: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    precision_interval: Interval | None = None
    recall_interval: Interval | None = None
    f1_interval: Interval | None = None


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
class Part:
    """Figures of some of the crops, or of sequences that each count once, as ``Evaluation`` has them of all crops."""

    count: int
    locations: int
    species: int
    accuracy: float
    interval: Interval | None
    top_k: float
    top_k_interval: Interval | None
    macro_f1: float
    macro_f1_interval: Interval | None
    balanced_accuracy: float
    balanced_accuracy_interval: Interval | None


@dataclass(frozen=True)
class Sequences:
    """Sequences of one species named by a vote of their crops (``bursts``), beside the same crops named one by one.

    ``mixed`` sequences show several species and are in neither.
    """

    voted: Part
    crops: Part
    mixed: int


@dataclass(frozen=True)
class DayNight:
    """Figures by day and by night; None where there are no crops. How many crops are known by what: see ``light``."""

    day: Part | None
    night: Part | None
    by_clock: int
    by_colour: int
    unknown: int


@dataclass(frozen=True)
class Evaluation:
    """All figures. ``interval`` is that of the accuracy; ``k`` is 5, or the number of classes where there are fewer.

    Evaluations of earlier versions lack what has a default here.
    """

    crops: int
    accuracy: float
    interval: Interval | None
    k: int
    top_k: float
    macro_f1: float
    balanced_accuracy: float
    classes: tuple[OfClass, ...]
    locations: tuple[OfLocation, ...]
    calibration: Calibration | None = None
    top_k_interval: Interval | None = None
    macro_f1_interval: Interval | None = None
    balanced_accuracy_interval: Interval | None = None
    sequences: Sequences | None = None
    day_night: DayNight | None = None

    def whole(self) -> Part:
        """The figures of all crops as those of a part."""
        return Part(
            self.crops,
            len(self.locations),
            sum(c.crops > 0 for c in self.classes),
            self.accuracy,
            self.interval,
            self.top_k,
            self.top_k_interval,
            self.macro_f1,
            self.macro_f1_interval,
            self.balanced_accuracy,
            self.balanced_accuracy_interval,
        )

    def text(self) -> str:
        """The tutorial's line, the figures, and tables of the species and of the locations with the lowest accuracy."""
        from camtrap_gui.evaluation.text import text

        return text(self)
