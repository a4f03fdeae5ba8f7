"""What is known about how well a run does: the files its evaluation left in ``runs/<id>/evaluation/``."""

import csv
from dataclasses import dataclass
from pathlib import Path

import msgspec

from camtrap_gui.evaluation import Evaluation, Leakage
from camtrap_gui.project.runs import Run
from camtrap_gui.thresholds import Measured

METRICS, CONFUSION, RELIABILITY = "metrics.json", "confusion_matrix.csv", "reliability.csv"
RANDOM_SPLIT, ACCEPTANCE = "random_split.json", "acceptance.json"

FILES = {
    "Confusion matrix as a picture": "confusion_matrix.png",
    "Confusion matrix as a table": CONFUSION,
    "Figures per species": "per_class.csv",
    "Figures per species as a picture": "per_class.png",
    "Figures per location": "per_location.csv",
    "Day, night and sequences": "parts.csv",
    "Reliability as a picture": "reliability.png",
    "Reliability as a table": RELIABILITY,
    "Every prediction": "predictions.csv",
    "All figures for programs": METRICS,
}
"""What an evaluation writes, by what it is."""


@dataclass(frozen=True)
class Evaluated:
    """The evaluation of a run on one split. ``unreadable`` crops were not counted."""

    folder: Path
    split: str
    unreadable: int
    notes: tuple[str, ...]
    figures: Evaluation


@dataclass(frozen=True)
class _About:
    split: str
    unreadable: int
    notes: tuple[str, ...]


def folder(run: Run, split: str) -> Path:
    """Where the evaluation of a run on a split is kept: test in the open, other splits below it."""
    whole = run.folder / "evaluation"
    return whole if split == "test" else whole / split


def of_run(run: Run, split: str) -> Evaluated | None:
    """The newest evaluation of a run on a split; None when there is none, or its file is damaged."""
    where = folder(run, split)
    try:
        written = (where / METRICS).read_bytes()
        about = msgspec.json.decode(written, type=_About)
        figures = msgspec.json.decode(written, type=Evaluation)
    except (OSError, msgspec.DecodeError):  # written last and in one go, so a new evaluation mends it
        return None
    return Evaluated(where, about.split, about.unreadable, about.notes, figures)


def leakage(run: Run) -> Leakage | None:
    """What a random split would have claimed; None when nobody asked, or the file is damaged or of another version."""
    try:
        return msgspec.json.decode((folder(run, "test") / RANDOM_SPLIT).read_bytes(), type=Leakage)
    except (OSError, msgspec.DecodeError):
        return None


def accepted(run: Run) -> Measured | None:
    """What the run's thresholds did on the test crops; None without thresholds, or where the file is damaged."""
    try:
        return msgspec.json.decode((folder(run, "test") / ACCEPTANCE).read_bytes(), type=Measured)
    except (OSError, msgspec.DecodeError):
        return None


def confusion(evaluated: Evaluated) -> tuple[list[str], list[list[int]]]:
    """The species that occur as truth or prediction, and their crops as ``cells[truth][prediction]``."""
    with (evaluated.folder / CONFUSION).open(newline="", encoding="utf-8") as file:
        (_, *names), *lines = csv.reader(file)
    cells = [[int(cell) for cell in line[1:]] for line in lines]
    seen = [place for place, of in enumerate(evaluated.figures.classes) if of.crops or of.predicted]
    return [names[place] for place in seen], [[cells[row][column] for column in seen] for row in seen]
