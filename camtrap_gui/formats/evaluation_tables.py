"""The tables of an evaluation as CSV files: shares 0..1 with six digits, empty cells where nothing is known."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from camtrap_gui.evaluation import Evaluation, parts
from camtrap_gui.formats import tables
from camtrap_gui.resampling import Interval

PER_CLASS, PER_LOCATION, PARTS = "per_class.csv", "per_location.csv", "parts.csv"
CONFUSION, RELIABILITY = "confusion_matrix.csv", "reliability.csv"


def write(folder: Path, figures: Evaluation, confusion: Sequence[Sequence[int]]) -> None:
    """Write them all, each whole or not at all; ``confusion`` is crops[truth][prediction] of all classes."""
    names = [c.name for c in figures.classes]
    tables.write(
        folder / PER_CLASS,
        (
            *("id", "name", "crops", "locations", "predicted", "precision", "recall", "f1"),
            *_ends("precision"),
            *_ends("recall"),
            *_ends("f1"),
        ),
        (
            (
                *(place, c.name, c.crops, c.locations, c.predicted),
                *map(_cell, (c.precision, c.recall, c.f1)),
                *_cells(c.precision_interval, c.recall_interval, c.f1_interval),
            )
            for place, c in enumerate(figures.classes)
        ),
    )
    tables.write(
        folder / PER_LOCATION,
        ("location", "crops", "species", "accuracy", f"top_{figures.k}", "precision", "recall", "f1"),
        (
            (o.name, o.crops, o.species, *map(_cell, (o.accuracy, o.top_k, o.precision, o.recall, o.f1)))
            for o in figures.locations
        ),
    )
    tables.write(
        folder / CONFUSION,
        ("truth \\ prediction", *names),
        ((name, *row) for name, row in zip(names, confusion, strict=True)),
    )
    _write_parts(folder / PARTS, figures)
    _write_reliability(folder / RELIABILITY, figures)


def _write_parts(path: Path, figures: Evaluation) -> None:
    shares = ("accuracy", f"top_{figures.k}", "macro_f1", "balanced_accuracy")
    tables.write(
        path,
        ("part", "count", "locations", "species", *(c for name in shares for c in (name, *_ends(name)))),
        (
            (
                *(name, part.count, part.locations, part.species),
                *_with_ends(part.accuracy, part.interval),
                *_with_ends(part.top_k, part.top_k_interval),
                *_with_ends(part.macro_f1, part.macro_f1_interval),
                *_with_ends(part.balanced_accuracy, part.balanced_accuracy_interval),
            )
            for name, part in (("All crops", figures.whole()), *parts(figures))
        ),
    )


def _write_reliability(path: Path, figures: Evaluation) -> None:
    assert figures.calibration is not None
    tables.write(
        path,
        ("confidence_above", "confidence_up_to", "crops", "confidence", "right", *_ends("right")),
        (
            (
                f"{b.low:.6f}",
                f"{b.high:.6f}",
                b.crops,
                *map(_cell, (b.confidence, b.accuracy)),
                *_cells(b.interval),
            )
            for b in figures.calibration.bins
        ),
    )


def _ends(name: str) -> tuple[str, str]:
    return f"{name}_low", f"{name}_high"


def _with_ends(value: float, interval: Interval | None) -> tuple[Any, ...]:
    return (_cell(value), *_cells(interval))


def _cells(*intervals: Interval | None) -> Iterator[str | None]:
    for interval in intervals:
        yield from map(_cell, interval or (None, None))


def _cell(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}"
