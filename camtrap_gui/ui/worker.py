"""A thread of the window that talks to one engine process, and the queue of jobs it works through.

The thread only reads lines and hands them on as signals; all decisions are made in the window's thread. An engine
that dies takes one job with it, which ends as failed with the tail of the log; the next job starts a new engine.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from camtrap_gui import paths
from camtrap_gui.jobs import to_plain

GRACE_MS = 8_000
"""How long a job may take to stop by itself after it was asked to, before its engine is ended."""

SILENT_AFTER_S = 10.0
"""An engine beats every second; one that has not for this long is shown as not responding. It may be swapping, or wait
for a disk: only the user decides to end it."""

LISTEN_EVERY_MS = 1_000

_LOG_TAIL = 4_000


class Job(QObject):
    """One run of a step as the window sees it. ``changed`` is emitted at every progress and at the end.

    ``state`` is 'queued', 'running', 'stopping', and finally one of 'done', 'problem', 'failed', 'cancelled'.
    ``progress`` is the newest progress as plain data, ``result`` the step's result as plain data, ``message`` the
    text of the result, the problem, or the traceback. A ``quiet`` job is nobody's wish (it makes the engine warm): it
    is not shown and keeps nobody from closing. ``silent`` says that its engine has given no sign of life for long,
    ``paused`` that it was stopped to be continued, ``goes_on`` that something outside the program stopped it (a full
    disk): once that is mended, it goes on where it stopped.
    """

    changed = Signal()
    ended = Signal()
    _numbers = iter(range(1, 1 << 62))

    def __init__(self, step: str, title: str, folder: Path | None, options: Any, quiet: bool = False) -> None:
        super().__init__()
        self.quiet = quiet
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
        self.goes_on = False
        self.silent = False

    def complaint(self) -> str:
        """What to say of it in place where it did not end well; '' otherwise."""
        if self.state == "problem":
            return self.message
        if self.state == "failed":
            return "This failed unexpectedly. Details are at the left of the bar below."
        return ""

    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "problem", "failed", "cancelled")

    def end(self, state: str, message: str = "", result: Mapping[str, Any] | None = None) -> None:
        """Enter a final state."""
        self.state, self.message, self.result, self.silent = state, message, result or {}, False
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
        self._listening = QTimer(self, interval=LISTEN_EVERY_MS)
        self._listening.timeout.connect(self._listen)

    @property
    def process_id(self) -> int | None:
        """Of the engine; None while there is none."""
        return self._worker.process_id if self._worker is not None else None

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
            self._worker = Worker(self._name)
            self._worker.said.connect(self._hear)
            self._worker.gone.connect(self._bury)
            self._worker.start()

    def log(self) -> str:
        """The end of what the engine's libraries have said."""
        return self._worker.tail() if self._worker is not None else ""

    def close(self, wait: bool = True, then: Callable[[], object] = lambda: None) -> None:
        """End the engine. ``then`` is called once it is gone, in its thread; without ``wait`` that may be later."""
        self._listening.stop()
        worker, self._worker = self._worker, None
        if worker is None:
            then()
        else:
            worker.finish(wait, then)
        unfinished = [*([self.running] if self.running else []), *self.waiting]
        self.running, self.waiting = None, []
        for job in unfinished:
            job.end("cancelled")

    def _next(self) -> None:
        if self.running is None and self.waiting:
            job = self.running = self.waiting.pop(0)
            try:
                self.warm_up()
            except OSError as error:
                self._finish("failed", f"The working process could not be started: {error}")
                return
            assert self._worker is not None
            job.state, job.started = "running", datetime.now(UTC)
            order = {"job": job.number, "step": job.step, "project": str(job.folder or "")}
            self._worker.send({**order, "options": to_plain(job.options)})
            self._listening.start()
            job.changed.emit()
        self.changed.emit()

    def _listen(self) -> None:
        job, worker = self.running, self._worker
        if job is None or worker is None:
            self._listening.stop()
        elif job.silent != (silent := worker.silent_s() > SILENT_AFTER_S):
            job.silent = silent
            job.changed.emit()

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
            job.goes_on = message["goes_on"]
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
        if self.sender() is not self._worker:
            return  # one that was closed
        self._worker = None
        if self.running is not None:
            stopping = self.running.state == "stopping"
            ended = f"by signal {-status}" if status < 0 else f"with status {status}"
            text = f"The working process ended unexpectedly, {ended}. What was done is kept.\n\n{log}"
            self._finish("cancelled" if stopping else "failed", "" if stopping else text)
        else:
            self._next()

    def _enforce(self, job: Job) -> None:
        if job is self.running and self._worker is not None:
            self._worker.kill()


class Worker(QThread):
    """Starts an engine process and reads what it says until it ends; then it tidies up and is no more."""

    said = Signal(dict)
    gone = Signal(int, str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._afterwards: Callable[[], object] = lambda: None
        self._heard = time.monotonic()
        path = paths.logs() / f"{name}-engine.log"
        with suppress(OSError):  # of another window, which goes on writing to the file it has open
            path.unlink()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._log: Path | None = path
            log = path.open("wb")
        except OSError:
            self._log, log = None, Path(os.devnull).open("wb")  # noqa: SIM115
        # Libraries leave files behind when their process is killed, which is how engines end.
        self._scratch = tempfile.TemporaryDirectory(prefix="camtrap-engine-", ignore_cleanup_errors=True)
        with log:
            # Measured: takes 0.4 ms (7 ms with both processors busy), so the window's thread may do it.
            self._process = subprocess.Popen(
                [*engine_command(), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._scratch.name)},
                text=True,
                encoding="utf-8",
            )
        # A QThread must never be destroyed while it runs: this holds it until then.
        atexit.register(self.finish)
        self.finished.connect(self._forget)

    @property
    def process_id(self) -> int:
        """Of the engine."""
        return self._process.pid

    def run(self) -> None:
        """Read the engine's lines; runs in the thread."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard = time.monotonic()
            with suppress(ValueError):  # the last line of an engine that was killed in the middle of it
                message = json.loads(line)
                if "beat" not in message:
                    self.said.emit(message)
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self._scratch.cleanup()
        self._afterwards()
        self.gone.emit(status, self.tail())

    def send(self, message: Mapping[str, Any]) -> None:
        """Give the engine one line. An engine that is gone is noticed by ``run``."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def silent_s(self) -> float:
        """Seconds since the engine last said anything."""
        return time.monotonic() - self._heard

    def kill(self) -> None:
        """End the engine at once. Steps commit in batches, so nothing but the batch in hand is lost."""
        self._process.kill()

    def finish(self, wait: bool = True, then: Callable[[], object] = lambda: None) -> None:
        """End the engine; ``then`` is called in the thread once it is gone. A killed process may take its time."""
        self._afterwards = then
        self.kill()
        if wait:
            self.wait()

    def _forget(self) -> None:
        atexit.unregister(self.finish)
        self.deleteLater()

    def tail(self) -> str:
        """The end of the log, where libraries and defects speak."""
        if self._log is None:
            return ""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _LOG_TAIL))
            return log.read().decode("utf-8", "replace").strip()
        return ""


def engine_command() -> list[str]:
    """How this program starts its own engine, from a checkout, a wheel, or a frozen application; a name follows."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--engine"]
    return [sys.executable, "-m", "camtrap_gui", "--engine"]
