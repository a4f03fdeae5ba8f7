"""Bringing pictures and what is known about them into a project, again and again without harm.

``Incoming`` is one import into one image root, inside one transaction (``importing``): it is kept whole or not at all. What an earlier
import said is brought up to date (``known_images``); what a person decided is left alone. An image is recognised by its
key in the root, otherwise by its path.
"""

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from camtrap_gui.project import bulk, edits
from camtrap_gui.project.importing import is_empty
from camtrap_gui.project.known_images import CORRUPT, KnownImages, NewImage
from camtrap_gui.project.numbered_names import NumberedNames
from camtrap_gui.project.source_names import SourceNames

LEFT_OUT = 0
"""The id that ``Incoming.ids_of`` gives for a picture of the source that was refused."""


class Said(NamedTuple):
    """Whose word a label is: ``author`` (a person, or 'import'), when (UTC), and what classifier said so, how sure (0..1)."""

    image_id: int
    species_id: int
    author: str
    made: str | None
    run: str | None
    confidence: float | None


class Incoming:
    """One import into the root ``root_id``; use it inside ``importing.importing``.

    Call ``add_images`` for all pictures, then ``end_images``, labels and boxes, at last ``finish``. A first import
    makes its indexes only when the rows are in, which takes half the time; those of pictures may be made while labels
    are read (``index_images``).

    ``author`` is 'import' or 'folder'. ``doubt`` receives ``(subject, reason)`` of everything that is passed over.
    ``left_alone`` are ids about whose contents this import must say nothing. ``new`` pictures were not in the project
    before.
    """

    def __init__(
        self, db: sqlite3.Connection, root_id: int, author: str, doubt: Callable[[str, str], None]
    ) -> None:
        self.db = db
        self.root_id = root_id
        self.new = 0
        self._author = author
        self._doubt = doubt
        self._names = SourceNames(db, root_id)
        self._known = KnownImages(db, root_id, author, self._names)
        name = "path" if author == "folder" else "key"
        self._ids = NumberedNames(db, "images", name)
        self._ids.load(db.execute(f"SELECT {name}, id FROM images WHERE root_id = ?", (root_id,)))
        self._batch: dict[str, int | None] = {}  # of the pictures that are being added
        self._had_images = _has_images(db, root_id)
        self._first_new = self._next = len(self._known)
        self._next_box = edits.free_box_id(db)
        self._sizes = array("i", bytes(8 * self._next))
        self._indexes: dict[str, str] = dict(db.execute(_INDEXES)) if is_empty(db) else {}
        for index in self._indexes:
            db.execute(f"DROP INDEX {index}")

    @property
    def met(self) -> int:
        """How many pictures the source named, new ones and known ones."""
        return self.new + self._known.met

    @property
    def changed(self) -> int:
        """How many known pictures were not as the source says now."""
        return self._known.changed

    @property
    def left_alone(self) -> set[int]:
        """Ids about whose contents this import must say nothing."""
        return self._known.left_alone

    def ids_of(self, keys: Sequence[str]) -> list[int | None]:
        """The ids of pictures that the source named, by what it calls them; ``LEFT_OUT``, or None if it named none."""
        ids = self._ids.find(keys, surely=False)
        if not self._had_images:
            return ids
        return [None if image_id is None or not self._was_met(image_id) else image_id for image_id in ids]

    def add_images(self, images: Sequence[NewImage]) -> None:
        """Insert the new ones of a batch and bring the known ones up to date."""
        keys = [image.key for image in images]
        ids = range(self._next, self._next + len(images))
        if self._had_images or not self._ids.add_if_new(keys, ids):
            found = self._ids.find(keys)
            self._batch = dict(zip(keys, found, strict=True))
            before = self._known.rows(image_id for image_id in found if image_id)
            images = [image for image in images if self._is_new(image, before)]
            self._ids.add([image.key for image in images], range(self._next, self._next + len(images)))
        if images:
            self._insert(images)

    def leave_out(self, keys: Iterable[str]) -> None:
        """The source names these pictures, but they cannot come in. For the end, when all others are in."""
        keys = [*keys]
        for key, image_id in zip(keys, self._ids.find(keys), strict=True):
            if image_id is None:
                self._ids.say(key, LEFT_OUT)

    def end_images(self) -> None:
        """All pictures were added. Pictures under the path of an earlier one are left out."""
        if "images_by_path" not in self._indexes:
            return
        try:
            self.db.execute(self._indexes["images_by_path"])
        except sqlite3.IntegrityError:
            self._leave_out_twins()
            self.db.execute(self._indexes["images_by_path"])
        del self._indexes["images_by_path"]

    def index_images(self) -> None:
        """Make one of the indexes of pictures that are still to be made. It takes long, and other threads run meanwhile."""
        for name in self._indexes:
            if name.startswith("images"):
                self.db.execute(self._indexes.pop(name))
                return

    def size_of(self, image_id: int) -> tuple[int, int] | None:
        """Width and height in pixels as the source gave them in this import; None where it did not."""
        width, height = self._sizes[2 * image_id], self._sizes[2 * image_id + 1]
        return (width, height) if width and height else None

    def set_size(self, image_id: int, width: int, height: int) -> None:
        """Remember a size that the source did not give."""
        self._sizes[2 * image_id], self._sizes[2 * image_id + 1] = width, height

    def add_labels(
        self,
        image_ids: Sequence[int],
        species_ids: Sequence[int],
        counts: Sequence[int | None],
        sequence_level: Sequence[int],
    ) -> None:
        """Columns of labels. The same species again adds to its count. Labels of persons stay as they are."""
        bulk.insert(
            self.db,
            "INSERT INTO labels",
            {
                "image_id": image_ids,
                "species_id": species_ids,
                "count": counts,
                "sequence_level": sequence_level,
                "author": [self._author] * len(image_ids),
            },
            """ON CONFLICT (image_id, species_id) DO UPDATE SET
                   count = CASE WHEN excluded.count IS NULL THEN count ELSE coalesce(count, 0) + excluded.count END,
                   sequence_level = min(sequence_level, excluded.sequence_level)
               WHERE author = excluded.author""",
        )

    def attribute(self, said: Iterable[Said]) -> None:
        """Say whose word labels of this import are; those of persons who said them before stay as they are.

        It counts when the import is finished, as more of the same label may still come.
        """
        self.db.execute(f"CREATE TEMP TABLE IF NOT EXISTS said ({', '.join(Said._fields)})")
        self.db.executemany("INSERT INTO temp.said VALUES (?, ?, ?, ?, ?, ?)", said)

    def add_box(
        self,
        image_id: int,
        species_id: int | None,
        box: tuple[float, float, float, float],
        author: str = "import",
        made: str | None = None,
    ) -> None:
        """A box of the source, as fractions of the picture. A box that is already known keeps its id.

        ``author`` is the person who drew it, and ``made`` when (UTC), if the source says so.
        """
        values = (image_id, species_id, *box, author)
        known = self.db.execute(
            """SELECT id FROM boxes WHERE image_id = ? AND species_id IS ? AND x = ? AND y = ? AND width = ?
               AND height = ? AND author = ?""",
            values,
        ).fetchone()
        if known:
            self._known.keep_box(known[0])
        else:
            self.db.execute(
                "INSERT INTO boxes (id, image_id, species_id, x, y, width, height, author, made)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self._next_box, *values, made),
            )
            self._next_box += 1

    def keep_boxes(self) -> None:
        """The source knows nothing of boxes: those that earlier imports brought stay."""
        self._known.keep_boxes()

    def finish(self) -> None:
        """Remove boxes the source no longer has, and have files looked at again that could not be used before."""
        self.end_images()
        for statement in self._indexes.values():
            self.db.execute(statement)
        self._indexes.clear()
        self._known.remove_stale_boxes()
        self._end_labels()
        self.db.execute(
            "UPDATE images SET checked = 0 WHERE problem IS NOT NULL AND problem != ? AND root_id = ?",
            (CORRUPT, self.root_id),
        )

    def _end_labels(self) -> None:
        if not self.db.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'said'").fetchone():
            return
        self.db.execute(
            "UPDATE labels SET author = said.author, made = said.made, run_id = said.run, confidence = said.confidence"
            " FROM temp.said AS said WHERE labels.image_id = said.image_id AND labels.species_id = said.species_id"
            " AND labels.author = 'import'"
        )
        self.db.execute("DROP TABLE temp.said")

    def _was_met(self, image_id: int) -> bool:
        return image_id == LEFT_OUT or image_id >= self._first_new or self._known.was_met(image_id)

    def _is_new(self, image: NewImage, before: dict[int, sqlite3.Row]) -> bool:
        """Whether a picture is to be inserted. A known one is brought up to date, one that was met before refused."""
        known = self._batch[image.key]
        if known is not None and self._was_met(known):
            self._doubt(f"image {image.key}", "image id used twice")
            return False
        row = None if known is None else before[known]
        if row is None or row["path"] != image.path:
            twin = self._known.at(image.path)
            if twin is not None and self._was_met(twin["id"]):
                self._leave_out_twin(image.key, image.path)
                return False
            row = twin or row
        if row is None:
            self._batch[image.key] = self._next  # or thereabouts: it was met
            return True
        self._known.meet(row, image)
        if image.width and image.height:
            self.set_size(row["id"], image.width, image.height)
        if row["key"] != image.key and self._author == "import":  # numbered anew
            self._rename(row, image.key)
        return False

    def _rename(self, row: sqlite3.Row, key: str) -> None:
        image_id, before = row["id"], row["key"]
        if self._ids.find([before], surely=False) == [image_id]:
            self._ids.say(before, None)
        if self._batch.get(before) == image_id:
            self._batch[before] = None
        self._ids.say(key, image_id)
        self._batch[key] = image_id

    def _insert(self, images: Sequence[NewImage]) -> None:
        ids = range(self._next, self._next + len(images))
        self._next = ids.stop
        columns: dict[str, Sequence[Any]] = {
            "id": ids,
            "key": [image.key for image in images],
            "root_id": [self.root_id] * len(images),
            "path": [image.path for image in images],
            "location_id": self._names.locations([image.location for image in images]),
            "sequence_id": self._names.sequences([image.sequence for image in images]),
            "frame": [image.frame for image in images],
            "frames": [image.frames for image in images],
            "taken": [image.taken for image in images],
            "width": [image.width for image in images],
            "height": [image.height for image in images],
            "extra": [image.extra and image.extra_as_json() for image in images],
        }
        sizes = array("i", bytes(8 * len(images)))
        sizes[::2] = array("i", [width or 0 for width in columns["width"]])
        sizes[1::2] = array("i", [height or 0 for height in columns["height"]])
        self._sizes += sizes
        inserted = bulk.insert(self.db, "INSERT OR IGNORE INTO images", columns)
        self.new += inserted
        corrupt = [image_id for image_id, image in zip(ids, images, strict=True) if image.corrupt]
        self.db.executemany(
            "UPDATE images SET checked = 1, problem = ? WHERE id = ?", ((CORRUPT, one) for one in corrupt)
        )
        if inserted != len(images):  # the index of paths refused some
            there = {row[0] for row in self.db.execute("SELECT id FROM images WHERE id >= ?", (ids.start,))}
            for image_id, image in zip(ids, images, strict=True):
                if image_id not in there:
                    self._leave_out_twin(image.key, image.path)

    def _leave_out_twins(self) -> None:
        self.db.execute("CREATE INDEX all_by_path ON images (root_id, path)")
        twins = self.db.execute(
            """SELECT id, key, path FROM images AS twin WHERE EXISTS (SELECT 1 FROM images AS first
               WHERE first.root_id = twin.root_id AND first.path = twin.path AND first.id < twin.id)"""
        ).fetchall()
        for image_id, key, path in twins:
            self._leave_out_twin(key, path)
            self.db.execute("DELETE FROM images WHERE id = ?", (image_id,))
        self.db.execute("DROP INDEX all_by_path")
        self.new -= len(twins)

    def _leave_out_twin(self, key: str, path: str) -> None:
        self._ids.say(key, LEFT_OUT)
        self._batch[key] = LEFT_OUT
        self._doubt(f"image {key}: {path}", "file name used twice")


_INDEXES = """
    SELECT name, sql FROM sqlite_master
    WHERE type = 'index' AND tbl_name IN ('images', 'labels') AND sql IS NOT NULL AND sql NOT LIKE '% WHERE %'
"""
"""Those that a first import is faster without; of a part of the rows, nearly none of them come in."""


def _has_images(db: sqlite3.Connection, root_id: int) -> bool:
    return db.execute("SELECT 1 FROM images WHERE root_id = ? LIMIT 1", (root_id,)).fetchone() is not None
