"""What every long piece of work has in common: it says how far it is, and it can be stopped.

A step calls ``report(Progress(...))`` as it goes. Whoever listens (the command line, the window, a test) may raise
``Cancelled`` from inside that call; the step lets it pass through, having committed its last batch.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from camtrap_gui import mishaps
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, at_work, clock, history


@dataclass(frozen=True)
class Progress:
    """How far a step is.

    ``done`` of ``total`` units (``total`` is None while it is not known), ``note`` says what is being done in a few
    words, ``values`` carries figures worth watching ("loss", "animals"). ``phase`` names the part of the step the
    counts belong to; a new phase starts counting anew. ``made`` is what has just been made, for listeners that show
    it as it comes (dataclasses or plain data).
    """

    done: int
    total: int | None = None
    note: str = ""
    phase: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    made: tuple[Any, ...] = ()


Report = Callable[[Progress], None]


class Pace:
    """Thins out progress for listeners: at most one per ``interval_s``, and the first and last of every phase."""

    def __init__(self, interval_s: float) -> None:
        self._interval = interval_s
        self._phase: str | None = None
        self._started = self._last = 0.0
        self._started_at = 0
        self._made: list[Any] = []

    def is_due(self, progress: Progress) -> bool:
        """Whether this progress should be passed on now."""
        now = time.monotonic()
        if progress.phase != self._phase:
            self._phase, self._started, self._started_at = progress.phase, now, progress.done
        elif now - self._last < self._interval and progress.done != progress.total:
            return False
        self._last = now
        return True

    def thinned(self, progress: Progress) -> Progress | None:
        """The progress to pass on now, with everything made since the one before; None when it is too early."""
        self._made += progress.made
        if not self.is_due(progress):
            return None
        made, self._made = tuple(self._made), []
        return dataclasses.replace(progress, made=made)

    def rate(self, progress: Progress) -> float:
        """Units per second since the phase began; 0 while it cannot be told yet."""
        elapsed = time.monotonic() - self._started
        return (progress.done - self._started_at) / elapsed if elapsed > 0.5 else 0.0


class Cancelled(Exception):
    """The user stopped the work. Nothing is wrong and nothing is lost: the same step continues later."""


LOOK_EVERY_S = 1.0


def watched(project: Project, report: Report) -> Report:
    """The same report, which stops a job as soon as the project's folder is gone, or another computer's.

    Otherwise it would be made anew, with what comes next in it, where a disk was mounted or from where it was moved.
    """
    looked = time.monotonic()

    def watching(progress: Progress) -> None:
        nonlocal looked
        if time.monotonic() - looked > LOOK_EVERY_S:
            looked = time.monotonic()
            project.require_writable()
        report(progress)

    return watching


class Result(Protocol):
    """What a step made: plain data (a dataclass) and the same for reading."""

    def text(self) -> str:
        """A few lines for the person who started the step."""
        ...


def to_plain(value: Any) -> Any:
    """The value as JSON-able data: dataclasses become dicts, paths and dates texts, sets sorted lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(to_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "item") and callable(value.item):  # numpy scalars
        return value.item()
    return value


def from_plain(options: type, values: Mapping[str, Any]) -> Any:
    """An options dataclass from JSON data. Raises Problem when a value does not fit its field."""
    import msgspec

    def decode(kind: type, value: Any) -> Any:
        return kind(value)

    try:
        return msgspec.convert(dict(values), options, dec_hook=decode)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise Problem(f"The options cannot be used: {error}") from error


@dataclass
class Job:
    """The record of one run of a step: what it was asked, when, and how it ended."""

    id: int
    result: Any = None


@contextmanager
def recorded(project: Project, step: str, options: Any, alone: bool = True) -> Iterator[Job]:
    """Keep a row about the work done inside the block, so that a panel can say when a step last ran and how it ended.

    The row's state is ``running`` until the block ends, then ``done``, ``cancelled``, ``failed``, or ``stopped`` where
    something outside the program stopped it, which is raised as Interrupted. A row left ``running`` by a killed process
    or ``stopped`` is marked ``interrupted`` when the same step starts again. Work that must be ``alone`` raises Problem
    while another process (or thread) does the same step on this project.
    """
    with at_work.at_work(project.folder) if alone else nullcontext() as process:
        job = Job(_begin(project, step, options, process))
        state, error = "failed", None
        try:
            with mishaps.told(project.folder):
                yield job
            state = "done"
        except (Cancelled, KeyboardInterrupt):
            state = "cancelled"
            raise
        except Problem as problem:
            state, error = "stopped" if isinstance(problem, Interrupted) else "failed", str(problem)
            raise
        except BaseException as exception:
            error = repr(exception)
            raise
        finally:
            # Where that fails as well, the row says "running", which no process holds any more: cut off, as it was.
            with nullcontext() if state == "done" else suppress(Problem), project.write() as db:
                db.execute(
                    "UPDATE jobs SET finished = ?, state = ?, result = ?, error = ? WHERE id = ?",
                    (clock.now(db).isoformat(), state, json.dumps(to_plain(job.result)), error, job.id),
                )


def _begin(project: Project, step: str, options: Any, process: str | None) -> int:
    """Write the row of a job that starts. Looking for another one and writing are one transaction: one of two wins."""
    with project.write() as db:
        if process is not None and (other := history.at_work_on(project, step)):
            machine, number, _ = (other.process or "").split(" ")
            since = other.started.astimezone()
            raise Problem(
                f"This step is already being done on this project, since {since:%Y-%m-%d %H:%M}, "
                f"by process {number} on {machine}. Wait until it has finished, or stop it there."
            )
        history.close_cut_off(project, step)
        job_id = db.execute(
            "INSERT INTO jobs (step, options, started, state, process) VALUES (?, ?, ?, 'running', ?)",
            (step, json.dumps(to_plain(options)), clock.now(db).isoformat(), process),
        ).lastrowid
    assert job_id is not None
    return job_id
