"""Boxes as people draw, move, relabel and delete them. Each call is one edit.

Where an image has boxes, they are complete for it and detections are not asked. So the first change of one detection
turns all that are shown of the image into boxes, in the same edit; ``boxes.detection_id`` remembers which. The labels
of an image say at least what its boxes say.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from camtrap_gui.geometry import Box
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops_follow, detections, edits, species_names
from camtrap_gui.project.edits import Open

Region = tuple[str, int]
"""('detection', id) or ('box', id): a place on an image that something can be said of."""


def draw_box(
    project: Project, image_id: int, box: Box, species_name: str | None = None, author: str | None = None
) -> int:
    """Something is here that nobody has seen yet; the edit's id. Without a species it shows what the image shows."""
    with _changing(
        project, image_id, f"Draw a box: {species_name or 'species of the picture'}", author
    ) as edit:
        _as_boxes(project, edit, image_id)
        number = None if species_name is None else species_names.find_or_make(edit.db, species_name)
        edit.db.execute(
            "INSERT INTO boxes (id, image_id, species_id, x, y, width, height, author, made)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (edits.free_box_id(edit.db), image_id, number, *_checked(box), edit.author, edit.made),
        )
        _label_too(edit, image_id, number)
    return edit.id


def move_box(project: Project, image_id: int, region: Region, box: Box, author: str | None = None) -> int:
    """The region is there instead; the edit's id."""
    with _changing(project, image_id, "Move a box", author) as edit:
        number = _box_of(project, edit, image_id, region)
        edit.db.execute(
            "UPDATE boxes SET x = ?, y = ?, width = ?, height = ?, author = ?, made = ? WHERE id = ?",
            (*_checked(box), edit.author, edit.made, number),
        )
    return edit.id


def delete_box(project: Project, image_id: int, region: Region, author: str | None = None) -> int:
    """Nothing is there; the edit's id. An image whose last box goes keeps its labels, without any region."""
    with _changing(project, image_id, "Delete a box", author) as edit:
        number = _box_of(project, edit, image_id, region)
        delete_boxes(edit.db, f"id = {number}")
        _reject_all_without_boxes(edit.db, [image_id])
    return edit.id


def relabel_box(
    project: Project, image_id: int, region: Region, species_name: str, author: str | None = None
) -> int:
    """The region shows this species; the edit's id. The image's labels go with it."""
    with _changing(project, image_id, f"A box: {species_name}", author) as edit:
        number = _box_of(project, edit, image_id, region)
        before = _species_of(edit.db, image_id, number)
        after = species_names.find_or_make(edit.db, species_name)
        edit.db.execute(
            "UPDATE boxes SET species_id = ?, author = ?, made = ?, run_id = NULL, confidence = NULL WHERE id = ?",
            (after, edit.author, edit.made, number),
        )
        if before is not None and before != after:
            _name_the_others(edit.db, image_id, before)
            edit.db.execute(
                "DELETE FROM labels WHERE image_id = ?1 AND species_id = ?2"
                " AND NOT EXISTS (SELECT 1 FROM boxes WHERE image_id = ?1 AND species_id = ?2)",
                (image_id, before),
            )
        _label_too(edit, image_id, after)
    return edit.id


def delete_boxes(db: sqlite3.Connection, where: str) -> None:
    """Delete boxes inside an edit; their crops are set aside."""
    crops_follow.leave_boxes(db, [row[0] for row in db.execute(f"SELECT id FROM boxes WHERE {where}")])
    db.execute(f"DELETE FROM boxes WHERE {where}")


def follow_labels(db: sqlite3.Connection, images: str) -> None:
    """Make the boxes of images (a query for their ids) agree with their labels. Inside an edit."""
    empty = ",".join(map(str, species_names.special(db, "empty"))) or "NULL"
    having = f"image_id IN ({images}) AND image_id IN (SELECT image_id FROM boxes)"
    kept = f"SELECT image_id FROM labels WHERE {having} AND species_id NOT IN ({empty})"
    delete_boxes(db, f"image_id IN ({images}) AND image_id NOT IN ({kept})")
    single = f"SELECT image_id, min(species_id) AS species_id FROM labels WHERE {having} GROUP BY image_id HAVING count(*) = 1"
    db.execute(
        f"UPDATE boxes SET species_id = single.species_id FROM ({single}) AS single"
        " WHERE single.image_id = boxes.image_id AND boxes.species_id IS NOT NULL"
        " AND boxes.species_id != single.species_id"
    )
    db.execute(
        f"UPDATE boxes SET species_id = NULL WHERE image_id IN ({images}) AND species_id IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM labels WHERE labels.image_id = boxes.image_id AND labels.species_id = boxes.species_id)"
    )


@contextmanager
def _changing(project: Project, image_id: int, note: str, author: str | None) -> Iterator[Open]:
    with edits.recording(project, note, author) as edit:
        if not edit.db.execute("UPDATE images SET reviewed = ? WHERE id = ?", (edit.made, image_id)).rowcount:
            raise Problem(f"The project {project.folder} has no image number {image_id}.")
        yield edit


def _as_boxes(project: Project, edit: Open, image_id: int) -> None:
    # Boxes of all detections that are shown, where the image has no boxes yet.
    db, detector = edit.db, detections.latest_detector(project)
    if detector is None or db.execute("SELECT 1 FROM boxes WHERE image_id = ?", (image_id,)).fetchone():
        return
    labels = db.execute(
        "SELECT species_id, run_id, confidence FROM labels WHERE image_id = ?", (image_id,)
    ).fetchall()
    said = tuple(labels[0]) if len(labels) == 1 else (None, None, None)
    rows = db.execute(
        "SELECT * FROM detections WHERE image_id = ? AND detector_id = ? AND confidence >= ? AND NOT rejected ORDER BY id",
        (image_id, detector.id, detector.typical_threshold),
    ).fetchall()
    free = edits.free_box_id(db)
    for number, row in enumerate(rows, free):
        shows = said
        if row["category"] in ("person", "vehicle"):
            shows = (species_names.find_or_make(db, row["category"]), None, None)
        db.execute(
            "INSERT INTO boxes (id, image_id, species_id, x, y, width, height, author, made, detection_id, run_id,"
            " confidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, image_id, shows[0], row["x"], row["y"], row["width"], row["height"], edit.author, edit.made,
             row["id"], *shows[1:]),
        )  # fmt: skip


def _box_of(project: Project, edit: Open, image_id: int, region: Region) -> int:
    # The box that a region is, or becomes.
    kind, number = region
    if kind == "detection":
        _as_boxes(project, edit, image_id)
    column = {"box": "id", "detection": "detection_id"}[kind]
    row = edit.db.execute(
        f"SELECT id FROM boxes WHERE image_id = ? AND {column} = ?", (image_id, number)
    ).fetchone()
    if row is None:
        raise Problem(f"Image number {image_id} has no {kind} number {number} any more. Show it again.")
    return int(row["id"])


def _species_of(db: sqlite3.Connection, image_id: int, box_id: int) -> int | None:
    # What a box shows: its own species, else that of the image, where it has one only.
    own = db.execute("SELECT species_id FROM boxes WHERE id = ?", (box_id,)).fetchone()[0]
    labels = db.execute("SELECT species_id FROM labels WHERE image_id = ?", (image_id,)).fetchall()
    found: int | None = own if own is not None else labels[0][0] if len(labels) == 1 else None
    return found


def _name_the_others(db: sqlite3.Connection, image_id: int, species_id: int) -> None:
    # Boxes that showed what the image showed keep showing it, now that the image may show several things.
    db.execute(
        "UPDATE boxes SET species_id = ?2 WHERE image_id = ?1 AND species_id IS NULL"
        " AND (SELECT count(*) FROM labels WHERE image_id = ?1) = 1",
        (image_id, species_id),
    )


def _label_too(edit: Open, image_id: int, species_id: int | None) -> None:
    # The labels say at least what the boxes say, and not "empty" beside it.
    if species_id is None:
        return
    special = species_names.special(edit.db, "empty") | species_names.special(edit.db, "unknown")
    edit.db.execute(
        f"DELETE FROM labels WHERE image_id = ? AND species_id != ? AND species_id IN ({','.join(map(str, special))})",
        (image_id, species_id),
    )
    edit.db.execute(
        "INSERT INTO labels (image_id, species_id, author, made) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET sequence_level = 0, author = excluded.author, made = excluded.made"
        f" WHERE author IN {edits.MACHINES}",
        (image_id, species_id, edit.author, edit.made),
    )


def _reject_all_without_boxes(db: sqlite3.Connection, image_ids: Iterable[int]) -> None:
    # Detections would be asked again where no box is left.
    db.executemany(
        "UPDATE detections SET rejected = 1, confirmed = 0 WHERE image_id = ?1 AND NOT rejected"
        " AND NOT EXISTS (SELECT 1 FROM boxes WHERE image_id = ?1)",
        [(number,) for number in image_ids],
    )


def _checked(box: Box) -> Box:
    x, y, width, height = (float(value) for value in box)
    if not (width > 0 and height > 0 and min(x, y) >= 0 and x + width <= 1 + 1e-9 and y + height <= 1 + 1e-9):
        raise Problem("A box must have a size and lie inside the picture.")
    return x, y, width, height
