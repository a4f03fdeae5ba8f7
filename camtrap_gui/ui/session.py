"""The window's view of one open project: what is selected, what changed, which jobs run.

Panels listen to ``changed`` with the topics they show ("images", "detections", "crops", "runs", "labels",
"predictions") and ask the project again; nothing is cached here.
"""

import sqlite3
import time
from collections.abc import Callable, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from camtrap_gui.jobs import from_plain
from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, Project, edits, history
from camtrap_gui.project.history import PastJob
from camtrap_gui.project.watching import Watch
from camtrap_gui.settings import Settings, load
from camtrap_gui.steps import STEPS, Step, named
from camtrap_gui.ui.worker import Job, JobQueue

ALL = frozenset({"images", "labels", "detections", "crops", "runs", "predictions", "exports"})
TOPICS = {
    "dataset": frozenset({"images", "labels"}),
    "detect": frozenset({"detections"}),
    "results": frozenset({"detections", "predictions"}),
    "merge": frozenset({"detections"}),
    "embed": frozenset[str](),
    "crop": frozenset({"crops"}),
    "stats": frozenset[str](),
    "train": frozenset({"runs"}),
    "evaluate": frozenset({"runs", "predictions"}),
    "export": frozenset({"exports"}),
    "share": frozenset({"exports"}),
    "predict": frozenset[str](),
    "review": frozenset({"predictions"}),
    "sample": frozenset[str](),
    "unlock": frozenset[str](),
    "compare": frozenset({"runs", "predictions"}),
}
"""What each step changes."""

SHORT = frozenset({"predict", "stats", "sample", "unlock"})
"""Steps that must not wait behind a training of hours: they have an engine of their own."""


LOOK_EVERY_MS = 2_000
"""How often a session looks whether another process works on its project: 0.1 ms each time."""

FOLLOW_EVERY_S = 10.0
"""How often panels are told to show what another process has done so far."""

PATIENCE_MS = 5_000
"""How long the window waits for another process that writes; a job waits longer."""

DECIDED = frozenset({"images", "labels", "detections", "crops", "predictions"})
"""What a decision about pictures may change: crops and what is known of them follow."""


class Session(QObject):
    """One open project and the work on it, with the user's ``settings``. ``elsewhere`` are the steps that other processes do on it now.

    ``is_away``: the project's folder cannot be reached at the moment; ``lost`` says that another computer has taken the
    project over, '' otherwise. ``place_changed`` is emitted when one of them changes.

    ``decided`` brings what was decided in a sentence, '' where it need not be said, ``turned`` the number of an edit
    that was taken back or made again, after the panels were told. ``told`` brings a sentence about what was made.
    """

    changed = Signal(set)
    decided = Signal(str)
    told = Signal(str)
    turned = Signal(int)
    place_changed = Signal()
    job_started = Signal(Job)
    job_ended = Signal(Job)

    def __init__(
        self, project: Project, settings: Settings | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.project = project
        self.settings = settings if settings is not None else load()
        self.long = JobQueue("long", self)
        self.short = JobQueue("short", self)
        self.last_jobs: dict[str, Job] = {}
        self.elsewhere: frozenset[str] = frozenset()
        self.is_away = False
        self.lost = ""
        project.db.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        self._watch = Watch(project)
        self._own: set[str] = set()  # steps that ended here since the last look
        self._followed = time.monotonic()
        self._looking = QTimer(self, interval=LOOK_EVERY_MS)
        self._looking.timeout.connect(self.look_elsewhere)
        self._looking.start()
        self.look_elsewhere()

    def start(self, step_name: str, options: Any) -> Job:
        """Queue a step with the options of its form."""
        step = step_of(step_name)
        folder = None if step.project == "none" else self.project.folder
        job = Job(step.name, step.title, folder, options)
        self.last_jobs[step.name] = job
        job.ended.connect(lambda: self._ended(job))
        queue = self.short if step.name in SHORT else self.long
        queue.submit(job)
        self.job_started.emit(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job; the same step continues later where it stopped."""
        self.short.cancel(job)
        self.long.cancel(job)

    def running(self, step_name: str) -> Job | None:
        """The job of this step that runs or waits now."""
        job = self.last_jobs.get(step_name)
        return job if job is not None and not job.is_over() else None

    def busy(self) -> bool:
        """Whether any job runs or waits."""
        return any(
            job is not None and not job.quiet
            for queue in (self.long, self.short)
            for job in (queue.running, *queue.waiting)
        )

    def busy_with(self) -> str:
        """The titles of the jobs that run or wait, as the words of a sentence."""
        jobs = [job for queue in (self.long, self.short) for job in (queue.running, *queue.waiting)]
        return " and ".join(dict.fromkeys(f"“{job.title}”" for job in jobs if job and not job.quiet))

    def look_elsewhere(self) -> None:
        """Notice work of other processes that has begun, what it and other people have changed, and a disk that is away."""
        self._look_whether_away()
        self._look_whether_lost()
        self._look_whether_changed()
        with suppress(sqlite3.Error):  # a disk that is away may come back
            under_way = history.under_way(self.project)
            now = frozenset(step for step in under_way if not self.running(step))
            over, begun = self.elsewhere - now, now - self.elsewhere
            self.elsewhere = now
            topics = self._news(over)
            if over or begun or topics:
                self.changed.emit(topics)

    def _news(self, over: frozenset[str]) -> set[str]:
        """The topics of what others have changed; ``over`` are the steps that they have just ended."""
        news = self._watch.news()
        steps = over | (news.ended - self._own)
        self._own.clear()
        if self.elsewhere and news.written and time.monotonic() - self._followed > FOLLOW_EVERY_S:
            self._followed = time.monotonic()
            steps |= self.elsewhere
        return {topic for step in steps for topic in TOPICS.get(step, ALL)} | (
            DECIDED if news.decided else set()
        )

    def _look_whether_changed(self) -> None:
        """Where one can only look, somebody else may begin to work all the same."""
        if not self.is_away and self.project.has_changed():
            with suppress(Problem):  # in the middle of it; the next look may be better
                self.project.reconnect()
                self._watch = Watch(self.project)
                self.changed.emit(set(ALL))

    def _look_whether_away(self) -> None:
        is_away = not (self.project.folder / CONFIG).is_file()
        if is_away != self.is_away:
            self.is_away = is_away
            self.place_changed.emit()
            if not is_away:
                self.project.reconnect()
                self.project.db.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
                self.changed.emit(set(ALL))

    def _look_whether_lost(self) -> None:
        if not self.is_away and not self.lost:
            with suppress(Problem):  # a disk that is away; the next look says so
                self.lost = self.project.lost()
            if self.lost:
                self.place_changed.emit()

    def log_of(self, job: Job) -> str:
        """The end of what the libraries of a running job have said; '' when it is over."""
        return next((queue.log() for queue in (self.long, self.short) if queue.running is job), "")

    def edit(self, note: str, changes: list[edits.Change], topics: Set[str]) -> None:
        """Record one decision and tell the panels."""
        edits.edit(self.project, note, changes)
        self._watch.take_as_known()
        self.changed.emit(set(topics))

    def decide(self, decision: Callable[[Project], int], quiet: bool = False) -> int:
        """Make a decision (a function of ``project.decisions`` or the like) and tell the panels; the edit's number.

        ``quiet``: it is seen at once where it was made, so nothing need be said. Raises Problem as the decision does.
        """
        number = decision(self.project)
        self._watch.take_as_known()
        self.changed.emit(set(DECIDED))
        newest = None if quiet else next(edits.history(self.project, limit=1), None)
        self.decided.emit(newest.note if newest is not None else "")
        return number

    def undo(self) -> str:
        """Take back the newest decision; returns what it was, '' when there was none."""
        return self._turn(edits.undo(self.project))

    def redo(self) -> str:
        """Make the decision again that was taken back last; returns what it was, '' when there was none."""
        return self._turn(edits.redo(self.project))

    def _turn(self, edit: edits.Edit | None) -> str:
        if edit is None:
            return ""
        self._watch.take_as_known()
        self.changed.emit(set(ALL))
        self.turned.emit(edit.id)
        return edit.note

    def interrupted(self) -> list[PastJob]:
        """The jobs that were cut off, in the order of the steps: the program or the machine went down meanwhile."""
        found = history.cut_off(self.project)
        return [found[step.name] for step in STEPS if step.name in found and not self.running(step.name)]

    def go_on(self, past: PastJob) -> Job:
        """Start a step again with the options it had. Raises Problem when this program knows them no longer."""
        options = from_plain(step_of(past.step).module().Options, past.options)
        return self.start(past.step, options)

    def leave(self, past: PastJob) -> None:
        """Offer a job that was cut off no more."""
        history.close_cut_off(self.project, past.step)

    def close(self) -> None:
        """End the engines and close the project."""
        self.blockSignals(True)
        self._looking.stop()
        self.long.close()
        self.short.close()
        self.project.close()

    def _ended(self, job: Job) -> None:
        self._own.add(job.step)
        if topics := TOPICS[job.step]:
            self.changed.emit(set(topics))
        self.job_ended.emit(job)


def step_of(name: str) -> Step:
    """The row of the table of contents with this name."""
    return named(name)


def open_session(folder: Path, settings: Settings | None = None) -> Session:
    """Open a project folder for the window. Raises Problem when it cannot be opened."""
    return Session(Project.open(folder), settings)
