"""The data set in the making: what is to be cut out of which image, and what has become of it so far.

A ``Plan`` is a scratch database of its own, which SQLite keeps in a temporary file where it grows: a survey of a
million images is planned in the memory of a small one. ``crop_choice`` fills it, the crop step completes it, and at
last its rows become the project's.
"""

import random
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from camtrap_gui.files import inside
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_files, images
from camtrap_gui.project.crop_files import Cut, Picture
from camtrap_gui.project.crops import SPLITS, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNREADABLE = "the picture cannot be read"
TOO_SMALL = "its boxes are too small"

_PAGE = 1_000


class Plan:
    """Images and crops that are wanted (tables ``images``, ``crops``) and images left out (``left_out``)."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE images (
                id INTEGER PRIMARY KEY, key TEXT, root_id INTEGER, path TEXT, sequence_id INTEGER, sequence TEXT,
                location TEXT
            );
            CREATE INDEX images_by_location ON images (location);
            CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT UNIQUE, split INTEGER);
            CREATE TABLE known (location TEXT PRIMARY KEY, split TEXT) WITHOUT ROWID;
            CREATE TABLE crops (
                id INTEGER PRIMARY KEY, image_id INTEGER, species_id INTEGER, box_id INTEGER, detection_id INTEGER,
                confidence REAL, x REAL, y REAL, width REAL, height REAL, file TEXT UNIQUE, folded TEXT UNIQUE,
                left INTEGER, top INTEGER, right INTEGER, bottom INTEGER, sha256 TEXT,
                staged INTEGER NOT NULL DEFAULT 0, split TEXT, number INTEGER
            );
            CREATE INDEX crops_by_image ON crops (image_id);
            CREATE TABLE left_out (image_id INTEGER PRIMARY KEY, reason TEXT);
            """
        )

    def __enter__(self) -> "Plan":
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def count(self, table: str, where: str = "1", *values: object) -> int:
        """Rows of a table that fulfil a condition."""
        return int(self.db.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", values).fetchone()[0])

    def leave_out(self, image_id: int, reason: str) -> None:
        """Take an image out of the plan, saying why."""
        self.db.execute("INSERT OR REPLACE INTO left_out VALUES (?, ?)", (image_id, reason))
        self.db.execute("DELETE FROM crops WHERE image_id = ?", (image_id,))
        self.db.execute("DELETE FROM images WHERE id = ?", (image_id,))

    def left_out(self) -> Iterator[tuple[int, str]]:
        """Images left out, each with the reason."""
        for row in self.db.execute("SELECT image_id, reason FROM left_out ORDER BY image_id"):
            yield row["image_id"], row["reason"]

    def reasons(self) -> dict[str, int]:
        """How many images are left out, by reason, most frequent first."""
        rows = self.db.execute(
            "SELECT reason, COUNT(*) AS number FROM left_out GROUP BY reason ORDER BY number DESC, reason"
        )
        return {row["reason"]: row["number"] for row in rows}

    def files(self) -> Iterator[str]:
        """The files of all crops."""
        for row in self.db.execute("SELECT file FROM crops"):
            yield row["file"]

    def pictures(self, project: Project) -> Iterator[Picture]:
        """All images with the crops wanted from them, in the order of their ids. Images may be left out meanwhile."""
        roots = images.roots(project)
        after = 0
        while page := self.db.execute(
            "SELECT * FROM images WHERE id > ? ORDER BY id LIMIT ?", (after, _PAGE)
        ).fetchall():
            for image in page:
                rows = self.db.execute("SELECT * FROM crops WHERE image_id = ? ORDER BY id", (image["id"],))
                crops = tuple(
                    crop_files.wanted(
                        project, row["id"], row["file"], (row["x"], row["y"], row["width"], row["height"])
                    )
                    for row in rows.fetchall()
                )
                try:
                    source = inside(roots[image["root_id"]], image["path"])
                except Problem:  # a link that has come to lead out of the root
                    self.leave_out(image["id"], UNREADABLE)
                    continue
                yield Picture(image["id"], source, image["path"], crops)
            after = page[-1]["id"]

    def complete(self, cut: Cut) -> None:
        """Keep what has become of a picture; without any crop left it is left out."""
        if cut.problem is not None:
            self.leave_out(cut.image_id, UNREADABLE)
            return
        for crop_id, made in cut.made.items():
            if made is None:
                self.db.execute("DELETE FROM crops WHERE id = ?", (crop_id,))
            else:
                self.db.execute(
                    "UPDATE crops SET left = ?, top = ?, right = ?, bottom = ?, sha256 = ?, staged = ? WHERE id = ?",
                    (*made.window, made.sha256, made.staged, crop_id),
                )
        if all(made is None for made in cut.made.values()):
            self.leave_out(cut.image_id, TOO_SMALL)

    def number_places(self, known: Iterable[tuple[str, str]]) -> int:
        """Number the locations from 0 in the order of their names, for what follows; how many there are.

        ``known`` are splits that locations have already, also of locations that are not in the plan.
        """
        self.db.execute("BEGIN")
        self.db.execute("DELETE FROM places")
        self.db.execute(
            "INSERT INTO places (id, name) SELECT row_number() OVER (ORDER BY location) - 1, location"
            " FROM (SELECT DISTINCT location FROM images)"
        )
        self.db.execute("DELETE FROM known")
        self.db.executemany("INSERT OR REPLACE INTO known VALUES (?, ?)", known)
        self.db.execute("COMMIT")
        return self.count("places")

    def places(self) -> Iterator[tuple[int, str, str | None]]:
        """Number, name and known split of every location."""
        rows = self.db.execute(
            "SELECT id, name, known.split FROM places LEFT JOIN known ON location = name ORDER BY id"
        )
        yield from map(tuple, rows)

    def joined_places(self) -> Iterator[tuple[int, int]]:
        """Pairs of locations that share a sequence, enough to know all that hang together."""
        rows = self.db.execute(
            "SELECT DISTINCT one.id, other.id FROM images JOIN"
            " (SELECT sequence_id, MIN(location) AS first FROM images WHERE sequence_id IS NOT NULL"
            "  GROUP BY sequence_id HAVING MIN(location) < MAX(location)) USING (sequence_id)"
            " JOIN places AS one ON one.name = first JOIN places AS other ON other.name = location ORDER BY 1, 2"
        )
        yield from map(tuple, rows)

    def amounts(self) -> "NDArray[np.int64]":
        """Crops of each species at each location: rows of location, species id, number."""
        import numpy as np

        rows = self.db.execute(
            "SELECT places.id, species_id, COUNT(*) FROM crops JOIN images ON images.id = image_id"
            " JOIN places ON name = location GROUP BY 1, 2 ORDER BY 1, 2"
        )
        found = array("q")
        for row in rows:
            found.extend(row)
        return np.frombuffer(found, np.int64).reshape(-1, 3)

    def assign(self, splits: "NDArray[np.int8]") -> None:
        """Put the crops of each location into a split: its place in ``SPLITS``."""
        self.db.execute("BEGIN")
        self.db.executemany(
            "UPDATE places SET split = ? WHERE id = ?", zip(splits.tolist(), range(len(splits)), strict=True)
        )
        cases = " ".join(f"WHEN {number} THEN '{split}'" for number, split in enumerate(SPLITS))
        self.db.execute(
            f"UPDATE crops SET split = (SELECT CASE places.split {cases} END FROM images JOIN places ON name = location"
            " WHERE images.id = image_id)"
        )
        self.db.execute("COMMIT")

    def split_amounts(self) -> dict[tuple[int, str], int]:
        """Crops of each species in each split: ``(species id, split) -> number``."""
        rows = self.db.execute(
            "SELECT species_id, split, COUNT(*) AS number FROM crops GROUP BY species_id, split"
        )
        return {(row["species_id"], row["split"]): row["number"] for row in rows}

    def split_locations(self) -> dict[str, int]:
        """How many locations have crops in each split."""
        rows = self.db.execute(
            "SELECT split, COUNT(DISTINCT location) AS number FROM crops JOIN images ON images.id = image_id GROUP BY split"
        )
        return {row["split"]: row["number"] for row in rows}

    def number(self, project: Project) -> None:
        """Give every crop its id in the project: that of the same crop there, or the next free one."""
        following = 1 + project.db.execute("SELECT COALESCE(MAX(id), 0) FROM crops").fetchone()[0]
        query, after = "SELECT id FROM crops WHERE file = ? AND sha256 = ?", 0
        while page := self.db.execute(
            "SELECT id, file, sha256 FROM crops WHERE id > ? ORDER BY id LIMIT ?", (after, _PAGE)
        ).fetchall():
            numbers = []
            for row in page:
                same = project.db.execute(query, (row["file"], row["sha256"])).fetchone()
                numbers.append((same["id"] if same else following, row["id"]))
                following += same is None
            self.db.executemany("UPDATE crops SET number = ? WHERE id = ?", numbers)
            after = page[-1]["id"]

    def of_split(self, split: str) -> Iterator[Any]:
        """The crops of a split with what is known of their images, in the order of their project ids."""
        yield from self.db.execute(
            "SELECT crops.*, key, location, sequence FROM crops JOIN images ON images.id = image_id"
            " WHERE split = ? ORDER BY number",
            (split,),
        )

    def shuffled(self, split: str, seed: int) -> Iterator[Any]:
        """The crops of a split in an order that only the seed and their file names decide; 8 bytes of memory each."""
        rows = self.db.execute("SELECT id FROM crops WHERE split = ? ORDER BY file", (split,))
        order = array("q", (row["id"] for row in rows))
        random.Random(f"{seed} {split}").shuffle(order)
        for crop_id in order:
            yield self.db.execute("SELECT * FROM crops WHERE id = ?", (crop_id,)).fetchone()

    def rows(self) -> Iterator[Row]:
        """The crops as the project keeps them."""
        names = ("number AS id", *Row._fields[1:])
        query = f"SELECT {', '.join(names)} FROM (SELECT crops.*, location FROM crops JOIN images ON images.id = image_id)"
        for row in self.db.execute(f"{query} ORDER BY number"):
            yield Row(*row)

    def staged(self) -> Iterator[str]:
        """Crop files that wait for their place, relative to the project folder."""
        for row in self.db.execute("SELECT file FROM crops WHERE staged ORDER BY file"):
            yield f"crops/{row['file']}"
