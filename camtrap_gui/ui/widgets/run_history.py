"""The trainings of a project as a table: select one to see it, two to compare them."""

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from camtrap_gui.project.runs import Run
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets import run_details
from camtrap_gui.ui.widgets.number_table import NumberTable

COLUMNS = ("Started", "Preset", "Backbone", "State", "macro-F1", "accuracy", "test top-1", "Model", "Chosen")
LEAST_WIDTH = {"Chosen": GRID * 124, "Backbone": GRID * 96, "accuracy": GRID * 96, "Preset": GRID * 76}
"""How wide the table is at least that has room for these columns; the line above it says what is left out."""


class RunHistory(NumberTable):
    """Keeps the selection when runs change; a run that is new becomes the one selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Runs", parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setToolTip("Select one run, or two to compare them (Ctrl+click)")
        self._runs: list[Run] = []
        self._shown: list[tuple[object, ...]] = []

    def show_runs(self, found: Sequence[Run], in_training: str, in_use: str = "") -> None:
        """Show runs, newest first; ``in_training`` is the id of the one this window trains now, '' for none.

        ``in_use`` is the id of the current one, whose model is used.
        """
        rows = [_row(run, in_training, in_use) for run in found]
        kept = [run.id for run in self.chosen_runs()]
        known = {run.id for run in self._runs}
        self._runs = list(found)
        if rows != self._shown:
            self._shown = list(rows)
            new = [run.id for run in found if run.id not in known]
            chosen = new[:1] or kept
            self.blockSignals(True)
            self.fill(COLUMNS, rows)
            self.choose([place for place, run in enumerate(found) if run.id in chosen])
            self.blockSignals(False)
            self._lay_out()
        self.itemSelectionChanged.emit()

    def chosen_runs(self) -> list[Run]:
        """The run selected, or the first two of those selected."""
        return [self._runs[place] for place in sorted(self.chosen())][:2]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        for column, name in enumerate(COLUMNS):
            self.setColumnHidden(column, self.width() < LEAST_WIDTH.get(name, 0))
        self._share_room()


def state_of(run: Run, in_training: str) -> str:
    """How a run stands, in a word. One that says it is running, but not here, was cut off."""
    if run.id == in_training:
        return "training"
    return "interrupted" if run.state == "running" else run.state


def _row(run: Run, in_training: str, in_use: str) -> tuple[str | float | None, ...]:
    figures = [run.figures.get(name) for name in ("macro_f1", "accuracy", "test_accuracy")]
    started = f"{run.started.astimezone():%Y-%m-%d %H:%M}"
    use = "in use" if run.id == in_use else ""
    return (
        started,
        run.preset,
        run.backbone,
        state_of(run, in_training),
        *figures,
        use,
        run_details.asked(run),
    )
