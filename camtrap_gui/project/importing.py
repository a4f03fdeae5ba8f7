"""The transaction in which pictures and what is known about them come into a project, and what makes a first one fast."""

import gc
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from camtrap_gui.project import Project, edits


@contextmanager
def importing(project: Project) -> Iterator[sqlite3.Connection]:
    """The transaction of an import.

    Python's search for reference cycles rests meanwhile: records have none, and walking over millions of them again and
    again would make a twentieth of the time. Threads give Python's lock up sooner: the one that writes needs it for a
    moment after every thousand rows, and would wait for the one that reads as long as a thousand rows take.
    """
    if is_empty(project.db):
        _prepare_first(project.db)
    collected, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(0.0005)
    try:
        with project.write() as db:
            edits.forget_undone(db)  # what comes in now may take the numbers of what was undone
            yield db
    finally:
        _end_first(project.db)
        sys.setswitchinterval(interval)
        if collected:
            gc.enable()


def _prepare_first(db: sqlite3.Connection) -> None:
    """Set a database of a first import for it.

    What refers to what is made in it from beginning to end; having SQLite check it again would make a fifth of the time.
    Indexes are sorted in files, and a cache takes as much again while they are sorted. A log that is written ahead would
    have every page written twice, where rolling back needs nothing but the size that the file had; as nobody could read
    meanwhile, this is for a program that is alone with the project, and to others it stays locked until the end.
    """
    db.execute("PRAGMA foreign_keys = OFF")
    if not db.in_transaction:  # a preview
        db.execute("PRAGMA cache_size = -32768")
        db.execute("PRAGMA threads = 2")
        with suppress(sqlite3.OperationalError):  # somebody else has it open
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("PRAGMA synchronous = FULL")


def _end_first(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    if not db.in_transaction:
        db.execute("PRAGMA cache_size = -65536")
        with suppress(sqlite3.OperationalError):  # somebody reads in it; who opens it next sets it back
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")


def is_empty(db: sqlite3.Connection) -> bool:
    """Whether there is no picture in a project yet."""
    return db.execute("SELECT 1 FROM images LIMIT 1").fetchone() is None
