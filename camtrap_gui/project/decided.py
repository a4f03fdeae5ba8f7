"""All that people decided about images, in words that another copy of the survey understands.

Numbers of rows mean nothing there: an image goes by its root, path and key, a species by its name, a detection by the
detector's hash and its box.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, edits, machines, species, species_names

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAGE = 2000


class Label(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A species on an image. ``made`` is UTC; ``run`` and ``confidence`` are of a suggestion that was accepted."""

    species: str
    count: int | None = None
    author: str = "import"
    made: datetime | None = None
    run: str | None = None
    confidence: float | None = None
    sequence: bool = False


class Found(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A detection: the hash of its detector, its category, and its box (x, y, width, height as fractions)."""

    detector: str
    category: str
    box: Box


class DrawnBox(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A box of an image; ``species`` None: what the image shows. ``found``: the detection it was made from."""

    box: Box
    species: str | None = None
    author: str = "import"
    made: datetime | None = None
    run: str | None = None
    confidence: float | None = None
    found: Found | None = None


class Decided(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What was decided about an image.

    ``reviewed`` None: nobody said what is on it, so ``labels`` and ``boxes`` are empty and mean nothing. Otherwise
    they are all that is said of it.
    """

    root: str
    path: str
    key: str
    reviewed: datetime | None = None
    flagged: bool = False
    labels: list[Label] = []
    boxes: list[DrawnBox] = []
    rejected: list[Found] = []
    confirmed: list[Found] = []

    def authors(self) -> tuple[str, ...]:
        """Who said what is on it, persons only, sorted."""
        said = {label.author for label in self.labels} | {drawn.author for drawn in self.boxes}
        return tuple(sorted(said - set(edits.MACHINES)))

    def in_words(self) -> str:
        """What is on it, for reading: ``"2 zebra, lion; 3 boxes"``."""
        names = [
            each.species if each.count is None else f"{each.count} {each.species}" for each in self.labels
        ]
        boxes = f"; {len(self.boxes)} box{'es' * (len(self.boxes) > 1)}" if self.boxes else ""
        return (", ".join(sorted(names)) or "nothing said") + boxes


class SpeciesName(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A species of the class list with its other names, and the names of those that were merged into it."""

    name: str
    aliases: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()


def class_list(project: Project) -> list[SpeciesName]:
    """The class list."""
    merged = defaultdict(list)
    for name, target in project.db.execute(
        "SELECT name, merged_into FROM species WHERE merged_into IS NOT NULL ORDER BY position, id"
    ):
        merged[target].append(name)
    return [SpeciesName(one.name, one.aliases, tuple(merged[one.id])) for one in species.all_of(project)]


def walk(project: Project, since: datetime | None = None, author: str = "") -> Iterator[list[Decided]]:
    """The images about which a person decided something, in pages, in the order of their ids.

    ``since`` leaves out what was said on images that nobody decided about since then; flags and judged detections
    carry no time and are always there. ``author`` chooses the images with a label or box of a person.
    """
    ids = _decided_ids(project, since, author)
    for start in range(0, len(ids), PAGE):
        yield list(of_images(project, ids[start : start + PAGE].tolist()).values())


def of_images(project: Project, image_ids: Sequence[int]) -> dict[int, Decided]:
    """What was decided about images, by id, in the order of ids; those about which nothing was are there too."""
    db, wanted = project.db, json.dumps(list(image_ids))
    some = "IN (SELECT value FROM json_each(?))"
    names = species_names.all_names(db)
    roots = {number: PurePath(path).name for number, path in db.execute("SELECT id, path FROM roots")}
    found = {
        row["id"]: Decided(
            roots[row["root_id"]],
            row["path"],
            row["key"],
            _moment(row["reviewed"]),
            bool(row["flagged"]),
        )
        for row in db.execute(
            f"SELECT id, root_id, path, key, reviewed, flagged FROM images WHERE id {some} ORDER BY id",
            (wanted,),
        )
    }
    for row in db.execute(f"SELECT * FROM labels WHERE image_id {some}", (wanted,)):
        if found[row["image_id"]].reviewed:
            found[row["image_id"]].labels.append(_label(row, names))
    for row in db.execute(
        f"SELECT boxes.*, {_FOUND} FROM boxes LEFT JOIN detections ON detections.id = boxes.detection_id"
        f" LEFT JOIN detectors ON detectors.id = detector_id WHERE boxes.image_id {some} ORDER BY boxes.id",
        (wanted,),
    ):
        if found[row["image_id"]].reviewed:
            found[row["image_id"]].boxes.append(_box(row, names))
    for row in db.execute(
        f"SELECT detections.image_id, rejected, {_FOUND} FROM detections JOIN detectors ON detectors.id = detector_id"
        f" WHERE (rejected OR confirmed) AND image_id {some} ORDER BY detections.id",
        (wanted,),
    ):
        decided = found[row["image_id"]]
        (decided.rejected if row["rejected"] else decided.confirmed).append(_found(row))
    return found


_FOUND = (
    "detectors.sha256, detections.category, detections.x AS left, detections.y AS top, detections.width AS wide,"
    " detections.height AS high"
)


def _decided_ids(project: Project, since: datetime | None, author: str) -> "NDArray[np.int64]":
    from camtrap_gui.project import numbers

    chosen = "SELECT id FROM images WHERE reviewed >= ?1"
    if author:
        said = f"(SELECT image_id FROM {{}} WHERE {machines.is_author(author, '?2')})"
        chosen += f" AND (id IN {said.format('labels')} OR id IN {said.format('boxes')})"
    else:
        chosen += (
            " UNION SELECT id FROM images WHERE flagged"
            " UNION SELECT image_id FROM detections WHERE rejected OR confirmed"
        )
    values = ("" if since is None else since.astimezone(UTC).isoformat(), *([author] if author else []))
    return numbers.column(project, f"SELECT id FROM ({chosen}) ORDER BY id", *values)


def _label(row: sqlite3.Row, names: dict[int, str]) -> Label:
    return Label(
        names[row["species_id"]],
        row["count"],
        row["author"],
        _moment(row["made"]),
        row["run_id"],
        row["confidence"],
        bool(row["sequence_level"]),
    )


def _box(row: sqlite3.Row, names: dict[int, str]) -> DrawnBox:
    return DrawnBox(
        (row["x"], row["y"], row["width"], row["height"]),
        None if row["species_id"] is None else names[row["species_id"]],
        row["author"],
        _moment(row["made"]),
        row["run_id"],
        row["confidence"],
        None if row["sha256"] is None else _found(row),
    )


def _found(row: sqlite3.Row) -> Found:
    return Found(row["sha256"], row["category"], (row["left"], row["top"], row["wide"], row["high"]))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
