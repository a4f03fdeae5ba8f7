"""How figures hold up: by sequence, by day and by night, and against a split that ignores cameras."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.evaluation import Leakage, Part, about_light, about_sequences, parts
from camtrap_gui.problem import Problem
from camtrap_gui.project import evaluations
from camtrap_gui.project.evaluations import Evaluated
from camtrap_gui.project.runs import Run
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.interval_bar import Ranged
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.worker import Job

COLUMNS = ("", "number", "locations", "top-1", "macro-F1")
OLDER = "This evaluation is from before sequences, day and night were measured. Evaluate again; that takes a moment."
LINES = "Lines are 95 % intervals over locations; hollow dots have none."
NOTHING = "No sequence has two crops, and it is not known which pictures were taken by day."
WIDE = GRID * 80
QUESTION = "What would a random split have claimed?"
WHY = (
    "Crops of one camera are alike. Dealt out at random, the test crops have siblings among the training crops, and a "
    "classifier that remembers the place looks better than it is. Two quick trainings with as many crops show by how "
    "much; that takes seconds to minutes."
)


class PartsView(QWidget):
    """The parts of one evaluation as a table, and below it the two splits, once somebody asked for them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None
        self._leakage: Leakage | None = None
        self._said = ""  # what went wrong
        self.parts = NumberTable("Figures by sequence, by day and by night")
        self.about = text("", role="muted", wrap=True)
        self.splits = NumberTable("Figures split by camera and at random")
        self.verdict = text("", "heading", bold=True, wrap=True)
        self.hint = text("", role="muted", wrap=True)
        self.button = QPushButton("Train and compare")
        self.button.clicked.connect(self.start)
        for table in (self.parts, self.splits):
            table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            table.show_only_where_wide((2,), WIDE)
        self._build()
        session.job_started.connect(lambda _: self._show_splits())
        session.job_ended.connect(lambda _: self._show_splits())

    def show_evaluation(self, shown: Evaluated, run: Run) -> None:
        """Show the parts of this evaluation and the splits of this run."""
        self._run, self._said = run, ""
        figures = shown.figures
        found = parts(figures)
        self.parts.fill(COLUMNS, [_row("All crops", figures.whole()), *(_row(*part) for part in found)])
        _fit(self.parts)
        about = (about_sequences(figures), about_light(figures.day_night), LINES if found else "")
        is_older = figures.macro_f1_interval is None and figures.interval is not None
        self.about.setText(" ".join(filter(None, about)) or (OLDER if is_older else NOTHING))
        self._look_up()

    def start(self) -> None:
        """Train by camera and at random."""
        assert self._run is not None
        self._said = ""
        try:
            options = step_of("evaluate").module().Options(run=self._run.id, random_split=True)
            job = self._session.start("evaluate", options)
        except Problem as problem:
            self._said = str(problem)
            self._show_splits()
        else:
            job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._said = job.complaint() or self._said
        self._look_up()

    def _look_up(self) -> None:
        self._leakage = evaluations.leakage(self._run) if self._run is not None else None
        self._show_splits()

    def _show_splits(self) -> None:
        known, busy = self._leakage, self._session.running("evaluate") is not None
        self.verdict.setText(QUESTION if known is None else known.sentence())
        self.hint.setProperty("role", "error" if self._said else "muted")
        self.hint.style().polish(self.hint)
        self.hint.setText(self._said or (WHY if known is None else known.about()))
        self.button.setEnabled(not busy)
        self.button.setText("Training…" if busy else "Train and compare" if known is None else "Train again")
        self.button.setToolTip(
            "" if known is None else "<p>Trains anew only if crops or labels have changed since.</p>"
        )
        self.splits.setVisible(known is not None)
        if known is not None:
            rows = [_row("New cameras", known.cameras), _row("Split at random", known.at_random)]
            self.splits.fill(COLUMNS, rows)
            _fit(self.splits)

    def _build(self) -> None:
        question = QHBoxLayout()
        question.setSpacing(GRID)
        question.addWidget(self.verdict, 1)
        question.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.parts)
        layout.addWidget(self.about)
        layout.addSpacing(GRID * 2)
        layout.addLayout(question)
        layout.addWidget(self.splits)
        layout.addWidget(self.hint)
        layout.addStretch(1)


def _row(name: str, part: Part) -> tuple[str, int, int, Ranged, Ranged]:
    return (
        name,
        part.count,
        part.locations,
        Ranged(part.accuracy, part.interval),
        Ranged(part.macro_f1, part.macro_f1_interval),
    )


def _fit(table: NumberTable) -> None:
    """As high as its rows: there are few."""
    rows = sum(table.rowHeight(row) for row in range(table.rowCount()))
    table.setFixedHeight(table.horizontalHeader().sizeHint().height() + rows + 2 * table.frameWidth())
