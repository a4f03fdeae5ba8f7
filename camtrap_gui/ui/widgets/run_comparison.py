"""One run beside another on the held-out cameras: choose the other, have them compared, see what changed in pictures."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import comparisons, runs
from camtrap_gui.project.comparisons import Compared
from camtrap_gui.project.runs import Run
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.comparison_view import ComparisonView
from camtrap_gui.ui.widgets.elided_combo import ElidedCombo
from camtrap_gui.ui.worker import Job

CHANGES = {
    "mended": ("Wrong → right", "only the candidate is right"),
    "broken": ("Right → wrong", "only the current model is right"),
    "other": ("Both wrong", "wrong in different ways"),
}
"""What to call the changes of ``predictions.CHANGES``, on a button and in a heading."""

ALONE = "There is no other model yet. Train another to see, on the same held-out cameras, which of the two is better."
NOT_YET = (
    "These two have not been compared yet. Both name the same crops of the held-out cameras; the difference is told "
    "with an interval, as it may be chance."
)


class RunComparison(QWidget):
    """``opened`` brings the ids of current and candidate, a change of CHANGES, and a heading for its pictures."""

    opened = Signal(str, str, str, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None
        self._found: Compared | None = None
        self._said = ""  # what went wrong
        self.other = ElidedCombo()
        self.other.setAccessibleName("The run to compare with")
        self.other.currentIndexChanged.connect(self._chosen)
        self.button = QPushButton("Compare")
        self.button.clicked.connect(self.start)
        self.hint = text("", role="muted", wrap=True)
        self.hint.setAccessibleName("Message")
        self.figures = ComparisonView(rows=4)
        self.changes = {change: QPushButton(name) for change, (name, _) in CHANGES.items()}
        for change, button in self.changes.items():
            button.clicked.connect(lambda _=False, change=change: self._open(change))
        self._build()
        session.job_started.connect(lambda _: self._show())
        session.job_ended.connect(lambda _: self._show())

    def show_run(self, run: Run) -> None:
        """Compare this run; the other one chosen stays as far as it can."""
        self._run = run
        others = [(found, words) for found, words in run_choice.listed(self._all()) if found.id != run.id]
        chosen = self.other.currentData()
        self.other.blockSignals(True)
        self.other.clear()
        for found, words in others:
            self.other.addItem(words, found.id)
        self.other.setCurrentIndex(max(0, self.other.findData(chosen)))
        self.other.blockSignals(False)
        self._look_up()

    def start(self) -> None:
        """Have the two compared."""
        current, candidate = self._roles()
        options = step_of("compare").module().Options(candidate=candidate.id, current=current.id)
        self._said = ""
        try:
            job = self._session.start("compare", options)
        except Problem as problem:
            self.say(str(problem))
        else:
            job.ended.connect(lambda: self._ended(job))

    def say(self, sentence: str) -> None:
        """Show a sentence above the figures, until another run is chosen."""
        self._said = sentence
        self._show()

    def _ended(self, job: Job) -> None:
        self._said = job.complaint() or self._said
        self._look_up()

    def _chosen(self) -> None:
        self._said = ""
        self._look_up()

    def _look_up(self) -> None:
        """Ask the project what is known of the two."""
        self._found = None
        if self._run is not None and self.other.count():
            other = runs.get(self._session.project, self.other.currentData())
            self._found = comparisons.of_runs(self._session.project, self._run, other)
        self._show()

    def _show(self) -> None:
        alone, busy = not self.other.count(), self._session.running("compare") is not None
        self._choice.setVisible(not alone)
        self.button.setEnabled(not busy)
        self.button.setText("Comparing…" if busy else "Compare again" if self._found else "Compare")
        self._result.setVisible(self._found is not None)
        hint = self._said or (ALONE if alone else "" if self._found else NOT_YET)
        self.hint.setProperty("role", "error" if self._said else "muted")
        self.hint.style().polish(self.hint)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.button.setToolTip("")
        if self._found is not None:
            self._show_result(self._found)

    def _show_result(self, found: Compared) -> None:
        result = found.result
        names = {run.id: words for run, words in run_choice.listed(self._all())}
        made = f"{found.made.astimezone():%Y-%m-%d %H:%M}"
        self.button.setToolTip(f"<p>What is shown was found on {made}. Labels may have changed since.</p>")
        self.figures.show_result(
            result, f"Current: {names[result['current']]}. Candidate: {names[result['candidate']]}."
        )
        for change, button in self.changes.items():
            name, meaning = CHANGES[change]
            button.setText(f"{name}  {result[change]:,}")
            button.setToolTip(f"<p>The crops where {meaning}, those the candidate is surest of first</p>")
            button.setAccessibleName(f"{name}: {result[change]:,} crops. Show them")
            button.setEnabled(result[change] > 0)

    def _open(self, change: str) -> None:
        assert self._found is not None
        result, (name, meaning) = self._found.result, CHANGES[change]
        self.opened.emit(result["current"], result["candidate"], change, f"{name}: {meaning}")

    def _roles(self) -> tuple[Run, Run]:
        assert self._run is not None
        other = runs.get(self._session.project, self.other.currentData())
        return comparisons.roles(self._session.project, self._run, other)

    def _all(self) -> list[Run]:
        return runs.all_of(self._session.project)

    def _build(self) -> None:
        self._choice = QWidget()
        row = QHBoxLayout(self._choice)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(text("Compare with", role="muted"))
        row.addWidget(self.other, 1)
        row.addWidget(self.button)
        self._result = QWidget()
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(text("Pictures", role="muted"))
        for button in self.changes.values():
            buttons.addWidget(button)
        buttons.addStretch()
        inside = QVBoxLayout(self._result)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addWidget(self.figures, 1)
        inside.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self._choice)
        layout.addWidget(self.hint)
        layout.addWidget(self._result, 1)
        layout.addStretch(0)
