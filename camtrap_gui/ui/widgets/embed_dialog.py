"""Having a cluster look at the crops before a training, which finds then what it would have had to look at itself."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.cluster_form import ClusterForm
from camtrap_gui.ui.widgets.shard_lines import ShardLines
from camtrap_gui.ui.widgets.worker_table import WorkerTable
from camtrap_gui.ui.worker import Job

TITLE = "Look at the crops on a cluster first"
STEP = "embed"
ABOUT = (
    "Training begins by looking at every crop once. That can be shared by many computers, and what they have seen is kept:"
    " training and review then begin at once."
)


class EmbedDialog(QDialog):
    """Follows the job while it runs, its own or one that was started before; closing leaves it at work.

    ``options`` makes those of the step from the values of the cluster, ``ask`` is the same for the command line.
    ``merge_wanted`` is for files of shards in the project's folder.
    """

    merge_wanted = Signal()

    def __init__(
        self,
        session: Session,
        network: str,
        options: Callable[..., Any],
        ask: Callable[[], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._options = session, options
        self.setWindowTitle(TITLE)
        self.resize(GRID * 72, GRID * 60)
        self.cluster = ClusterForm(session.settings, asks_where=False)
        self.shards = ShardLines(session.project.folder, ask)
        self.shards.merge_wanted.connect(self._merge)
        self.cluster.add_fold("In parts, without Ray", self.shards)
        self._asked = QScrollArea()
        self._asked.setWidgetResizable(True)
        self._asked.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._asked.setWidget(_at_top(self.cluster))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.words = text("", role="muted", wrap=True)
        self.words.setAccessibleName("Message")
        self.workers = WorkerTable(beside=GRID * 44)
        self.start_button = QPushButton("Look at the crops")
        self.start_button.setProperty("primary", True)
        self.start_button.clicked.connect(self.start)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip("<p>What was seen is kept; the next time it goes on from there.</p>")
        self.stop_button.clicked.connect(self._stop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.stop_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.start_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(text(TITLE, "heading", bold=True))
        layout.addWidget(text(f"{ABOUT}\n{network} looks at them.", role="muted", wrap=True))
        layout.addWidget(self._asked, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        layout.addWidget(self.workers)
        layout.addStretch()
        layout.addWidget(buttons)
        self.finished.connect(self.cluster.close_threads)
        self.finished.connect(self.deleteLater)
        self._job: Job | None = None
        self._follow(session.running(STEP))

    def start(self) -> None:
        """Have the crops looked at."""
        self.cluster.remember()
        self._follow(self._session.start(STEP, self._options(**self.cluster.value())))

    def _stop(self) -> None:
        if self._job is not None:
            self._session.cancel(self._job)

    def _merge(self) -> None:
        self.accept()
        self.merge_wanted.emit()

    def _follow(self, job: Job | None) -> None:
        self._job = job
        if job is not None:
            job.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        job = self._job
        works = job is not None and not job.is_over()
        for widget in (self.bar, self.stop_button):
            widget.setVisible(works)
        self._asked.setVisible(not works)
        self.start_button.setVisible(not works)
        self.stop_button.setEnabled(job is not None and job.state != "stopping")
        progress = job.progress if job is not None else {}
        done, total = progress.get("done", 0), progress.get("total")
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        self.workers.show_values(progress.get("values", {}) if works else {})
        self._say(*_words(job, done, total))

    def _say(self, sentence: str, role: str) -> None:
        self.words.setProperty("role", role)
        self.words.style().polish(self.words)
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))


def _at_top(widget: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)
    layout.addStretch()
    return page


def _words(job: Job | None, done: int, total: int | None) -> tuple[str, str]:
    if job is None:
        return "", "muted"
    if job.is_over():
        said = {"done": (job.message.splitlines() or [""])[0], "cancelled": "Stopped; what was seen is kept."}
        role = {"done": "success", "cancelled": "muted"}.get(job.state, "error")
        return said.get(job.state) or job.complaint(), role
    if job.state == "queued":
        return "Waiting for the work that runs.", "muted"
    counted = f"{done:,} of {total:,} crops" if total else str(job.progress.get("phase") or "Starting") + "…"
    return ("Stopping…" if job.state == "stopping" else counted), "muted"
