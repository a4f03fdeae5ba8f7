"""Accepting what a classifier is sure of: how many pictures that would label, and leave to do it, as one edit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, acceptance, sure
from camtrap_gui.project.runs import Run
from camtrap_gui.ui.session import DECIDED, Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.number_table import NumberTable

ABOUT = (
    "Only pictures that nobody has said anything of, and in which every animal is sure. The labels keep saying that a "
    "classifier gave them, no training learns from them, and one undo takes all of them back."
)


@dataclass(frozen=True)
class _Found:
    """What accepting would do, or ``why_not``: in words, with the panel where that can be mended."""

    pictures: int = 0
    species: Mapping[str, int] = field(default_factory=dict)
    precision: float = 0.0
    why_not: str = ""
    mended_in: str = ""


class AcceptSure(QDialog):
    """Counts at once; nothing is changed before a click. Emits ``go_to`` with the panel to be visited first."""

    go_to = Signal(str)

    def __init__(self, session: Session, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._run, self._accepts = session, run, False
        self.setWindowTitle("Accept what is sure")
        self.resize(GRID * 68, GRID * 60)
        self.headline = text("Counting…", "title", bold=True, wrap=True)
        self.about = text(f"Classifier: {run_choice.words(run)}", role="muted", wrap=True)
        self.species = NumberTable("Pictures by species")
        self.species.hide()
        self.accept_button = QPushButton("Accept")
        self.accept_button.setProperty("primary", True)
        self.accept_button.setEnabled(False)
        self.accept_button.clicked.connect(self._start)
        self.lead = QPushButton()
        self.lead.hide()
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.cancel)
        buttons.addStretch()
        buttons.addWidget(self.lead)
        buttons.addWidget(self.accept_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID * 2)
        layout.setSpacing(GRID)
        for part in (self.headline, self.about):
            layout.addWidget(part)
        layout.addSpacing(GRID)
        layout.addWidget(self.species, 1)
        layout.addStretch()
        layout.addLayout(buttons)
        self._asking = Background(self)
        self._asking.answered.connect(self._show)
        self._asking.failed.connect(self._refuse)
        self._asking.ask(self._question(_look))
        self.finished.connect(lambda _: self._asking.close())

    def is_counting(self) -> bool:
        """Whether the number is still to come."""
        return self._asking.is_asking()

    def _start(self) -> None:
        self._accepts = True
        self.accept_button.setEnabled(False)
        self.headline.setText("Accepting…")
        self._asking.ask(self._question(sure.accept))

    def _question(self, ask: Callable[[Project, Run], Any]) -> Callable[[], Any]:
        project, run = self._session.project, self._run

        def question() -> Any:
            with project.apart() as own:
                return ask(own, run)

        return question

    def _show(self, answer: Any) -> None:
        if self._accepts:
            self.accept()
            self._session.changed.emit(set(DECIDED))
            self._session.decided.emit(f"Accepted what is sure: {_pictures(answer)}")
            return
        found: _Found = answer
        self.headline.setText(found.why_not or f"{_pictures(found.pictures)} would be labelled")
        self.lead.setVisible(bool(found.mended_in))
        if found.mended_in:
            self.lead.setText("Go to Evaluate" if found.mended_in == "evaluate" else "Go to Review")
            self.lead.clicked.connect(lambda: self._leave(found.mended_in))
        if found.pictures:
            self.about.setText(
                f"{self.about.text()}, at thresholds for {found.precision:.4g} % right.\n\n{ABOUT}"
            )
            self.species.fill(("Species", "pictures"), list(found.species.items()))
            self.species.show()
            self.accept_button.setText(f"Accept {_pictures(found.pictures)}")
            self.accept_button.setEnabled(True)

    def _leave(self, panel: str) -> None:
        self.reject()
        self.go_to.emit(panel)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, Problem):
            raise error
        self.headline.setText(str(error))


def _look(project: Project, run: Run) -> _Found:
    accepting = acceptance.accepting_now(project, run)
    if accepting is None:
        return _Found(why_not="Nothing tells yet how sure is sure enough.", mended_in="evaluate")
    percent = 100 * accepting.precision
    if not accepting.least:
        words = f"No species is known well enough to be {percent:.4g} % right without a look."
        return _Found(why_not=words, mended_in="evaluate")
    if not sure.has_looked(project, run):
        words = "This classifier has not looked at the pictures yet: “Find what to review”."
        return _Found(why_not=words, mended_in="review")
    number = sure.pictures(project, run)
    if not number:
        return _Found(why_not="No picture is left that is sure enough and that nobody has decided about.")
    return _Found(number, sure.count(project, run), percent)


def _pictures(number: int) -> str:
    return f"{number:,} picture{'' if number == 1 else 's'}"
