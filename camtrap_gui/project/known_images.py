"""Pictures that a project already has, brought up to date with what a source says of them now.

What the source does not say stays, what a person decided is left alone, and labels and boxes that earlier imports
brought are taken back, as this one says them anew.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from camtrap_gui.project.source_names import SourceNames

CORRUPT = "corrupt: the source says so"


class NewImage(msgspec.Struct, gc=False):
    """A picture as a source describes it; see the table ``images``. None: the source is silent.

    ``location`` may be a whole number. ``extra`` are fields of the source that the table has no column for. Readers
    that decode straight into it may leave numbers in ``key`` and ``sequence`` at first; they are texts when the
    picture comes in.
    """

    key: str
    path: str
    location: str | int | None = None
    sequence: str | None = None
    frame: int | None = None
    frames: int | None = None
    taken: str | None = None
    width: int | None = None
    height: int | None = None
    extra: dict[str, Any] | None = None
    corrupt: bool | None = None

    def extra_as_json(self) -> str | None:
        """``extra`` as the table keeps it."""
        if not self.extra:
            return None
        try:
            return msgspec.json.encode(self.extra).decode()
        except (
            OverflowError,
            RecursionError,
            ValueError,
        ):  # a number of a thousand digits, a thousand brackets
            return msgspec.json.encode(
                {name: str(value)[:1000] for name, value in self.extra.items()}
            ).decode()


class KnownImages:
    """The pictures in the project when an import into ``root_id`` begins.

    ``author`` is 'import' or 'folder': a folder import leaves alone what another source describes. ``met`` of them the
    source named, ``changed`` were not as it says now. ``left_alone`` are ids about whose contents the import must say
    nothing.
    """

    def __init__(self, db: sqlite3.Connection, root_id: int, author: str, names: SourceNames) -> None:
        self._db = db
        self._root_id = root_id
        self._author = author
        self._names = names
        self.met = self.changed = 0
        self.left_alone = {row[0] for row in db.execute("SELECT id FROM images WHERE reviewed IS NOT NULL")}
        self._seen = bytearray(1 + db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0])
        self._stale_boxes: set[int] = set()

    def __len__(self) -> int:
        """One more than the highest id."""
        return len(self._seen)

    def was_met(self, image_id: int) -> bool:
        """Whether the source named this picture in this import."""
        return bool(self._seen[image_id])

    def rows(self, image_ids: Iterable[int]) -> dict[int, sqlite3.Row]:
        """The rows of some pictures by id."""
        rows = self._db.execute(
            "SELECT * FROM images WHERE id IN (SELECT value FROM json_each(?))", (json.dumps([*image_ids]),)
        )
        return {row["id"]: row for row in rows}

    def at(self, path: str) -> sqlite3.Row | None:
        """The row of the picture under a path of the root."""
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM images WHERE root_id = ? AND path = ?", (self._root_id, path)
        ).fetchone()
        return row

    def meet(self, row: sqlite3.Row, image: NewImage) -> None:
        """Bring a picture up to date."""
        image_id = row["id"]
        self._seen[image_id] = 1
        self.met += 1
        if self._author == "folder" and row["key"] != row["path"]:
            self.left_alone.add(image_id)
            return
        if row["reviewed"] is None:
            self._take_back(image_id)
        changes = {name: value for name, value in self._after(row, image).items() if value != row[name]}
        if changes:
            assignments = ", ".join(f"{name} = ?" for name in changes)
            self._db.execute(f"UPDATE images SET {assignments} WHERE id = ?", (*changes.values(), image_id))
            self.changed += 1

    def keep_box(self, box_id: int) -> None:
        """The source still has this box."""
        self._stale_boxes.discard(box_id)

    def keep_boxes(self) -> None:
        """The source says nothing of boxes."""
        self._stale_boxes.clear()

    def remove_stale_boxes(self) -> None:
        """Remove the boxes of earlier imports that the source no longer has."""
        self._db.executemany("DELETE FROM boxes WHERE id = ?", ((box_id,) for box_id in self._stale_boxes))

    def _take_back(self, image_id: int) -> None:
        """Forget what earlier imports said about a picture, as this one says it anew."""
        if self._author == "folder":
            self._db.execute("DELETE FROM labels WHERE image_id = ? AND author = 'folder'", (image_id,))
            return
        self._db.execute(
            "DELETE FROM labels WHERE image_id = ? AND author IN ('import', 'folder')", (image_id,)
        )
        boxes = self._db.execute("SELECT id FROM boxes WHERE image_id = ? AND author = 'import'", (image_id,))
        self._stale_boxes.update(row[0] for row in boxes)

    def _after(self, row: sqlite3.Row, image: NewImage) -> dict[str, Any]:
        """The columns of a known picture as they should be now."""
        [location_id] = self._names.locations([image.location])
        if self._author == "folder":
            return {"location_id": location_id}
        [sequence_id] = self._names.sequences([image.sequence])
        said: dict[str, Any] = {
            "key": image.key,
            "path": image.path,
            "location_id": location_id,
            "sequence_id": sequence_id,
            "frame": image.frame,
            "frames": image.frames,
            "taken": image.taken,
            "extra": image.extra_as_json(),
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
