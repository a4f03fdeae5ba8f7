"""The file in which a shard keeps its images and what a detector found in them.

Every batch is one transaction, so that a killed process loses no more than that. Read again, it is data from elsewhere:
every value is looked at before it is used.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from camtrap_gui.cluster import result_file
from camtrap_gui.cluster.result_file import MOST_SHARDS
from camtrap_gui.models.detectors import Detection
from camtrap_gui.problem import Problem
from camtrap_gui.project.detections import Seen, UnseenImage

FORMAT = "camtrap shard 1"
ENDING = ".shard"

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

    @property
    def words(self) -> str:
        """Which shard it is, for people."""
        detector = self.detector
        return (
            f"shard {self.shard} of {self.shards} with the detector {detector.name} ({detector.sha256[:12]})"
        )

    @property
    def is_possible(self) -> bool:
        """Whether all of it makes sense."""
        detector = self.detector
        thresholds = (detector.typical_threshold, detector.conservative_threshold)
        return (
            self.format == FORMAT
            and 1 <= self.shard <= self.shards <= MOST_SHARDS
            and all(0 < len(word) <= _LONGEST_WORD for word in (detector.name, detector.kind))
            and len(detector.sha256) == 64
            and not set(detector.sha256) - set("0123456789abcdef")
            and all(0 <= threshold <= 1 for threshold in thresholds)
        )


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
        self._db = result_file.begin(path, _TABLES, about)

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
    with result_file.reading(path, _TABLES, About) as (db, about):
        count = "SELECT count(*) FROM images WHERE "
        try:
            seen, unseen = (db.execute(count + which).fetchone()[0] for which in ("seen", "NOT seen"))
        except sqlite3.DatabaseError as error:
            raise result_file.no_shard(path) from error
        yield Results(path, about, seen, unseen, db)


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
