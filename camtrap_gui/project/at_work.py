"""Which jobs of a project are really being worked on, and by whom; and which windows have it open.

A row of the job history says "running" also after its process was killed. So every job holds a lock on a file of its
own, ``.at-work-<computer>-<number>``, which the operating system lets go of with the process, however that ends. A
process number alone would not do: numbers are used again, and a project may lie on a disk that several machines see.
Windows hold such a lock, too, so that a second computer notices them: the database cannot tell it.
"""

import errno
import os
import platform
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def at_work(project: Path) -> Iterator[str]:
    """Hold the lock of a new job inside the block; yields the job's process, "machine process-number lock".

    Where files cannot be locked the block runs without, and the job counts as given up for everybody else.
    """
    process = f"{_computer()} {os.getpid()} {uuid.uuid4().hex}"
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
    """Whether the process of a job still holds its lock."""
    if process is None:
        return False
    try:
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
    return process.split(" ")[0] == _computer()


def other_computer(project: Path) -> str:
    """The name of another computer that works on the project, or has a window on it; '' when there is none."""
    for path, computer in _locks(project):
        if computer != _computer() and _is_held(path):
            return computer
    return ""


def clear(project: Path, process: str) -> None:
    """Take away the lock of a process that is gone."""
    with suppress(OSError):  # gone already
        _path(project, process).unlink()


def _computer() -> str:
    return re.sub(r"[^\w.-]", "-", platform.node())


def _path(project: Path, process: str) -> Path:
    computer, *_, number = process.split(" ")
    return project / f"{_PREFIX}{computer}-{number}"


_PREFIX = ".at-work-"
_NEW_S = 60.0
_BUSY = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


def _locks(project: Path) -> list[tuple[Path, str]]:
    """The files of locks, held or not, and the computers they are of."""
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(project) if entry.name.startswith(_PREFIX)]
        return [(project / name, name.removeprefix(_PREFIX).rpartition("-")[0]) for name in names]
    return []


def _is_held(path: Path) -> bool:
    """Whether somebody holds a lock; not where files cannot be locked."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(file)
    except OSError as error:
        return error.errno in _BUSY
    finally:
        os.close(file)
    return False


def _sweep(project: Path) -> None:
    """Take away the locks that killed processes of this computer have left; a new one may be about to be held."""
    for path, computer in _locks(project):
        with suppress(OSError):
            is_old = path.stat().st_mtime < time.time() - _NEW_S
            if is_old and computer == _computer() and not _is_held(path):
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
