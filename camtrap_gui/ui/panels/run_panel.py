"""A panel about one trained run, which its form chooses."""

from typing import Any

from PySide6.QtWidgets import QComboBox, QWidget

from camtrap_gui.project import runs
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.widgets import run_choice


class RunPanel(Panel):
    """Its list of runs is that of the project whenever it is looked at."""

    @property
    def run_box(self) -> QComboBox:
        """Where the run is chosen."""
        box = self.form.input("run")
        assert isinstance(box, QComboBox)
        return box

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        return {"run": run_choice.choices(runs.all_of(self.session.project))}

    def _options_card(self) -> QWidget:
        self.form.give_a_line("run")
        return super()._options_card()

    def look(self) -> None:
        if self._stale:
            run_choice.fill(self.run_box, runs.all_of(self.session.project))
        super().look()
