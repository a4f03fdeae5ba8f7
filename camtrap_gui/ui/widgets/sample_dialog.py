"""Copies of crops chosen at random, each with a text of what the classifier says, in a folder of one's own."""

from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import runs
from camtrap_gui.steps import missing
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask, run_choice
from camtrap_gui.ui.widgets.options_form import OptionsForm


class SampleDialog(QDialog):
    """The options of the step, then a folder; the job bar tells the rest."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        step = step_of("sample")
        self.setWindowTitle("Save a sample")
        self.setMinimumWidth(GRID * 52)
        choices = {"run": run_choice.choices(runs.all_of(session.project))}
        self.form = OptionsForm(step.module().Options, ("run", "split", "sample", "seed"), choices)
        self.form.unfold()
        self.message = text("", role="error", wrap=True)
        self.save = QPushButton("Choose a folder…")
        self.save.setProperty("primary", True)
        self.save.clicked.connect(
            lambda: ask.for_folder(self, "Choose a folder for copies and texts", Path.home(), self.save_to)
        )
        lacking = missing(session.project, step)
        self.save.setEnabled(lacking is None)
        if lacking is not None:
            self.message.setText(f"This needs the step “{lacking.title}” first.")
        end = QHBoxLayout()
        end.addWidget(self.message, 1)
        end.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(text(step.help, role="muted", wrap=True))
        layout.addWidget(self.form)
        layout.addLayout(end)

    def save_to(self, folder: Path) -> None:
        """Start the step with the folder chosen."""
        self.form.fixed = {"output": folder}
        try:
            self._session.start("sample", self.form.value())
        except (Problem, ValueError) as problem:
            self.message.setText(str(problem))
            return
        self.accept()
