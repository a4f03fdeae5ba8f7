"""Crops follow what people decide: no crop step is needed before the next training.

A crop shows a *region*: a box, or a detection where the image has no boxes (boxes are complete for their image, see
``crop_choice``). Its species is that of the box, or of the image where it has exactly one label. A crop whose region is
gone, was rejected or moved, or whose species makes no crop any more, is set aside: it leaves the data set under its id
and comes back under it. New crops are only cut by the crop step.
"""

import json
import sqlite3
from collections.abc import Iterable

from camtrap_gui.geometry import PADDING, crop_window
from camtrap_gui.project import Project, species_names
from camtrap_gui.project.machines import MODEL

_KEPT = (
    "id, image_id, species_id, detection_id, box_id, location, split, file, left, top, right, bottom, sha256"
)


def follow(project: Project, images: str) -> None:
    """Let the crops of some images (a query for their ids) follow what is said of them now.

    Padding and excluded species are those of the last crop step.
    """
    row = project.db.execute(
        "SELECT options FROM jobs WHERE step = 'crop' AND state = 'done' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    options = json.loads(row["options"]) if row else {}
    excluded = {
        number
        for name in options.get("exclude", ())
        if (number := species_names.find(project.db, name)) is not None
    }
    follow_as(project, images, float(options.get("padding", PADDING)), excluded)


def follow_as(project: Project, images: str, padding: float, excluded: Iterable[int]) -> None:
    """``follow`` with the padding that crops were cut with, and the species that were to make no crops."""
    with project.write() as db:
        db.execute("CREATE TEMP TABLE followed (image_id INTEGER PRIMARY KEY)")
        try:
            db.execute(
                f"INSERT INTO temp.followed SELECT image_id FROM ({images}) WHERE image_id IS NOT NULL"
            )
            _follow(db, padding, {*excluded} | species_names.no_animals(db))
        finally:
            db.execute("DROP TABLE IF EXISTS temp.wanted")
            db.execute("DROP TABLE temp.followed")


def leave_boxes(db: sqlite3.Connection, box_ids: Iterable[int]) -> None:
    """Set aside the crops of boxes that are about to be deleted, while it is known whose they are."""
    db.execute("CREATE TEMP TABLE leaving (box_id INTEGER PRIMARY KEY)")
    db.executemany("INSERT OR IGNORE INTO temp.leaving VALUES (?)", ((box_id,) for box_id in box_ids))
    _set_aside(
        db,
        "image_id IN (SELECT image_id FROM boxes JOIN temp.leaving ON leaving.box_id = boxes.id)"
        " AND box_id IN (SELECT box_id FROM temp.leaving)",
    )
    db.execute("DROP TABLE temp.leaving")


def _follow(db: sqlite3.Connection, padding: float, excluded: Iterable[int]) -> None:
    def is_window(x: float, y: float, w: float, h: float, width: int, height: int, *window: int) -> bool:
        return crop_window((x, y, w, h), (width, height), padding) == window

    db.create_function("is_window", 10, is_window, deterministic=True)
    none = ", ".join(map(str, sorted(excluded))) or "NULL"
    db.execute(
        f"""
        CREATE TEMP TABLE wanted AS
        WITH single AS (
            SELECT image_id, min(species_id) AS species_id FROM temp.followed CROSS JOIN labels USING (image_id)
            WHERE author != '{MODEL}' GROUP BY image_id HAVING count(*) = 1
        ), known AS (
            SELECT 0 AS aside, {_KEPT} FROM temp.followed CROSS JOIN crops USING (image_id)
            UNION ALL SELECT 1, {_KEPT} FROM temp.followed CROSS JOIN set_aside USING (image_id)
        ), shown AS (
            SELECT known.aside, known.id, known.species_id,
                CASE WHEN NOT EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = known.image_id) THEN
                    CASE WHEN known.detection_id IS NOT NULL THEN
                        (SELECT single.species_id FROM detections WHERE detections.id = known.detection_id AND NOT rejected)
                    WHEN known.box_id IS NULL THEN single.species_id END
                ELSE (
                    SELECT coalesce(boxes.species_id, single.species_id) FROM boxes
                    JOIN images ON images.id = boxes.image_id
                    LEFT JOIN detections ON detections.id = known.detection_id
                    WHERE boxes.image_id = known.image_id
                        AND (boxes.id = known.box_id OR boxes.detection_id = known.detection_id)
                        AND CASE WHEN detections.id IS NOT NULL THEN
                            (boxes.x, boxes.y, boxes.width, boxes.height)
                                = (detections.x, detections.y, detections.width, detections.height)
                        WHEN images.width IS NULL OR images.height IS NULL THEN 1
                        ELSE is_window(boxes.x, boxes.y, boxes.width, boxes.height, images.width, images.height,
                            known.left, known.top, known.right, known.bottom) END
                    LIMIT 1
                ) END AS wanted
            FROM known LEFT JOIN single ON single.image_id = known.image_id
        )
        SELECT aside, id, species_id, CASE WHEN wanted IN ({none}) THEN NULL ELSE wanted END AS wanted
        FROM shown
        """
    )
    _set_aside(db, "id IN (SELECT id FROM temp.wanted WHERE NOT aside AND wanted IS NULL)")
    db.execute(
        "UPDATE crops SET species_id = wanted.wanted FROM temp.wanted"
        " WHERE wanted.id = crops.id AND NOT aside AND wanted.wanted != crops.species_id"
    )
    back = _KEPT.replace("species_id", "wanted.wanted").replace("id, image_id", "set_aside.id, image_id", 1)
    back = back.replace("box_id", "(SELECT boxes.id FROM boxes WHERE boxes.id = box_id)")
    db.execute(
        f"INSERT INTO crops ({_KEPT}) SELECT {back} FROM temp.wanted JOIN set_aside USING (id)"
        " WHERE wanted.aside AND wanted.wanted IS NOT NULL"
    )
    db.execute(
        "DELETE FROM set_aside WHERE id IN (SELECT id FROM temp.wanted WHERE aside AND wanted IS NOT NULL)"
    )


def _set_aside(db: sqlite3.Connection, where: str) -> None:
    db.execute(f"INSERT INTO set_aside ({_KEPT}) SELECT {_KEPT} FROM crops WHERE {where}")
    db.execute(f"DELETE FROM crops WHERE {where}")
