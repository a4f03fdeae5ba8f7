"""Bringing pictures and what is known about them into a project, again and again without harm.

``Incoming`` is one import into one image root, inside one transaction: it is kept whole or not at all. What an earlier
import said is brought up to date; what a person decided is left alone. An image is recognised by its key in the root,
otherwise by its path.
"""

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from camtrap_gui import files
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project

LEFT_OUT = 0
"""The id that ``Incoming.ids`` gives for a picture of the source that was refused."""

_ROWS = 100

CORRUPT = "corrupt: the source says so"


class NewImage(msgspec.Struct, gc=False):
    """A picture as a source describes it; see the table ``images``. None: the source is silent.

    ``extra`` are fields of the source that the table has no column for. Readers that decode straight into it may leave
    numbers in ``key``, ``location`` and ``sequence`` at first; they are texts when the picture comes in.
    """

    key: str
    path: str
    location: str | None = None
    sequence: str | None = None
    frame: int | None = None
    frames: int | None = None
    taken: str | None = None
    width: int | None = None
    height: int | None = None
    extra: dict[str, Any] | None = None
    corrupt: bool | None = None


def clean_path(path: str, root: Path) -> str | None:
    """A path of a source with forward slashes and without detours; None when it leads out of ``root``."""
    if not (
        path[:1] in "/."
        or "\\" in path
        or ":" in path
        or "\0" in path
        or "//" in path
        or "/." in path
        or path[-1] == "/"
    ):
        return path
    try:
        relative = files.inside(root, path).relative_to(root).as_posix()
    except Problem:
        return None
    return None if relative == "." else relative


def rule_of(db: sqlite3.Connection, folder: Path) -> str | None:
    """How the folders below an image root are called, as the last import was told."""
    row = db.execute(
        "SELECT rule FROM folder_rules JOIN roots ON roots.id = root_id WHERE path = ?", (str(folder),)
    ).fetchone()
    return None if row is None else str(row[0])


def keep_rule(db: sqlite3.Connection, root_id: int, rule: str) -> None:
    """Remember how the folders below an image root are called."""
    db.execute("INSERT OR REPLACE INTO folder_rules (root_id, rule) VALUES (?, ?)", (root_id, rule))


def root_for(db: sqlite3.Connection, folder: Path, sample: Sequence[tuple[str, str]]) -> int:
    """The id of the image root ``folder``, made if need be. ``sample``: keys and paths of some pictures to come.

    When these are already known in a root that is gone, and are found in ``folder``, the survey has moved: its root
    now is ``folder``. When they are known in a root that is still there, with the same files, raises Problem.
    """
    known = db.execute("SELECT id FROM roots WHERE path = ?", (str(folder),)).fetchone()
    if known:
        return int(known[0])
    for root_id, place in db.execute("SELECT id, path FROM roots").fetchall():
        if not sample or not all(_is_known(db, root_id, key, path) for key, path in sample):
            continue
        if not Path(place).is_dir():
            if any((folder / path).is_file() for _, path in sample):
                db.execute("UPDATE roots SET path = ? WHERE id = ?", (str(folder), root_id))
                db.execute("UPDATE images SET checked = 0 WHERE root_id = ?", (root_id,))
                return int(root_id)
        elif _same_files(Path(place), folder, [path for _, path in sample]):
            raise Problem(
                f"These pictures are already in the project, from {place}. If they are to be read from {folder} "
                f"from now on, rename or unmount {place} first and try again."
            )
    made = db.execute("INSERT INTO roots (path) VALUES (?)", (str(folder),)).lastrowid
    assert made is not None
    return made


@contextmanager
def importing(project: Project) -> Iterator[sqlite3.Connection]:
    """The transaction of an import.

    In a first import, what refers to what is made here from beginning to end; having SQLite check it again would make
    a fifth of the time.
    """
    if _is_empty(project.db):
        project.db.execute("PRAGMA foreign_keys = OFF")
    try:
        with project.write() as db:
            yield db
    finally:
        project.db.execute("PRAGMA foreign_keys = ON")


class Incoming:
    """One import into the root ``root_id``; use it inside ``importing``.

    Call ``add_images`` for all pictures, then ``end_images``, labels and boxes, at last ``finish``. A first import
    makes its indexes only when the rows are in, which takes half the time.

    ``author`` is 'import' or 'folder'. A folder import leaves alone what another source describes. ``doubt`` receives
    ``(subject, reason)`` of everything that is passed over. ``ids`` leads from the source's name of a picture to its
    id, or to ``LEFT_OUT``; ``left_alone`` are ids about whose contents this import must say nothing.
    """

    def __init__(
        self, db: sqlite3.Connection, root_id: int, author: str, doubt: Callable[[str, str], None]
    ) -> None:
        self.db = db
        self.root_id = root_id
        self.author = author
        self.doubt = doubt
        self.new = self.changed = self.met = 0
        name = "path" if author == "folder" else "key"
        self.ids: dict[str, int] = dict(
            db.execute(f"SELECT {name}, id FROM images WHERE root_id = ?", (root_id,)).fetchall()
        )
        self.left_alone: set[int] = {
            row[0] for row in db.execute("SELECT id FROM images WHERE reviewed IS NOT NULL")
        }
        self._first_new = self._next = 1 + db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0]
        self._had_images = bool(self.ids)
        self._seen = bytearray(self._next)
        self._sizes = array("i", bytes(8 * self._next))
        self._locations: dict[str | None, int | None] = dict(
            db.execute("SELECT name, id FROM locations").fetchall()
        )
        self._sequences: dict[str | None, int | None] = dict(
            db.execute("SELECT name, id FROM sequences WHERE root_id = ?", (root_id,)).fetchall()
        )
        self._next_sequence = 1 + db.execute("SELECT coalesce(max(id), 0) FROM sequences").fetchone()[0]
        self._locations[None] = self._sequences[None] = None
        self._new_sequences: list[tuple[Any, ...]] = []
        self._stale_boxes: set[int] = set()
        # Sequences are inserted behind the known pictures that name them.
        db.execute("PRAGMA defer_foreign_keys = ON")
        self._indexes: dict[str, str] = dict(db.execute(_INDEXES).fetchall()) if _is_empty(db) else {}
        for index in self._indexes:
            db.execute(f"DROP INDEX {index}")

    def add_species(self, names: Iterable[str]) -> dict[str, int]:
        """Make sure that the species exist, new ones behind the known ones; name to id."""
        for name in names:
            self.db.execute(
                "INSERT OR IGNORE INTO species (name, position) "
                "VALUES (?, (SELECT coalesce(max(position), -1) + 1 FROM species))",
                (name,),
            )
        return dict(self.db.execute("SELECT name, id FROM species").fetchall())

    def sort_species(self, names: Iterable[str]) -> None:
        """Give these species places in the order of their names, in the stead of the places they have now."""
        names = sorted(names)
        places = sorted(
            self.db.execute("SELECT position FROM species WHERE name = ?", (name,)).fetchone()[0]
            for name in names
        )
        self.db.executemany("UPDATE species SET position = ? WHERE name = ?", zip(places, names, strict=True))

    def add_images(self, images: Sequence[NewImage]) -> None:
        """Insert the new ones of a batch and bring the known ones up to date."""
        before = self._rows_of(images) if self._had_images else {}
        fresh: list[NewImage] = []
        image_id = self._next
        for image in images:
            known = self.ids.get(image.key)
            if known is not None and (known == LEFT_OUT or known >= self._first_new or self._seen[known]):
                self.doubt(f"image {image.key}", "image id used twice")
                continue
            row = None if known is None else before[known]
            if self._had_images and (row is None or row["path"] != image.path):
                twin = self._row_by_path(image.path)
                if twin is not None and self.was_met(twin["id"]):
                    self._leave_out(image.key, image.path)
                    continue
                row = twin or row
            if row is None:
                self.ids[image.key] = image_id
                image_id += 1
                fresh.append(image)
            else:
                self._meet(row, image)
        if fresh:
            self._insert(fresh)
        self._insert_sequences()

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

    def size_of(self, image_id: int) -> tuple[int, int] | None:
        """Width and height in pixels as the source gave them in this import; None where it did not."""
        width, height = self._sizes[2 * image_id], self._sizes[2 * image_id + 1]
        return (width, height) if width and height else None

    def set_size(self, image_id: int, width: int, height: int) -> None:
        """Remember a size that the source did not give."""
        self._sizes[2 * image_id], self._sizes[2 * image_id + 1] = width, height

    def was_met(self, image_id: int) -> bool:
        """Whether the source named this picture in this import."""
        return image_id >= self._first_new or bool(self._seen[image_id])

    def add_labels(self, rows: list[tuple[int, int, int | None, bool | None, str]]) -> None:
        """``(image id, species id, count, sequence level, author)``. The same species again adds to its count.

        Labels of persons stay as they are.
        """
        _insert_many(
            self.db,
            "INSERT INTO labels (image_id, species_id, count, sequence_level, author)",
            rows,
            """ON CONFLICT (image_id, species_id) DO UPDATE SET
                   count = CASE WHEN excluded.count IS NULL THEN count ELSE coalesce(count, 0) + excluded.count END,
                   sequence_level = min(sequence_level, excluded.sequence_level)
               WHERE author = excluded.author""",
        )

    def add_box(self, image_id: int, species_id: int, box: tuple[float, float, float, float]) -> None:
        """A box of the source, as fractions of the picture. A box that is already known keeps its id."""
        values = (image_id, species_id, *box)
        known = self.db.execute(
            """SELECT id FROM boxes WHERE image_id = ? AND species_id = ? AND x = ? AND y = ? AND width = ?
               AND height = ? AND author = 'import'""",
            values,
        ).fetchone()
        if known:
            self._stale_boxes.discard(known[0])
        else:
            self.db.execute(
                "INSERT INTO boxes (image_id, species_id, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )

    def finish(self) -> None:
        """Remove boxes the source no longer has, and have files looked at again that could not be used before."""
        self.end_images()
        for statement in self._indexes.values():
            self.db.execute(statement)
        self._indexes.clear()
        self.db.executemany("DELETE FROM boxes WHERE id = ?", ((box_id,) for box_id in self._stale_boxes))
        self.db.execute(
            "UPDATE images SET checked = 0 WHERE problem IS NOT NULL AND problem != ? AND root_id = ?",
            (CORRUPT, self.root_id),
        )

    def _rows_of(self, images: Sequence[NewImage]) -> dict[int, sqlite3.Row]:
        known = [self.ids[image.key] for image in images if image.key in self.ids]
        rows = self.db.execute(
            "SELECT * FROM images WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(known),)
        )
        return {row["id"]: row for row in rows}

    def _row_by_path(self, path: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT * FROM images WHERE root_id = ? AND path = ?", (self.root_id, path)
        ).fetchone()
        return row

    def _insert(self, images: list[NewImage]) -> None:
        first = self._next
        self._next += len(images)
        self._sizes.extend([number for image in images for number in (image.width or 0, image.height or 0)])
        for name in dict.fromkeys([image.location for image in images]):
            self._location(name)
        for name in dict.fromkeys([image.sequence for image in images]):
            self._sequence(name)
        self._insert_sequences()
        locations, sequences, root_id = self._locations, self._sequences, self.root_id
        rows = [
            (
                image_id,
                image.key,
                root_id,
                image.path,
                locations[image.location],
                sequences[image.sequence],
                image.frame,
                image.frames,
                image.taken,
                image.width,
                image.height,
                image.extra and _as_json(image.extra),
                bool(image.corrupt),
                CORRUPT if image.corrupt else None,
            )
            for image_id, image in enumerate(images, first)
        ]
        inserted = _insert_many(
            self.db,
            """INSERT OR IGNORE INTO images (id, key, root_id, path, location_id, sequence_id, frame, frames, taken,
               width, height, extra, checked, problem)""",
            rows,
        )
        self.new += inserted
        self.met += inserted
        if inserted != len(rows):  # the index of paths refused some
            there = {row[0] for row in self.db.execute("SELECT id FROM images WHERE id >= ?", (first,))}
            for image_id, image in enumerate(images, first):
                if image_id not in there:
                    self._leave_out(image.key, image.path)

    def _leave_out_twins(self) -> None:
        self.db.execute("CREATE INDEX all_by_path ON images (root_id, path)")
        twins = self.db.execute(
            """SELECT id, key, path FROM images AS twin WHERE EXISTS (SELECT 1 FROM images AS first
               WHERE first.root_id = twin.root_id AND first.path = twin.path AND first.id < twin.id)"""
        ).fetchall()
        for image_id, key, path in twins:
            self._leave_out(key, path)
            self.db.execute("DELETE FROM images WHERE id = ?", (image_id,))
        self.db.execute("DROP INDEX all_by_path")
        self.new -= len(twins)
        self.met -= len(twins)

    def _leave_out(self, key: str, path: str) -> None:
        self.ids[key] = LEFT_OUT
        self.doubt(f"image {key}: {path}", "file name used twice")

    def _meet(self, row: sqlite3.Row, image: NewImage) -> None:
        """Bring a known picture up to date."""
        image_id = row["id"]
        self._seen[image_id] = 1
        self.met += 1
        if self.author == "folder" and row["key"] != row["path"]:
            self.left_alone.add(image_id)
            return
        if row["reviewed"] is None:
            self._take_back(image_id)
        if image.width and image.height:
            self.set_size(image_id, image.width, image.height)
        if row["key"] != image.key:  # numbered anew
            if self.ids.get(row["key"]) == image_id:
                del self.ids[row["key"]]
            self.ids[image.key] = image_id
        changes = {name: value for name, value in self._after(row, image).items() if value != row[name]}
        if changes:
            assignments = ", ".join(f"{name} = ?" for name in changes)
            self.db.execute(f"UPDATE images SET {assignments} WHERE id = ?", (*changes.values(), image_id))
            self.changed += 1

    def _take_back(self, image_id: int) -> None:
        """Forget what earlier imports said about a picture, as this one says it anew."""
        if self.author == "folder":
            self.db.execute("DELETE FROM labels WHERE image_id = ? AND author = 'folder'", (image_id,))
            return
        self.db.execute(
            "DELETE FROM labels WHERE image_id = ? AND author IN ('import', 'folder')", (image_id,)
        )
        boxes = self.db.execute("SELECT id FROM boxes WHERE image_id = ? AND author = 'import'", (image_id,))
        self._stale_boxes.update(row[0] for row in boxes)

    def _after(self, row: sqlite3.Row, image: NewImage) -> dict[str, Any]:
        """The columns of a known picture as they should be now; what the source does not say stays."""
        location_id = self._location(image.location)
        if self.author == "folder":
            return {"location_id": location_id}
        said: dict[str, Any] = {
            "key": image.key,
            "path": image.path,
            "location_id": location_id,
            "sequence_id": self._sequence(image.sequence),
            "frame": image.frame,
            "frames": image.frames,
            "taken": image.taken,
            "extra": image.extra and _as_json(image.extra),
        }
        after = {name: value for name, value in said.items() if value is not None}
        if not row["checked"] and image.width and image.height:
            after |= {"width": image.width, "height": image.height}
        if image.corrupt:
            after |= {"checked": 1, "problem": CORRUPT}
        elif row["problem"] == CORRUPT:
            after |= {"checked": 0, "problem": None}
        elif image.path != row["path"]:
            after["checked"] = 0
        return after

    def _location(self, name: str | None) -> int | None:
        if name not in self._locations:
            made = self.db.execute("INSERT INTO locations (name) VALUES (?)", (name,))
            self._locations[name] = made.lastrowid
        return self._locations[name]

    def _sequence(self, name: str | None) -> int | None:
        if name not in self._sequences:
            self._sequences[name] = self._next_sequence
            self._new_sequences.append((self._next_sequence, self.root_id, name))
            self._next_sequence += 1
        return self._sequences[name]

    def _insert_sequences(self) -> None:
        _insert_many(self.db, "INSERT INTO sequences (id, root_id, name)", self._new_sequences)
        self._new_sequences.clear()


def _as_json(extra: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(extra).decode()
    except (OverflowError, RecursionError, ValueError):  # a number of a thousand digits, a thousand brackets
        return msgspec.json.encode({name: str(value)[:1000] for name, value in extra.items()}).decode()


def _insert_many(db: sqlite3.Connection, into: str, rows: list[tuple[Any, ...]], behind: str = "") -> int:
    """Insert rows, a hundred in one statement, which takes 0.8 of the time of one by one; how many went in."""
    if not rows:
        return 0
    one = f"({', '.join('?' * len(rows[0]))})"
    at_once = f"{into} VALUES {', '.join([one] * _ROWS)} {behind}"
    whole = len(rows) - len(rows) % _ROWS
    inserted = 0
    for start in range(0, whole, _ROWS):
        inserted += db.execute(at_once, [*chain.from_iterable(rows[start : start + _ROWS])]).rowcount
    for row in rows[whole:]:
        inserted += db.execute(f"{into} VALUES {one} {behind}", row).rowcount
    return inserted


_INDEXES = """
    SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('images', 'labels') AND sql IS NOT NULL
"""


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM images LIMIT 1").fetchone() is None


def _is_known(db: sqlite3.Connection, root_id: int, key: str, path: str) -> bool:
    row = db.execute("SELECT key FROM images WHERE root_id = ? AND path = ?", (root_id, path)).fetchone()
    return row is not None and row[0] == key


def _same_files(one: Path, other: Path, paths: Sequence[str]) -> bool:
    sizes = [(_size(one / path), _size(other / path)) for path in paths[:20]]
    return any(size for size, _ in sizes) and all(first == second for first, second in sizes)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None
