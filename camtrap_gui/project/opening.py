"""Opening the database of a project: to work on it, or only to look at it where nothing can be written.

The database keeps a journal (WAL) that even readers write to. Where they may not, there are three ways:

- The journal and its index lie there, because somebody works on the project: they are read (``mode=ro``).
- There is no journal: the database is read as a file that does not change (``immutable``). Should it change all the
  same, that is noticed (``state``), and what was read meanwhile is not to be trusted.
- There is a journal that somebody left, without its index, or the database is of an older version of the program:
  a private copy is read, with all that is in the journal, or brought up to date.

A copy is also what is seen of a project that another computer works on (``holding``).
"""

import os
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from camtrap_gui import mishaps
from camtrap_gui.problem import Problem
from camtrap_gui.project import holding, migrations
from camtrap_gui.project.holding import Hold, Mark

State = tuple[tuple[int, int] | None, ...]

UNCHANGING = "mode=ro&immutable=1"
TRIES = 5
WAIT_S = 1.0

_MAKE_ROOM = "Make room there, then open it again."
_TWO = (
    "Two computers cannot work on a project at the same time: close it there, then open it here again. If that computer has"
    " crashed, take the project over: camtrap unlock {}."
)
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


@dataclass(frozen=True)
class Opened:
    """A connection, and the ``address`` for further ones.

    ``read_only`` says why nothing can be written, '' where it can be, and ``mend`` what to do. ``state`` is that of a
    database which is taken not to change, otherwise None. The private ``copy`` is gone when nobody holds it any more.
    ``hold`` is that of a project that is worked on, ``other`` what another computer's mark says that holds it.
    """

    db: sqlite3.Connection
    address: str
    read_only: str = ""
    state: State | None = None
    copy: "tempfile.TemporaryDirectory[str] | None" = None
    mend: str = "To work on it, allow writing there, or copy the folder to a place of your own."
    hold: Hold | None = None
    other: Mark | None = None


def opened(database: Path) -> Opened:
    """Open the database of a project, made if need be. Raises Problem when it cannot even be looked at.

    While another computer works on it, it can only be looked at.
    """
    if why := _why_not(database):
        return _to_look(database, why)
    try:
        held = holding.hold(database.parent)
    except OSError as error:
        if error.errno in mishaps.FULL:
            return replace(_to_look(database, "its disk is full"), mend=_MAKE_ROOM)
        return _to_look(database, "nothing can be written there")
    if isinstance(held, Mark):
        return _to_look_meanwhile(database, held)
    try:
        return Opened(*_to_work(database), hold=held)
    except BaseException as error:
        held.release()
        if not isinstance(error, sqlite3.DatabaseError):
            raise
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _UNWRITABLE and database.is_file():
            return _to_look(database, "nothing can be written there")
        raise problem_of(error, database) from error


def connected(address: str) -> sqlite3.Connection:
    """One more connection, for another thread; the caller closes it."""
    db = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)
    db.row_factory = sqlite3.Row
    # For a new database; an import takes 0.91 of the processor time that it takes with pages of 4096 bytes. It comes first,
    # as a cache is counted in pages of the size that the database has when the cache is set.
    db.execute("PRAGMA page_size = 16384")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA cache_size = -65536")
    # What is sorted, and what an edit was before, goes to a file where it outgrows the cache: a decision about a million
    # pictures takes no longer for it, and half of the memory.
    db.execute("PRAGMA temp_store = FILE")
    return db


def peeked(database: Path) -> sqlite3.Connection:
    """A connection for one quick look that leaves nothing beside the database; it may miss what a journal holds."""
    journal = state(database)[1]
    if journal is not None and journal[1]:
        db = connected(address_of(database, "mode=ro"))
        try:
            db.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:  # its index is not there, and cannot be made
            db.close()
        else:
            return db
    return connected(address_of(database))


def address_of(database: Path, how: str = UNCHANGING) -> str:
    """The database as SQLite wants it named to be read in some way."""
    path = database.as_posix()
    return f"file://{'' if path.startswith('/') else '/'}{quote(path)}?{how}"


def state(database: Path) -> State:
    """Size and time of the database and its journal: other ones mean that somebody wrote."""
    found: list[tuple[int, int] | None] = []
    for path in (database, beside(database, "-wal")):
        try:
            about = path.stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((about.st_mtime_ns, about.st_size))
    return tuple(found)


def copied(database: Path, into: Path) -> Path:
    """A copy of a database with its journal, in the folder ``into``."""
    copy = into / database.name
    for ending in ("", "-wal"):
        beside(copy, ending).unlink(missing_ok=True)
        if (path := beside(database, ending)).is_file():
            shutil.copyfile(path, beside(copy, ending))
    return copy


def _why_not(database: Path) -> str:
    """What stands against writing, as far as it can be seen without trying; '' if nothing does."""
    folder = database.parent
    if not os.access(folder, os.W_OK):
        if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "its disk is read-only"
        return "you may not write in its folder"
    if database.exists() and not os.access(database, os.W_OK):
        return "you may not write its database"
    return ""


def _to_work(database: Path) -> tuple[sqlite3.Connection, str]:
    db = connected(str(database))
    try:
        db.execute("PRAGMA journal_mode = WAL")
        migrations.bring_up_to_date(db, database)
    except BaseException:
        db.close()
        raise
    return db, str(database)


def _to_look_meanwhile(database: Path, other: Mark) -> Opened:
    why = f"{other.words()}, and this is how it was at {datetime.now().astimezone():%H:%M}"
    return replace(_copy(database, why), mend=_TWO.format(database.parent), other=other)


def _to_look(database: Path, why: str) -> Opened:
    if not database.is_file():
        raise Problem(
            f"{database} is not there, and cannot be made: {why}. Put it back from a backup, or copy the folder to a place of"
            " your own."
        )
    try:
        if beside(database, "-shm").is_file():
            try:
                return _looked_at(address_of(database, "mode=ro"), database, why)
            except sqlite3.OperationalError:  # the index cannot be used
                pass
        before = state(database)
        if before[1] is None or before[1][1] == 0:
            return _looked_at(address_of(database), database, why, before)
        return _copy(database, why)
    except _Older:
        return _copy(database, why)
    except sqlite3.DatabaseError as error:
        raise problem_of(error, database) from error


class _Older(Exception):
    """The database is of an older version of the program."""


def _looked_at(address: str, database: Path, why: str, before: State | None = None) -> Opened:
    db = connected(address)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version <= len(migrations.MIGRATIONS):
            raise _Older
        migrations.bring_up_to_date(db, database)  # says so if it is of a newer version
    except BaseException:
        db.close()
        raise
    return Opened(db, address, why, before)


def _copy(database: Path, why: str) -> Opened:
    folder = tempfile.TemporaryDirectory(prefix="camtrap-look-", ignore_cleanup_errors=True)
    try:
        with mishaps.told(Path(folder.name)):
            db, address = _to_work(copied_whole(database, Path(folder.name)))
    except BaseException:
        folder.cleanup()
        raise
    return Opened(db, address, why, None, folder)


def copied_whole(database: Path, into: Path) -> Path:
    """A copy of a database that nobody wrote to meanwhile. Raises Problem where that cannot be had."""
    for _ in range(TRIES):
        before = state(database)
        copy = copied(database, into)
        if state(database) == before:
            return copy
        time.sleep(WAIT_S)
    raise Problem(
        f"The project {database.parent} is being written all the time. Open it when that has finished."
    )


def beside(database: Path, ending: str) -> Path:
    """The file that SQLite keeps beside a database under its name and an ending."""
    return database.with_name(f"{database.name}{ending}")


def problem_of(error: sqlite3.Error, database: Path) -> Problem:
    """Why a database cannot be opened."""
    return mishaps.problem_of(error, database.parent) or Problem(
        f"The project database {database} cannot be opened: {error}."
    )
