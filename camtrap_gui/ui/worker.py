"""A thread of the window that talks to one engine process, and the queue of jobs it works through.

The thread only reads lines and hands them on as signals; all decisions are made in the window's thread. An engine
that dies takes one job with it, which ends as failed with the tail of the log; the next job starts a new engine.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from camtrap_gui import paths
from camtrap_gui.jobs import to_plain

GRACE_MS = 8_000
"""How long a job may take to stop by itself after it was asked to, before its engine is ended."""

_LOG_TAIL = 4_000


class Job(QObject):
    """One run of a step as the window sees it. ``changed`` is emitted at every progress and at the end.

    ``state`` is 'queued', 'running', 'stopping', and finally one of 'done', 'problem', 'failed', 'cancelled'.
    ``progress`` is the newest progress as plain data, ``result`` the step's result as plain data, ``message`` the
    text of the result, the problem, or the traceback.
    """

    changed = Signal()
    ended = Signal()
    _numbers = iter(range(1, 1 << 62))

    def __init__(self, step: str, title: str, folder: Path | None, options: Any) -> None:
        super().__init__()
        self.number = next(self._numbers)
        self.step = step
        self.title = title
        self.folder = folder
        self.options = options
        self.state = "queued"
        self.progress: Mapping[str, Any] = {}
        self.result: Mapping[str, Any] = {}
        self.message = ""
        self.started: datetime | None = None
        self.paused = False

    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "problem", "failed", "cancelled")

    def end(self, state: str, message: str = "", result: Mapping[str, Any] | None = None) -> None:
        """Enter a final state."""
        self.state, self.message, self.result = state, message, result or {}
        self.changed.emit()
        self.ended.emit()


class JobQueue(QObject):
    """Jobs waiting for one engine, worked through one after the other."""

    changed = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._worker: Worker | None = None
        self.running: Job | None = None
        self.waiting: list[Job] = []

    def submit(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        self.waiting.append(job)
        self._next()

    def cancel(self, job: Job) -> None:
        """Ask a job to stop; one that does not within the grace period is ended with its engine."""
        if job in self.waiting:
            self.waiting.remove(job)
            job.end("cancelled")
            self.changed.emit()
        elif job is self.running and self._worker is not None:
            job.state = "stopping"
            job.changed.emit()
            self._worker.send({"cancel": job.number})
            QTimer.singleShot(GRACE_MS, self, lambda: self._enforce(job))

    def warm_up(self) -> None:
        """Start the engine before the first job needs it."""
        if self._worker is None:
            self._worker = Worker(self._name, self)
            self._worker.said.connect(self._hear)
            self._worker.gone.connect(self._bury)
            self._worker.start()

    def close(self) -> None:
        """End the engine and wait for the thread."""
        self.waiting.clear()
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.blockSignals(True)
            worker.kill()
            worker.wait()
        if self.running is not None:
            job, self.running = self.running, None
            job.end("cancelled")

    def _next(self) -> None:
        if self.running is None and self.waiting:
            self.warm_up()
            assert self._worker is not None
            job = self.running = self.waiting.pop(0)
            job.state, job.started = "running", datetime.now(UTC)
            order = {"job": job.number, "step": job.step, "project": str(job.folder or "")}
            self._worker.send({**order, "options": to_plain(job.options)})
            job.changed.emit()
        self.changed.emit()

    def _hear(self, message: dict[str, Any]) -> None:
        job = self.running
        if job is None or message.get("job") != job.number:
            return
        if "progress" in message:
            job.progress = message["progress"]
            job.changed.emit()
        elif "done" in message:
            self._finish("done", message["text"], message["done"])
        elif "problem" in message:
            self._finish("problem", message["problem"])
        elif "cancelled" in message:
            self._finish("cancelled")
        else:
            self._finish("failed", message["failed"])

    def _finish(self, state: str, message: str = "", result: Mapping[str, Any] | None = None) -> None:
        job, self.running = self.running, None
        if job is not None:
            job.end(state, message, result)
        self._next()

    def _bury(self, status: int, log: str) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.wait()
            worker.deleteLater()
        if self.running is not None:
            stopping = self.running.state == "stopping"
            text = (
                f"The working process ended unexpectedly (status {status}). What was done is kept.\n\n{log}"
            )
            self._finish("cancelled" if stopping else "failed", "" if stopping else text)
        else:
            self._next()

    def _enforce(self, job: Job) -> None:
        if job is self.running and self._worker is not None:
            self._worker.kill()


class Worker(QThread):
    """Starts an engine process and reads what it says until it ends."""

    said = Signal(dict)
    gone = Signal(int, str)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        paths.logs().mkdir(parents=True, exist_ok=True)
        self._log = paths.logs() / f"{name}-engine.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                engine_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )

    @property
    def process_id(self) -> int:
        """Of the engine; for tests that kill it."""
        return self._process.pid

    def run(self) -> None:
        """Read the engine's lines; runs in the thread."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.emit(json.loads(line))
        self.gone.emit(self._process.wait(), self._tail())

    def send(self, message: Mapping[str, Any]) -> None:
        """Give the engine one line. An engine that is gone is noticed by ``run``."""
        stdin: IO[str] | None = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(message) + "\n")
            stdin.flush()
        except OSError:
            pass

    def kill(self) -> None:
        """End the engine at once. Steps commit in batches, so nothing but the batch in hand is lost."""
        self._process.kill()

    def _tail(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:].strip()


def engine_command() -> list[str]:
    """How this program starts its own engine, from a checkout, a wheel, or a frozen application."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--engine"]
    return [sys.executable, "-m", "camtrap_gui", "--engine"]
