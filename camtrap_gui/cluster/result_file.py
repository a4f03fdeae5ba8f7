"""The file of a shard, whatever is in it: a small SQLite database of its own that says in one row what it is about.

One process works on it at a time. Read again, it is data from elsewhere: it must have exactly the tables that it should.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote

from camtrap_gui.problem import Problem

MOST_SHARDS = 100_000


class About(Protocol):
    """What a file is about: a dataclass of plain values."""

    @property
    def words(self) -> str:
        """Which shard it is, for people."""
        ...

    @property
    def is_possible(self) -> bool:
        """Whether all of it makes sense."""
        ...


Kind = TypeVar("Kind", bound=About)


def begin(path: Path, tables: str, about: About) -> sqlite3.Connection:
    """A file to work on, made where there is none, with these ``tables`` (SQL; one is ``about (description)``).

    Raises Problem when it is another shard's, or another process works on it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=0, isolation_level=None)
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = TRUNCATE")
        db.execute("BEGIN EXCLUSIVE")
    except (OSError, sqlite3.OperationalError) as error:
        if "locked" in str(error):
            raise Problem(
                f"Another process is working on {path}. Wait for it, or give another file: --out"
            ) from error
        raise Problem(f"The file {path} cannot be written: {error}. Another one: --out") from error
    except sqlite3.DatabaseError as error:
        raise no_shard(path) from error
    try:
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            _make(db, tables, about)
        elif (begun := _about(db, path, tables, type(about))) != about:
            raise Problem(f"{path} was begun as {begun.words}. Give another file for this work: --out")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def reading(path: Path, tables: str, kind: type[Kind]) -> Iterator[tuple[sqlite3.Connection, Kind]]:
    """A file for reading, and what it is about. Raises Problem when it is none, is damaged, or is being worked on."""
    if not path.is_file():
        raise Problem(f"There is no file {path}.")
    # Writable where that is allowed, because what a killed process left half done is taken back first.
    address = f"file:{quote(str(path.resolve()))}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=1, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
            about = _about(db, path, tables, kind)
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise Problem(f"A process is working on {path}. Merge again when it has finished.") from error
            raise no_shard(path) from error
        yield db, about


def no_shard(path: Path) -> Problem:
    """Of a file that is none."""
    return Problem(
        f"{path} is not the file of a shard of this program. Give those that camtrap detect --shard or camtrap embed"
        " --shard has made."
    )


def _make(db: sqlite3.Connection, tables: str, about: About) -> None:
    import msgspec

    for statement in tables.split(";"):
        db.execute(statement)
    db.execute("INSERT INTO about VALUES (?)", (msgspec.json.encode(about).decode(),))


def _about(db: sqlite3.Connection, path: Path, tables: str, kind: type[Kind]) -> Kind:
    import msgspec

    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql"
    wanted = sorted(statement.strip() for statement in tables.split(";") if statement.strip())
    try:
        if [row[0] for row in db.execute(query)] != wanted:
            raise no_shard(path)
        rows = db.execute("SELECT description FROM about LIMIT 2").fetchall()
        about = msgspec.json.decode(rows[0][0], type=kind)
    except (ValueError, TypeError, IndexError) as error:  # msgspec's errors are ValueErrors
        raise no_shard(path) from error
    if len(rows) != 1 or not about.is_possible:
        raise no_shard(path)
    return about
