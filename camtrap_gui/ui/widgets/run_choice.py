"""Runs in a list to choose from, in words that tell them apart."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox

from camtrap_gui.project import runs
from camtrap_gui.project.runs import Run


def words(run: Run) -> str:
    """When a run was started, in the time of the place, and its preset."""
    return f"{run.started.astimezone():%Y-%m-%d %H:%M} · {run.preset}"


def listed(found: Sequence[Run]) -> list[tuple[Run, str]]:
    """The runs that have a classifier, the current one first, with words that say which it is."""
    usable = runs.usable(found)
    said = " · in use" if len(usable) > 1 else ""
    return [(run, words(run) + (said if place == 0 else "")) for place, run in enumerate(usable)]


def choices(found: Sequence[Run]) -> list[tuple[Any, str]]:
    """Values and words for a form: as ``listed``."""
    return [(run.id, shown) for run, shown in listed(found)] or [("", "No run yet")]


def fill(box: QComboBox, found: Sequence[Run]) -> None:
    """Show the runs that there are now; the one chosen stays, but where another has become the current one, that is."""
    wanted = choices(found)
    chosen = box.currentData() if wanted[0][0] == box.itemData(0) else wanted[0][0]
    box.blockSignals(True)
    box.clear()
    for value, shown in wanted:
        box.addItem(shown, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)
