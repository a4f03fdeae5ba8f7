"""Which jobs of a project are really being worked on, and by whom.

A row of the job history says "running" also after its process was killed. So every job holds a lock on a file of its
own, ``.at-work-<computer>-<number>``, which the operating system lets go of with the process, however that ends. A
process number alone would not do: numbers are used again. Such locks tell the programs of one computer; of another one
a job is being worked on as long as that computer holds the project's mark (``holding``).
"""

import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from camtrap_gui.project import holding


@contextmanager
def at_work(project: Path) -> Iterator[str]:
    """Hold the lock of a new job inside the block; yields the job's process, "machine process-number lock".

    Where files cannot be locked the block runs without, and the job counts as given up for everybody else.
    """
    process = f"{holding.computer()} {os.getpid()} {uuid.uuid4().hex}"
    path = _path(project, process)
    _sweep(project)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except OSError:  # the folder is read-only: the job will say so in its own words
        yield process
        return
    try:
        with suppress(OSError):
            _lock(file)
        yield process
    finally:
        os.close(file)
        clear(project, process)


def is_at_work(project: Path, process: str | None) -> bool:
    """Whether the process of a job still holds its lock, or its computer the project."""
    if process is None:
        return False
    try:
        if not is_of_here(process):
            mark = holding.read(project)
            return mark is not None and mark.computer == process.split(" ")[0]
        file = os.open(_path(project, process), os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(file)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def is_of_here(process: str) -> bool:
    """Whether a process is, or was, one of this computer."""
    return process.split(" ")[0] == holding.computer()


def clear(project: Path, process: str) -> None:
    """Take away the lock of a process that is gone."""
    with suppress(OSError):  # gone already
        _path(project, process).unlink()


def _path(project: Path, process: str) -> Path:
    computer, *_, number = process.split(" ")
    return project / f"{_PREFIX}{computer}-{number}"


_PREFIX = ".at-work-"
_NEW_S = 60.0


def _sweep(project: Path) -> None:
    """Take away the locks that killed processes have left; a new one may be about to be held."""
    for path in project.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            is_old = path.stat().st_mtime < time.time() - _NEW_S
            process = " ".join(path.name.removeprefix(_PREFIX).rsplit("-", 1))
            if is_old and not is_at_work(project, process):
                path.unlink()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        """Take the lock or raise OSError; unlike lockf it also keeps out the same process."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
