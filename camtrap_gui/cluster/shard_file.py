"""The file in which a shard keeps its images and what a detector found in them: a small SQLite database of its own.

One process works on it at a time; every batch is one transaction, so that a killed process loses no more than that.
Read again, it is data from elsewhere: it must have exactly these tables, and every value is looked at before it is used.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote

from camtrap_gui.models.detectors import Detection
from camtrap_gui.problem import Problem
from camtrap_gui.project.detections import Seen, UnseenImage

FORMAT = "camtrap shard 1"
ENDING = ".shard"
MOST_SHARDS = 100_000

_TABLES = """
CREATE TABLE about (description TEXT NOT NULL);
CREATE TABLE roots (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE images (
    id INTEGER PRIMARY KEY, root_id INTEGER NOT NULL, path TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0, problem TEXT,
    UNIQUE (root_id, path)
);
CREATE INDEX images_unseen ON images (id) WHERE NOT seen;
CREATE TABLE detections (
    image_id INTEGER NOT NULL, category TEXT NOT NULL, confidence REAL NOT NULL,
    x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL
);
CREATE INDEX detections_by_image ON detections (image_id);
"""
_LONGEST_TEXT = 4096
_LONGEST_WORD = 100
_MOST_BOXES = 10_000
_SLACK = 1e-6
"""A box may leave the picture by so much: fractions are rounded."""


@dataclass(frozen=True)
class Identity:
    """The detector that a shard was looked at with, as the project will remember it."""

    name: str
    kind: str
    sha256: str
    typical_threshold: float
    conservative_threshold: float


@dataclass(frozen=True)
class About:
    """Which part of the images this is: the ``shard``-th (from 1) of ``shards``, and who looked at them."""

    shard: int
    shards: int
    detector: Identity
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one image, which is known by its root folder and its path below that."""

    root: str
    path: str
    boxes: tuple[Detection, ...]
    problem: str | None


class ShardFile:
    """A shard's file that this process alone works on, until ``close``."""

    def __init__(self, path: Path, about: About) -> None:
        """Opens or makes the file. Raises Problem when it is another shard's, or another process works on it."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = TRUNCATE")
            self._db.execute("BEGIN EXCLUSIVE")
        except (OSError, sqlite3.OperationalError) as error:
            if "locked" in str(error):
                raise Problem(
                    f"Another process is working on {path}. Wait for it, or give another file: --out"
                ) from error
            raise Problem(f"The file {path} cannot be written: {error}. Another one: --out") from error
        except sqlite3.DatabaseError as error:
            raise _no_shard(path) from error
        try:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                self._make(about)
            elif (begun := _about(self._db, path)) != about:
                raise Problem(
                    f"{path} was begun as shard {begun.shard} of {begun.shards} with the detector {begun.detector.name}"
                    f" ({begun.detector.sha256[:12]}). Give another file for this work: --out"
                )
            self._db.execute("COMMIT")
        except BaseException:
            self._db.close()
            raise

    def _make(self, about: About) -> None:
        import msgspec

        for statement in _TABLES.split(";"):
            self._db.execute(statement)
        self._db.execute("INSERT INTO about VALUES (?)", (msgspec.json.encode(about).decode(),))

    def want(self, images: Iterable[UnseenImage]) -> None:
        """The images that this shard is to look at, in this order. Those it has seen stay, others are forgotten."""
        db, roots = self._db, {}
        db.execute("BEGIN")
        try:
            db.execute("CREATE TEMP TABLE wanted (root_id INTEGER, path TEXT, PRIMARY KEY (root_id, path))")
            for image in images:
                root = str(image.root)
                if root not in roots:
                    db.execute("INSERT INTO roots (path) VALUES (?) ON CONFLICT DO NOTHING", (root,))
                    roots[root] = db.execute("SELECT id FROM roots WHERE path = ?", (root,)).fetchone()[0]
                db.execute("INSERT INTO wanted VALUES (?, ?)", (roots[root], image.path))
            db.execute(
                "DELETE FROM images WHERE NOT seen AND (root_id, path) NOT IN (SELECT root_id, path FROM wanted)"
            )
            db.execute(
                "INSERT INTO images (root_id, path) SELECT root_id, path FROM wanted WHERE true ORDER BY wanted.rowid"
                " ON CONFLICT DO NOTHING"
            )
            db.execute("DROP TABLE wanted")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def forget_unreadable(self) -> None:
        """Have another look at pictures that could not be read."""
        self._db.execute("UPDATE images SET seen = 0, problem = NULL WHERE problem IS NOT NULL")

    def counts(self) -> tuple[int, int]:
        """How many images are seen, and how many there are."""
        seen, there = self._db.execute("SELECT coalesce(sum(seen), 0), count(*) FROM images").fetchone()
        return int(seen), int(there)

    def unreadable(self) -> int:
        """How many of the images could not be read."""
        return int(self._db.execute("SELECT count(*) FROM images WHERE problem IS NOT NULL").fetchone()[0])

    def unseen(self, batch: int = 256) -> Iterator[UnseenImage]:
        """Images yet to be seen; numbers are the file's own. Rows may be added meanwhile."""
        after = 0
        while rows := self._db.execute(
            "SELECT images.id, roots.path, images.path FROM images JOIN roots ON roots.id = root_id"
            " WHERE NOT seen AND images.id > ? ORDER BY images.id LIMIT ?",
            (after, batch),
        ).fetchall():
            for number, root, path in rows:
                yield UnseenImage(number, Path(root), path)
            after = rows[-1][0]

    def add(self, batch: Iterable[Seen]) -> None:
        """Keep what was found in some images, all of it or nothing."""
        db = self._db
        db.execute("BEGIN")
        try:
            for seen in batch:
                db.execute(
                    "UPDATE images SET seen = 1, problem = ? WHERE id = ?", (seen.problem, seen.image_id)
                )
                db.executemany(
                    "INSERT INTO detections VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (seen.image_id, b.category, b.confidence, b.x, b.y, b.width, b.height)
                        for b in seen.boxes
                    ],
                )
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


@dataclass(frozen=True)
class Results:
    """A shard's file opened for reading: what it is, how many images it has ``unseen``, and its answers."""

    path: Path
    about: About
    seen: int
    unseen: int
    _db: sqlite3.Connection

    def answers(self, batch: int = 500) -> Iterator[list[Answer]]:
        """What was found, in batches, in the order it was looked at. Raises Problem at the first value that is wrong."""
        after = 0
        try:
            while rows := self._db.execute(
                "SELECT images.id, roots.path, images.path, problem FROM images JOIN roots ON roots.id = root_id"
                " WHERE seen AND images.id > ? ORDER BY images.id LIMIT ?",
                (after, batch),
            ).fetchall():
                yield [self._answer(*row) for row in rows]
                after = rows[-1][0]
        except (sqlite3.Error, OverflowError) as error:
            raise Problem(f"{self.path} is damaged: {error}. Make it anew.") from error

    def _answer(self, number: int, root: Any, path: Any, problem: Any) -> Answer:
        rows = self._db.execute(
            "SELECT category, confidence, x, y, width, height FROM detections WHERE image_id = ? ORDER BY rowid LIMIT ?",
            (number, _MOST_BOXES + 1),
        ).fetchall()
        is_right = (
            all(isinstance(text, str) and 0 < len(text) <= _LONGEST_TEXT for text in (root, path))
            and (problem is None or (isinstance(problem, str) and not rows))
            and len(rows) <= _MOST_BOXES
            and all(map(_is_box, rows))
        )
        if not is_right:
            raise Problem(
                f"{self.path} holds something that is no answer of a detector (image {number}). Make it anew."
            )
        return Answer(root, path, tuple(Detection(*row) for row in rows), problem and problem[:_LONGEST_TEXT])


@contextmanager
def reading(path: Path) -> Iterator[Results]:
    """A shard's file for reading. Raises Problem when it is none, is damaged, or is being worked on."""
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
            about = _about(db, path)
            count = "SELECT count(*) FROM images WHERE "
            seen, unseen = (db.execute(count + which).fetchone()[0] for which in ("seen", "NOT seen"))
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise Problem(f"A process is working on {path}. Merge again when it has finished.") from error
            raise _no_shard(path) from error
        yield Results(path, about, seen, unseen, db)


def _about(db: sqlite3.Connection, path: Path) -> About:
    import msgspec

    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql"
    wanted = sorted(statement.strip() for statement in _TABLES.split(";") if statement.strip())
    try:
        if [row[0] for row in db.execute(query)] != wanted:
            raise _no_shard(path)
        rows = db.execute("SELECT description FROM about LIMIT 2").fetchall()
        about = msgspec.json.decode(rows[0][0], type=About)
    except (ValueError, TypeError, IndexError) as error:  # msgspec's errors are ValueErrors
        raise _no_shard(path) from error
    detector = about.detector
    thresholds = (detector.typical_threshold, detector.conservative_threshold)
    if not (
        about.format == FORMAT
        and len(rows) == 1
        and 1 <= about.shard <= about.shards <= MOST_SHARDS
        and all(0 < len(word) <= _LONGEST_WORD for word in (detector.name, detector.kind))
        and len(detector.sha256) == 64
        and not set(detector.sha256) - set("0123456789abcdef")
        and all(0 <= threshold <= 1 for threshold in thresholds)
    ):
        raise _no_shard(path)
    return about


def _is_box(row: tuple[Any, ...]) -> bool:
    category, *numbers = row
    if not isinstance(category, str) or not 0 < len(category) <= _LONGEST_WORD:
        return False
    if not all(isinstance(number, float) and isfinite(number) for number in numbers):
        return False
    confidence, x, y, width, height = numbers
    return (
        0 <= confidence <= 1
        and min(x, y, width, height) >= -_SLACK
        and x + width <= 1 + _SLACK
        and y + height <= 1 + _SLACK
    )


def _no_shard(path: Path) -> Problem:
    return Problem(
        f"{path} is not the file of a shard of this program. Give those that camtrap detect --shard has made."
    )
