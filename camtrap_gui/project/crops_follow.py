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
from camtrap_gui.project import Project
from camtrap_gui.project.not_animals import NOT_ANIMALS

_COLUMNS = "id, image_id, {}, detection_id, box_id, location, split, file, left, top, right, bottom, sha256"
_KEPT = _COLUMNS.format("species_id")


def follow(project: Project, images: str) -> None:
    """Give the crops of some images (a query for their ids) the species they have now, or set them aside, or fetch them back."""
    with project.write() as db:
        db.execute("CREATE TEMP TABLE followed (image_id INTEGER PRIMARY KEY)")
        try:
            db.execute(
                f"INSERT INTO temp.followed SELECT image_id FROM ({images}) WHERE image_id IS NOT NULL"
            )
            _follow(db)
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


def _follow(db: sqlite3.Connection) -> None:
    options = _last_options(db)
    padding = float(options.get("padding", PADDING))

    def is_window(x: float, y: float, w: float, h: float, width: int, height: int, *window: int) -> bool:
        return crop_window((x, y, w, h), (width, height), padding) == window

    db.create_function("is_window", 10, is_window, deterministic=True)
    db.execute("CREATE TEMP TABLE excluded (species_id INTEGER PRIMARY KEY)")
    names = {*options.get("exclude", ())}
    db.executemany(
        "INSERT INTO temp.excluded VALUES (?)",
        [
            (number,)
            for number, name in db.execute("SELECT id, name FROM species").fetchall()
            if name in names or name.casefold() in NOT_ANIMALS
        ],
    )
    db.execute(
        f"""
        CREATE TEMP TABLE wanted AS
        WITH single AS (
            SELECT image_id, min(species_id) AS species_id FROM temp.followed CROSS JOIN labels USING (image_id)
            GROUP BY image_id HAVING count(*) = 1
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
        SELECT aside, id, species_id, CASE WHEN wanted NOT IN (SELECT species_id FROM temp.excluded) THEN wanted END AS wanted
        FROM shown
        """
    )
    db.execute("DROP TABLE temp.excluded")
    _set_aside(db, "id IN (SELECT id FROM temp.wanted WHERE NOT aside AND wanted IS NULL)")
    db.execute(
        "UPDATE crops SET species_id = wanted.wanted FROM temp.wanted"
        " WHERE wanted.id = crops.id AND NOT aside AND wanted.wanted != crops.species_id"
    )
    back = _COLUMNS.format("wanted.wanted").replace("id, image_id", "set_aside.id, image_id", 1)
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


def _last_options(db: sqlite3.Connection) -> dict[str, object]:
    row = db.execute(
        "SELECT options FROM jobs WHERE step = 'crop' AND state = 'done' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return json.loads(row["options"]) if row else {}
