"""What befalls a program from outside, in words: full disks, folders that vanish, files that others hold.

What the program promises, wherever it is stopped (a full disk, a power cut, a share that is gone, ``kill -9``):

1. A file is there whole or not at all: it is written beside and renamed into place (``files``).
2. Rows are committed in batches. What was committed stays; a batch in hand is taken back as a whole and done again.
3. A person's decision is on the disk before it is shown as made; of a job's last batches a power cut may take some.
4. A new version of the database is made in one transaction, after a backup that is whole (``project.migrations``).
5. A picture is called unreadable for a fault of its own only. When the folder of pictures is away, the job stops.
6. The job ends as *stopped*, with a sentence that says what, where and what to do; the same command goes on.
7. Two programs may have a project open: a step is done by one at a time, decisions of both are kept, undo is shared.
   Of two computers one works on it (``project.holding``), the other sees a copy of what is known. From one that is gone a
   project can be taken over; should that wake up, it writes nothing more (``project.unlocking``).
8. The order of jobs, runs and decisions does not depend on the clock.
9. Where nothing can be written a project can still be looked at, with all that a killed program has left in its journal.

What is none of these is a defect, and ``problem_of`` has no words for it.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camtrap_gui.problem import Interrupted, Problem

FULL = frozenset({errno.ENOSPC, errno.EDQUOT}) if hasattr(errno, "EDQUOT") else frozenset({errno.ENOSPC})
"""Numbers of errors that say that there is no room."""

_AWAY = frozenset(
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "EHOSTDOWN", "EREMOTEIO")
    if hasattr(errno, name)
)
_AWAY_WINDOWS = frozenset({21, 53, 55, 59, 64, 67, 1167, 1231})  # not ready, network path or name gone, ...
_there: dict[Path, tuple[int, int]] = {}  # folders that held something when they were last looked into
_ALMOST_NOTHING = 256 * 1024
"""Bytes: with less left, a write that failed without saying why has failed for want of room."""

GO_ON = "What was done is kept; started again, it goes on where it stopped."


@contextmanager
def told(folder: Path | None = None) -> Iterator[None]:
    """Raise Problem for what happens to the block from outside. ``folder`` is what it writes to, if it is known."""
    try:
        yield
    except Problem:
        raise
    except Exception as error:
        problem = problem_of(error, folder)
        if problem is None:
            raise
        raise problem from error


def problem_of(error: BaseException, folder: Path | None = None) -> Problem | None:
    """What an error means to the user; None when nothing outside the program explains it."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, sqlite3.Error):
        return _of_database(error, folder)
    if isinstance(error, OSError):
        return _of_file(error, folder)
    if "No space left on device" in str(error):  # libraries that have errors of their own
        return full(folder)
    return None


def is_away(folder: Path) -> bool:
    """Whether a folder that held something is not there, cannot be read, or is empty, as where a disk was mounted."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def require(root: Path, met: BaseException | None = None) -> None:
    """Raise Interrupted when a folder of pictures is away, so that ``met`` is no fault of the single picture.

    Cheap enough for every missing one of a million: a folder that was there and is the same as then is there.
    """
    number = met.errno if isinstance(met, OSError) else None
    try:
        now = root.stat()
    except OSError:
        now = None
    identity = now and (now.st_dev, now.st_ino)
    if identity is not None and number not in _AWAY and _there.get(root) == identity:
        return
    if (
        identity is None or number in _AWAY - {errno.EIO} or is_away(root)
    ):  # EIO may be one bad place of a disk
        raise Interrupted(
            f"The folder of pictures {root} is not there or empty. If it is on another disk or a network share,"
            f" connect it. {GO_ON}"
        )
    _there[root] = identity


def full(where: Path | str | None) -> Interrupted:
    """The sentence for a disk without room."""
    return Interrupted(f"The disk that holds {where or 'the results'} is full. Make room there. {GO_ON}")


def locked(where: Path | str | None) -> Interrupted:
    """The sentence for a database that another program has been writing to for too long."""
    return Interrupted(
        f"{where or 'The database'} is being written by another program. Wait until that has finished, or stop it,"
        f" and try again. {GO_ON}"
    )


def gone(where: Path | str) -> Interrupted:
    """The sentence for a folder that is there no more, or a disk that answers no more."""
    return Interrupted(
        f"{where} cannot be reached any more. If it is on another disk or a network share, connect it; if it was moved,"
        f" open it where it is now. {GO_ON}"
    )


def unwritable(where: Path | str | None) -> Interrupted:
    """The sentence for what may only be read."""
    return Interrupted(
        f"{where or 'A file'} cannot be opened for writing: it is read-only, or another program holds it. Allow writing there,"
        f" close that program, or copy the folder to a place of your own. {GO_ON}"
    )


def _of_file(error: OSError, folder: Path | None) -> Problem | None:
    where = _named(error) or folder
    if error.errno in FULL or "No space left on device" in str(error):
        return full(where)
    if error.errno == errno.EFBIG:
        return Interrupted(
            f"{where or 'A file'} would become larger than the disk or your account allows; disks formatted as FAT hold"
            f" no file above 4 GB. Use another disk. {GO_ON}"
        )
    if folder is not None and is_away(folder):
        return gone(folder)
    if error.errno in _AWAY or getattr(error, "winerror", None) in _AWAY_WINDOWS:
        return gone(where) if where is not None else None
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return unwritable(where)
    if error.errno is None and folder is not None and _has_no_room(folder):  # as numpy says it
        return full(folder)
    return None


def _of_database(error: sqlite3.Error, folder: Path | None) -> Problem | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    kind = code & 0xFF
    where = f"The project {folder}" if folder is not None else None
    if kind == sqlite3.SQLITE_FULL:
        return full(folder)
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return locked(where)
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Problem(
            f"The database of {folder or 'the project'} is damaged: {error}. Keep a copy of the folder, then put back"
            " project.sqlite from a backup."
        )
    outside = (
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
    )
    if kind not in outside:
        return None
    if folder is not None and (is_away(folder) or code == sqlite3.SQLITE_READONLY_DBMOVED):
        return gone(folder)
    if folder is not None and _has_no_room(folder):
        return full(folder)
    if kind == sqlite3.SQLITE_IOERR:
        return Interrupted(
            f"The disk that holds {folder or 'the project'} answered with an error. See that it is connected, has room,"
            f" and is sound. {GO_ON}"
        )
    return unwritable(where)


def _named(error: OSError) -> Path | None:
    name = error.filename2 or error.filename
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) else None


def _has_no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ALMOST_NOTHING
    except OSError:
        return False
