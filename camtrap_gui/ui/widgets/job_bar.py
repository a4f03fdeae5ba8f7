"""The bar at the bottom of the window: what is being done, how far it is, how long it will take, and how to stop it."""

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.worker import Job

PAUSE_TIP = "Stop after the batch in hand; what was done is kept"


class JobBar(QFrame):
    """Shows the running job of a session, how many wait, and how the last one ended."""

    details_wanted = Signal(Job)
    step_wanted = Signal(str)
    again_wanted = Signal(Job)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._session: Session | None = None
        self._job: Job | None = None
        self._pace = _Speed()
        self._title = ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximumWidth(GRID * 40)
        self._bar.setAccessibleName("Progress")
        self._figures = text("", role="muted")
        self._figures.setAccessibleName("How far it is")
        self._queue = QToolButton()
        self._queue.setToolTip("The jobs that wait; choose one to take it out of the queue")
        self._queue.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        waiting = QMenu(self._queue)
        waiting.aboutToShow.connect(lambda: self._list_waiting(waiting))
        self._queue.setMenu(waiting)
        self._pause = QPushButton("Pause")
        self._cancel = QPushButton("Cancel")
        self._show = QPushButton("Show")
        self._details = QToolButton()
        self._details.setAccessibleName("Details of this job")
        self._details.setToolTip("What the job was asked, what it said, and the log")
        self._pause.clicked.connect(self._pause_or_go_on)
        self._cancel.clicked.connect(self._stop)
        self._show.clicked.connect(lambda: self._job and self.step_wanted.emit(self._job.step))
        self._details.clicked.connect(lambda: self._job and self.details_wanted.emit(self._job))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID // 2, GRID * 2, GRID // 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(self._details)
        layout.addWidget(self._title, 2)
        layout.addWidget(self._bar, 2)
        layout.addWidget(self._figures)
        layout.addStretch(1)
        layout.addWidget(self._queue)
        for button in (self._show, self._pause, self._cancel):
            layout.addWidget(button)
        self.setMinimumHeight(GRID * 6)
        theme.changed.connect(self._refresh)
        self._refresh()

    def watch(self, session: Session | None) -> None:
        """Show the jobs of this session from now on."""
        self._session, self._job = session, None
        if session is not None:
            session.job_started.connect(self._take)
            session.long.changed.connect(self._refresh)
            session.short.changed.connect(self._refresh)
            session.job_ended.connect(lambda _: self._take_next())
        self._refresh()

    def _take(self, job: Job) -> None:
        job.changed.connect(lambda: self._look(job))
        if self._job is None or self._job.is_over():
            self._job, self._pace = job, _Speed()
        self._refresh()

    def _look(self, job: Job) -> None:
        if job is not self._job and job.state == "running" and (self._job is None or self._job.is_over()):
            self._job, self._pace = job, _Speed()
        if job is self._job:
            self._refresh()

    def _take_next(self) -> None:
        if self._session is not None:
            running = self._session.long.running or self._session.short.running
            if running is not None and running is not self._job and not running.quiet:
                self._job, self._pace = running, _Speed()
        self._refresh()

    def _stop(self) -> None:
        if self._session and self._job:
            self._job.paused = False
            self._session.cancel(self._job)

    def _pause_or_go_on(self) -> None:
        job = self._job
        if self._session is None or job is None:
            return
        if job.is_over():
            self.again_wanted.emit(job)
        else:
            job.paused = True
            self._session.cancel(job)

    def _list_waiting(self, menu: QMenu) -> None:
        menu.clear()
        session = self._session
        for job in [*session.short.waiting, *session.long.waiting] if session is not None else ():
            if not job.quiet:
                menu.addAction(f"Take out: {job.title}").triggered.connect(
                    lambda _=False, job=job: self._take_out(job)
                )

    def _take_out(self, job: Job) -> None:
        if self._session is not None:
            self._session.cancel(job)

    def _refresh(self) -> None:
        job = self._job
        over = job is None or job.is_over()
        for widget in (self._bar, self._cancel):
            widget.setVisible(not over)
        self._details.setVisible(job is not None)
        if job is not None:  # not before: icons come after the first paint
            self._details.setIcon(icon("text-box-outline"))
        self._show.setVisible(job is not None and job.state == "done")
        stopped = job is not None and (
            job.state == "failed" or (job.state == "cancelled" and job.paused) or job.goes_on
        )
        self._pause.setVisible(job is not None and (not over or stopped))
        self._pause.setText("Go on" if stopped else "Pause")
        self._pause.setToolTip("Start the step again; what was done is kept" if stopped else PAUSE_TIP)
        self._pause.setEnabled(job is not None and job.state != "stopping")
        self._cancel.setEnabled(job is not None and job.state != "stopping")
        queues = (self._session.long, self._session.short) if self._session else ()
        waiting = sum(not one.quiet for queue in queues for one in queue.waiting)
        self._queue.setText(f"{waiting} waiting")
        self._queue.setVisible(waiting > 0)
        if job is None:
            self._title.setText("Ready")
            self._figures.setText("")
            return
        self._title.setText(_sentence(job))
        role = "error" if job.state in ("problem", "failed") else "warning" if job.silent else ""
        if self._title.property("role") != role:
            self._title.setProperty("role", role)
            self._title.style().polish(self._title)
        progress = job.progress
        done, total = progress.get("done", 0), progress.get("total")
        self._bar.setRange(0, 1000 if total else 0)
        self._bar.setValue(int(1000 * done / total) if total else 0)
        self._figures.setText("" if over or job.silent else self._pace.figures(progress))


def _sentence(job: Job) -> str:
    phase = job.progress.get("phase") or job.title
    if job.silent:
        return f"{phase}: not responding. Wait, or cancel; what was done is kept"
    return {
        "queued": f"{job.title}: waiting",
        "running": str(phase),
        "stopping": f"{job.title}: stopping after the batch in hand",
        "done": f"{job.title}: done",
        "cancelled": f"{job.title}: {'paused' if job.paused else 'stopped'}; what was done is kept",
        "problem": f"{job.title}: {' '.join(job.message.split())}",
        "failed": f"{job.title}: failed unexpectedly; what was done is kept",
    }[job.state]


class _Speed:
    """Rate and time left of the phase a job is in."""

    def __init__(self) -> None:
        self._phase: str | None = None
        self._since = 0.0
        self._from = 0

    def figures(self, progress: object) -> str:
        assert hasattr(progress, "get")
        if not progress:
            return "starting"
        done, total, phase = progress.get("done", 0), progress.get("total"), progress.get("phase")
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._since, self._from = phase, now, done
        parts = [f"{done:,} of {total:,}" if total else f"{done:,}"] if total or done else []
        elapsed = now - self._since
        rate = (done - self._from) / elapsed if elapsed > 1 else 0.0
        if rate:
            parts.append(f"{rate:,.0f}/s" if rate >= 20 else f"{rate:,.1f}/s")
            if total and done < total:
                parts.append(f"{_readable((total - done) / rate)} left")
        if workers := len(progress.get("values", {}).get("workers", ())):
            parts.append(f"{workers:,} worker{'s' * (workers != 1)}")
        return "  ·  ".join(parts)


def _readable(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
