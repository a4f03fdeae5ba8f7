"""The file in which a shard keeps what a backbone saw in its crops, by the hash of each crop file.

A crop belongs to the shard that the first eight bytes of its hash, as a number, say modulo the number of shards. So it
does not matter where the crops lie or when they were cut out. Read again, the file is data from elsewhere.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.cluster import result_file
from camtrap_gui.cluster.result_file import MOST_SHARDS
from camtrap_gui.cluster.shards import FOLDER
from camtrap_gui.files import safe_name
from camtrap_gui.models.classifiers import features
from camtrap_gui.models.classifiers.crop_reading import CropFile
from camtrap_gui.models.classifiers.features import SeenCrop
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_pages

FORMAT = "camtrap crops 1"
ENDING = ".crops"
_TABLES = """
CREATE TABLE about (description TEXT NOT NULL);
CREATE TABLE crops (sha256 BLOB PRIMARY KEY NOT NULL, vector BLOB, problem TEXT) WITHOUT ROWID;
"""
_LONGEST_TEXT = 4096
_MOST_FEATURES = 100_000


@dataclass(frozen=True)
class About:
    """Which part of the crops this is: the ``shard``-th (from 1) of ``shards``; and the backbone that looked at squares of
    ``input_size`` pixels with weights of the hash ``sha256``, and so many ``features``."""

    shard: int
    shards: int
    backbone: str
    sha256: str
    input_size: int
    features: int
    format: str = FORMAT

    @property
    def folder(self) -> str:
        """Where in a project's features it belongs. Raises Problem when this program does not know the backbone."""
        from camtrap_gui.models.classifiers import backbones

        return features.name_of(backbones.get(self.backbone, self.input_size), self.sha256)

    @property
    def words(self) -> str:
        """Which shard it is, for people."""
        return f"shard {self.shard} of {self.shards} for {self.backbone} at {self.input_size} pixels ({self.sha256[:12]})"

    @property
    def is_possible(self) -> bool:
        """Whether all of it makes sense."""
        return (
            self.format == FORMAT
            and 1 <= self.shard <= self.shards <= MOST_SHARDS
            and len(self.sha256) == 64
            and not set(self.sha256) - set("0123456789abcdef")
            and 0 < len(self.backbone) <= 100
            and 1 <= self.features <= _MOST_FEATURES
        )


def shard_of(sha256: str, shards: int) -> int:
    """The shard, counted from 1, that a crop of this hash belongs to."""
    return int(sha256[:16], 16) % shards + 1


def file_for(project: Path, about: About) -> Path:
    """Where a shard keeps what was seen unless told otherwise."""
    digits = len(str(about.shards))
    return project / FOLDER / f"{safe_name(about.folder)}-{about.shard:0{digits}}-of-{about.shards}{ENDING}"


def files_of(project: Path) -> list[Path]:
    """The files of shards of crops that lie in a project, by name."""
    return sorted((project / FOLDER).glob(f"*{ENDING}"))


class CropShard:
    """A shard's file that this process alone works on, until ``close``."""

    def __init__(self, path: Path, about: About) -> None:
        """Opens or makes the file. Raises Problem when it is another shard's, or another process works on it."""
        self._about = about
        self._db = result_file.begin(path, _TABLES, about)

    def want(self, project: Project, there: Path) -> int:
        """Find out which crops this shard has to look at, those that are neither in it nor among the features in the folder
        ``there``, and how many they are."""
        db, about, number = self._db, self._about, 0
        db.execute("DROP TABLE IF EXISTS temp.wanted")
        db.execute("CREATE TEMP TABLE wanted (number INTEGER PRIMARY KEY, file TEXT, sha256 TEXT)")
        for page in crop_pages.all_of(project):
            mine = [crop for crop in page if shard_of(crop.sha256, about.shards) == about.shard]
            known = features.peek(there, [crop.sha256 for crop in mine])
            rows = [
                (str(crop.file), crop.sha256)
                for crop in mine
                if crop.sha256 not in known and not self._has(crop.sha256)
            ]
            db.executemany("INSERT INTO wanted (file, sha256) VALUES (?, ?)", rows)
            number += len(rows)
        return number

    def unseen(self) -> Iterator[CropFile]:
        """The crops that it has to look at. What was seen may be added meanwhile."""
        after = 0
        while rows := self._db.execute(
            "SELECT number, file, sha256 FROM temp.wanted WHERE number > ? ORDER BY number LIMIT 500",
            (after,),
        ).fetchall():
            yield from (CropFile(Path(file), sha256) for _, file, sha256 in rows)
            after = rows[-1][0]

    def add(self, batch: Iterable[SeenCrop]) -> None:
        """Keep what was seen in some crops, all of it or nothing."""
        rows = [
            (
                bytes.fromhex(one.crop.sha256),
                None if one.vector is None else one.vector.tobytes(),
                one.problem,
            )
            for one in batch
        ]
        self._db.execute("BEGIN")
        try:
            self._db.executemany("INSERT OR REPLACE INTO crops VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def counts(self) -> tuple[int, int]:
        """How many crops were looked at, and how many of them cannot be used."""
        query = "SELECT count(*), coalesce(sum(problem IS NOT NULL), 0) FROM crops"
        seen, unusable = self._db.execute(query).fetchone()
        return int(seen), int(unusable)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _has(self, sha256: str) -> bool:
        """Whether a crop was seen. One that could not be used is tried again."""
        query = "SELECT 1 FROM crops WHERE sha256 = ? AND vector IS NOT NULL"
        return self._db.execute(query, (bytes.fromhex(sha256),)).fetchone() is not None


@dataclass(frozen=True)
class Page:
    """Some of what was seen: hashes and their features, float16 [N, F]; and hashes of crops that cannot be used, and why."""

    sha256s: list[str]
    vectors: NDArray[np.float16]
    unusable: dict[str, str]


@dataclass(frozen=True)
class Results:
    """A shard's file opened for reading: what it is, and what was seen."""

    path: Path
    about: About
    _db: sqlite3.Connection

    def count(self) -> int:
        """How many crops it has an answer for."""
        return int(self._db.execute("SELECT count(*) FROM crops").fetchone()[0])

    def pages(self, size: int = 500) -> Iterator[Page]:
        """What was seen, by hash. Raises Problem at the first value that is wrong."""
        after = b""
        try:
            while rows := self._db.execute(
                "SELECT sha256, vector, problem FROM crops WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
                (after, size),
            ).fetchall():
                yield self._page(rows)
                after = rows[-1][0]
        except (sqlite3.Error, OverflowError) as error:
            raise Problem(f"{self.path} is damaged: {error}. Make it anew.") from error

    def _page(self, rows: list[tuple[Any, Any, Any]]) -> Page:
        width = self.about.features
        seen = [(sha256, vector) for sha256, vector, problem in rows if problem is None]
        unusable = {sha256: problem for sha256, _, problem in rows if problem is not None}
        is_right = (
            all(isinstance(sha256, bytes) and len(sha256) == 32 for sha256, _, _ in rows)
            and all(isinstance(vector, bytes) and len(vector) == 2 * width for _, vector in seen)
            and all(isinstance(problem, str) for problem in unusable.values())
        )
        data = b"".join(vector for _, vector in seen) if is_right else b""
        vectors = np.frombuffer(data, "<f2").reshape(-1, width)
        if not is_right or not np.isfinite(vectors).all():
            raise Problem(f"{self.path} holds something that is no answer of a backbone. Make it anew.")
        reasons = {sha256.hex(): problem[:_LONGEST_TEXT] for sha256, problem in unusable.items()}
        return Page([sha256.hex() for sha256, _ in seen], vectors, reasons)


@contextmanager
def reading(path: Path) -> Iterator[Results]:
    """A shard's file for reading. Raises Problem when it is none, is damaged, or is being worked on."""
    with result_file.reading(path, _TABLES, About) as (db, about):
        yield Results(path, about, db)
