"""The card that turns corrections into a better model: train a candidate, compare it, and let a person decide.

The current model stays the current one all the while, and after a restart too, until "Use the new model" is clicked.
"""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import comparisons, corrections, runs
from camtrap_gui.project.runs import Run
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.comparison_view import ComparisonView
from camtrap_gui.ui.worker import Job

TOPICS = frozenset({"labels", "detections", "runs", "crops"})
COUNT_AFTER_MS = 300
"""Decisions come in quick succession; it is enough to count when there is a pause."""

_LOOKED_AT = 2_000  # corrected images looked at for missing crops, so that it takes no time


class Retrain(QFrame):
    """Emits ``go_to`` with the name of a step that is to be done first."""

    go_to = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.session = session
        self._corrections = corrections.Corrections(session.project)
        self._job: Job | None = None
        self._said = ""
        self._build()
        self._counting = QTimer(self, singleShot=True, interval=COUNT_AFTER_MS)
        self._counting.timeout.connect(self.refresh)
        session.changed.connect(self._changed)
        session.job_started.connect(lambda _: self._changed(set(TOPICS)))
        session.job_ended.connect(lambda _: self._changed(set(TOPICS)))
        self.refresh()

    def refresh(self) -> None:
        """Ask the project again: how much was corrected, what it lacks, and whether a comparison waits for a decision."""
        current = _current(self.session)
        images = self._corrections.since(current) if current else frozenset[int]()
        self._offer(current, len(images))
        some = sorted(images)[-_LOOKED_AT:]
        uncut = corrections.without_crop(self.session.project, some) if some else 0
        number = "" if len(some) == len(images) else "At least "
        pictures = f"{uncut:,} corrected picture{'s have' if uncut != 1 else ' has'}"
        self.uncut.setText(f"{number}{pictures} no crop to learn from yet.")
        self._uncut_row.setVisible(uncut > 0)
        waiting = None if self._job is not None else comparisons.undecided(self.session.project)
        self._result.setVisible(waiting is not None)
        if waiting is not None:
            self.comparison.show_result(waiting)
            self.figures.show_result(waiting)
            self._candidate = str(waiting["candidate"])
        _make_primary(self.button, waiting is None)
        _make_primary(self.use, waiting is not None and waiting["figures"]["verdict"] == "better")
        self._show_job()

    def start(self) -> None:
        """Train a candidate on the corrections; when it is done, it is compared with the current model."""
        try:
            current = runs.current(self.session.project)
            options = (
                step_of("train")
                .module()
                .Options(
                    preset="quick",
                    backbone=current.backbone,
                    input_size=current.input_size,
                    seed=current.options.get("seed", 0),
                    candidate=True,
                )
            )
            self._said = ""
            self._follow(self.session.start("train", options))
        except Problem as problem:
            self._said = str(problem)
        self.refresh()

    def use_candidate(self) -> None:
        """Make the candidate the current model; the one before stays in the history of runs."""
        self._decide(
            self._candidate, "The new model is in use now. The one before stays in the history of runs."
        )

    def keep_current(self) -> None:
        """Leave everything as it is; the candidate stays in the history of runs."""
        current = runs.current(self.session.project)
        self._decide(current.id, "The model stays. The candidate is in the history of runs.")

    def _decide(self, run_id: str, said: str) -> None:
        runs.promote(self.session.project, run_id)
        self._said = said
        self.session.changed.emit({"runs"})
        self.refresh()

    def _follow(self, job: Job) -> None:
        self._job = job
        job.changed.connect(self._show_job)
        job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._job = None
        if job.state == "done" and job.step == "train":
            options = step_of("compare").module().Options(candidate=str(job.result["run"]))
            self._follow(self.session.start("compare", options))
        elif job.state == "cancelled":
            self._said = "Stopped. The model in use is the one from before."
        elif job.state == "problem":
            self._said = job.message
        elif job.state == "failed":
            self._said = "This failed unexpectedly. The model in use is the one from before."
        self._counting.start()

    def _offer(self, current: Run | None, count: int) -> None:
        number = f"{count:,} correction{'s' if count != 1 else ''}"
        self.button.setText(f"Retrain with {number}" if count else "Retrain")
        busy = self._job is not None or self.session.running("train") is not None
        self.button.setEnabled(current is not None and count > 0 and not busy)
        if current is None:
            about = "Train a first model; after that, corrections make a better one."
        else:
            score = current.figures.get("test_accuracy")
            known = "" if score is None else f", top-1 {score:.1%} on held-out cameras"
            about = f"In use: {run_choice.words(current)}{known}."
            if not count:
                about += " Nothing has been corrected since it was trained."
        self.about.setText(about)
        self.first.setVisible(current is None)

    def _show_job(self) -> None:
        job = self._job
        self._working.setVisible(job is not None)
        self.message.setText(self._said)
        self.message.setVisible(bool(self._said) and job is None)
        if job is None:
            return
        progress = job.progress
        words = "Training a candidate" if job.step == "train" else "Comparing it with the current model"
        part = progress.get("phase") or ("waiting" if job.state == "queued" else "getting ready")
        self.doing.setText(f"{words} · {part}" if job.state != "stopping" else "Stopping")
        self.bar.setRange(0, int(progress.get("total") or 0))
        self.bar.setValue(int(progress.get("done") or 0))
        self.stop.setEnabled(job.state != "stopping")

    def _stop(self) -> None:
        if self._job is not None:
            self.session.cancel(self._job)

    def _changed(self, topics: set[str]) -> None:
        if topics & TOPICS and self.isVisible():
            self._counting.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _build(self) -> None:
        self.about = text("", role="muted", wrap=True)
        self.button = _button(
            "Retrain", "Train a candidate on the crops as they are labelled now. Nothing is replaced."
        )
        self.button.clicked.connect(self.start)
        self.first = _button("Train a first model", "Go to the page where models are trained")
        self.first.clicked.connect(lambda: self.go_to.emit("train"))
        self.uncut = text("", role="warning", wrap=True)
        self.cut = _button("Make the crops again", "Go to the page where crops are cut out")
        self.cut.clicked.connect(lambda: self.go_to.emit("crop"))
        self.doing = text("", role="muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the retraining")
        self.stop = _button("Stop", "Stop here; the model in use stays")
        self.stop.clicked.connect(self._stop)
        self.message = text("", wrap=True)
        self.message.setAccessibleName("Message")
        self.comparison = ComparisonView(brief=True)
        self.figures = ComparisonView(rows=14)
        self.all_figures = _dialog("The candidate and the current model", self.figures, self)
        self.more = _button("Figures…", "The figures of each species, and what they rest on")
        self.more.clicked.connect(self.all_figures.open)
        self.use = _button(
            "Use the new model", "Review, predictions, evaluation and export use the candidate from now on"
        )
        self.use.clicked.connect(self.use_candidate)
        self.keep = _button(
            "Keep the current one", "Nothing changes; the candidate stays in the history of runs"
        )
        self.keep.clicked.connect(self.keep_current)
        self._uncut_row = _beside(self.uncut, self.cut)
        self._working = _below(self.doing, _beside(self.bar, self.stop))
        self._result = _below(_beside(self.comparison, self.more), _beside(None, self.keep, self.use))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        layout.setSpacing(GRID)
        layout.addWidget(_beside(self.about, self.first, self.button))
        for part in (self._uncut_row, self._working, self.message, self._result):
            layout.addWidget(part)


def _current(session: Session) -> Run | None:
    try:
        return runs.current(session.project)
    except Problem:
        return None


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(f"<p>{tip}</p>")
    return button


def _dialog(title: str, content: QWidget, parent: QWidget) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.resize(GRID * 110, GRID * 80)
    close = QPushButton("Close")
    close.clicked.connect(dialog.accept)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
    layout.setSpacing(GRID * 2)
    layout.addWidget(content, 1)
    layout.addWidget(_beside(None, close))
    return dialog


def _make_primary(button: QPushButton, is_primary: bool) -> None:
    if button.property("primary") != is_primary:
        button.setProperty("primary", is_primary)
        button.style().polish(button)


def _beside(first: QWidget | None, *others: QWidget) -> QWidget:
    """The first takes what room the others leave."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    if first is None:
        layout.addStretch(1)
    else:
        layout.addWidget(first, 1)
    for other in others:
        layout.addWidget(other)
    return row


def _below(*parts: QWidget) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    for part in parts:
        layout.addWidget(part)
    return column
