"""How much of the work can be left to a classifier: the precision that is wanted, what it takes, and the way to do it."""

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import acceptance, evaluations
from camtrap_gui.project.runs import Run
from camtrap_gui.thresholds import PRECISION, Threshold
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.accept_sure import AcceptSure
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.worker import Job

WIDE = GRID * 84
COLUMNS = ("Species", "accept from", "crops called so", "reach it", "right of these", "cameras")
OLDER = (
    "This classifier was trained before anybody could tell how sure is sure enough, or with no crops kept from learning. "
    "Train again to have that."
)
UNMEASURED = "What these thresholds do on the test cameras is not measured yet: Find thresholds."
ABOUT = (
    "From {crops}. For each species: the lowest confidence from which its answers are right as often as wanted, with "
    "95 % certainty. A species without one needs a person's look. The sentence above is measured on the test cameras."
)


class AutomaticView(QWidget):
    """The thresholds of one run. Emits ``go_to`` with the panel to be visited first."""

    go_to = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None
        self._said = ""  # what went wrong
        self.verdict = text("", "heading", bold=True, wrap=True)
        self.wanted = QDoubleSpinBox()
        self.wanted.setAccessibleName("Wanted share of right answers")
        self.wanted.setRange(50, 99.9)
        self.wanted.setDecimals(1)
        self.wanted.setSuffix(" %")
        self.wanted.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)
        self.find_button = QPushButton("Find thresholds")
        self.find_button.setToolTip(
            "<p>Finds the confidence that each species needs, and measures what comes of it.</p>"
        )
        self.find_button.clicked.connect(self.start)
        self.accept_button = QPushButton("Accept what is sure…")
        self.accept_button.setToolTip(
            "<p>Says how many pictures that would label before anything is done.</p>"
        )
        self.accept_button.clicked.connect(self._ask)
        self.table = NumberTable("Thresholds per species")
        self.table.show_only_where_wide((COLUMNS.index("crops called so"),), WIDE)
        self.hint = text("", role="muted", wrap=True)
        self.dialog: AcceptSure | None = None
        self._build()
        session.job_started.connect(lambda _: self._show_state())
        session.job_ended.connect(lambda _: self._show_state())

    def show_run(self, run: Run) -> None:
        """Show what is known of this run."""
        if self._run is None or self._run.id != run.id:
            known = acceptance.thresholds(run)
            self.wanted.setValue(100 * (known.precision if known else PRECISION))
            self._said = ""
        self._run = run
        self._show()

    def start(self) -> None:
        """Find thresholds for the wanted precision and measure them on the test cameras."""
        assert self._run is not None
        self._said = ""
        options = step_of("evaluate").module().Options(run=self._run.id, precision=self.wanted.value() / 100)
        try:
            job = self._session.start("evaluate", options)
        except Problem as problem:
            self._said = str(problem)
            self._show()
        else:
            job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._said = job.complaint() or self._said
        self._show()

    def _show(self) -> None:
        assert self._run is not None
        made, measured = acceptance.thresholds(self._run), evaluations.accepted(self._run)
        self.verdict.setText(OLDER if made is None else measured.text() if measured else UNMEASURED)
        shown = [each for each in made.classes if each.called] if made else []
        shown.sort(key=lambda each: (each.confidence is None, -each.called))
        self.table.fill(COLUMNS, [_row(each) for each in shown])
        self.table.setVisible(bool(shown))
        self.hint.setProperty("role", "error" if self._said else "muted")
        self.hint.style().polish(self.hint)
        self.hint.setText(
            self._said or " ".join((_about(self._run) if made else "", *_about_unknown(self._run))).strip()
        )
        self._show_state()

    def _show_state(self) -> None:
        busy = self._session.running("evaluate") is not None
        made = acceptance.thresholds(self._run) if self._run is not None else None
        self.find_button.setEnabled(not busy and made is not None)
        self.find_button.setText("Measuring…" if busy else "Find thresholds")
        self.wanted.setEnabled(made is not None)
        self.accept_button.setEnabled(not busy and made is not None and bool(made.accepting.least))

    def _ask(self) -> None:
        assert self._run is not None
        self.dialog = AcceptSure(self._session, self._run, self.window())
        self.dialog.go_to.connect(self.go_to)
        self.dialog.finished.connect(self.dialog.deleteLater)
        self.dialog.open()

    def _build(self) -> None:
        label = text("Right in", role="muted")
        label.setBuddy(self.wanted)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for widget in (label, self.wanted, self.find_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.accept_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.verdict)
        layout.addLayout(row)
        layout.addSpacing(GRID)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.hint)
        layout.addStretch()


def _about(run: Run) -> str:
    return ABOUT.format(crops=acceptance.heard_on(run) or "crops kept from learning")


def _row(each: Threshold) -> tuple[str, float | None, int, int, float | None, int]:
    return each.name, each.confidence, each.called, each.crops, each.precision, each.locations


def _about_unknown(run: Run) -> Iterator[str]:
    """From which confidence down an animal may be of a species that the classifier does not know."""
    from camtrap_gui.models.classifiers import bundle

    try:
        _, below = bundle.judging(run.model)
    except Problem:
        return
    if below:
        yield (
            f"What it is less sure of than {below:.0%} is marked “unknown?” in predictions: perhaps a species that it"
            " never learnt."
        )
