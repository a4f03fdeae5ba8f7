"""Runs in a list to choose from, in words that tell them apart."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox

from camtrap_gui.project.runs import Run


def words(run: Run) -> str:
    """When a run was started, in the time of the place, and its preset."""
    return f"{run.started.astimezone():%Y-%m-%d %H:%M} · {run.preset}"


def choices(found: Sequence[Run]) -> list[tuple[Any, str]]:
    """Values and words for a form: the runs that have a classifier."""
    return [(run.id, words(run)) for run in found if run.has_model] or [("", "No run yet")]


def fill(box: QComboBox, found: Sequence[Run]) -> None:
    """Show the runs that there are now; the one chosen stays, but a newer one than all before is chosen."""
    before = {box.itemData(place) for place in range(box.count())}
    wanted = choices(found)
    chosen = box.currentData() if wanted[0][0] in before else wanted[0][0]
    box.blockSignals(True)
    box.clear()
    for value, shown in wanted:
        box.addItem(shown, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)
