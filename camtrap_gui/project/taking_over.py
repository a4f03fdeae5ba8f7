"""Writing what somebody else decided about images into this copy of the survey, inside an edit."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from camtrap_gui.project import edits, regions
from camtrap_gui.project.decided import Decided, DrawnBox, Found
from camtrap_gui.project.their_names import TheirNames

_SAME_BOX = 1e-3  # fractions of the picture: less than a hand can mean


def matches(db: sqlite3.Connection, page: Sequence[Decided]) -> dict[int, int]:
    """Which images of this copy those of a page are: place on the page to id.

    The path below the root must be the same. Of several the one with the same key is it, else the one whose root
    folder is called the same.
    """
    names = {number: PurePath(path).name for number, path in db.execute("SELECT id, path FROM roots")}
    called = defaultdict(list)
    for row in db.execute(
        "SELECT id, root_id, path, key FROM images WHERE root_id IN (SELECT id FROM roots)"
        " AND path IN (SELECT value FROM json_each(?))",
        (json.dumps([one.path for one in page]),),
    ):
        called[row["path"]].append(row)
    found = {}
    for place, one in enumerate(page):
        rows = called[one.path]
        if len(rows) > 1:
            rows = [row for row in rows if row["key"] == one.key]
        if len(rows) > 1:
            rows = [row for row in rows if names[row["root_id"]] == one.root]
        if len(rows) == 1:
            found[place] = rows[0]["id"]
    return found


def are_near(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes are the same to the eye."""
    return all(abs(a - b) <= _SAME_BOX for a, b in zip(one, other, strict=True))


class Taking:
    """Lets decisions of the other copy be those of this one."""

    def __init__(self, db: sqlite3.Connection, names: TheirNames) -> None:
        self._db = db
        self._names = names
        self._free_box = edits.free_box_id(db)

    def image(self, image_id: int, mine: Decided, theirs: Decided) -> None:
        """The image shows what they say. A count that only this copy has is kept."""
        here = {self._names.here(one.species): one.count for one in mine.labels}
        rows = {}
        for label in theirs.labels:
            number = self._names.here(label.species)
            count = here.get(number) if label.count is None else label.count
            said = (label.author, _text(label.made), label.run, label.confidence, int(label.sequence))
            rows[number] = (image_id, number, count, *said)
        self._db.execute("DELETE FROM labels WHERE image_id = ?", (image_id,))
        self._db.executemany(
            "INSERT INTO labels (image_id, species_id, count, author, made, run_id, confidence, sequence_level)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows.values(),
        )
        self._db.execute("UPDATE images SET reviewed = ? WHERE id = ?", (_text(theirs.reviewed), image_id))
        self._boxes(image_id, theirs.boxes)

    def flag(self, image_id: int) -> None:
        """The image is to be looked at again."""
        self._db.execute("UPDATE images SET flagged = 1 WHERE id = ?", (image_id,))

    def judge(self, detection_id: int, word: str) -> None:
        """A detection is 'rejected' or 'confirmed'."""
        self._db.execute(
            "UPDATE detections SET rejected = ?, confirmed = ? WHERE id = ?",
            (int(word == "rejected"), int(word == "confirmed"), detection_id),
        )

    def detection(self, image_id: int, found: Found) -> tuple[int, str] | None:
        """A detection in this copy, by id, and 'rejected', 'confirmed' or ''; None where it is not there."""
        rows = self._db.execute(
            "SELECT id, rejected, confirmed, x, y, width, height FROM detections WHERE image_id = ? AND category = ?"
            " AND detector_id = (SELECT id FROM detectors WHERE sha256 = ?) ORDER BY id",
            (image_id, found.category, found.detector),
        )
        for number, rejected, confirmed, *box in rows:
            if are_near(box, found.box):
                return number, "rejected" if rejected else "confirmed" if confirmed else ""
        return None

    def _boxes(self, image_id: int, boxes: Sequence[DrawnBox]) -> None:
        left = self._db.execute(
            "SELECT id, x, y, width, height FROM boxes WHERE image_id = ? ORDER BY id", (image_id,)
        ).fetchall()
        new = []
        for drawn in boxes:
            number = None if drawn.species is None else self._names.here(drawn.species)
            said = (number, drawn.author, _text(drawn.made), drawn.run, drawn.confidence)
            same = next((row for row in left if are_near(tuple(row)[1:], drawn.box)), None)
            if same is None:
                known = None if drawn.found is None else self.detection(image_id, drawn.found)
                new.append((image_id, *said, *drawn.box, known and known[0]))
                continue
            left.remove(same)  # it keeps its number, and what was cut out by it stays
            self._db.execute(
                "UPDATE boxes SET species_id = ?, author = ?, made = ?, run_id = ?, confidence = ? WHERE id = ?",
                (*said, same["id"]),
            )
        if left:
            regions.delete_boxes(self._db, f"id IN ({','.join(str(row['id']) for row in left)})")
        for row in new:
            self._db.execute(
                "INSERT INTO boxes (id, image_id, species_id, author, made, run_id, confidence, x, y, width, height,"
                " detection_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self._free_box, *row),
            )
            self._free_box += 1


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
