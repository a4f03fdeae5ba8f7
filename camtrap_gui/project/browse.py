"""Looking through the images of a project, a million as easily as a hundred.

A filter gives the ids of the images that pass, in order; rows are fetched a page at a time for the ids on screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camtrap_gui.project import Project, images

STATES = ("unlabelled", "labelled", "reviewed", "detected", "not detected", "problem")
"""What an image can be filtered by besides place, species and time."""

_STATE_SQL = {
    "unlabelled": "NOT EXISTS (SELECT 1 FROM labels WHERE labels.image_id = images.id)",
    "labelled": "EXISTS (SELECT 1 FROM labels WHERE labels.image_id = images.id)",
    "reviewed": "images.reviewed IS NOT NULL",
    "detected": "EXISTS (SELECT 1 FROM detected WHERE detected.image_id = images.id AND detected.problem IS NULL)",
    "not detected": "NOT EXISTS (SELECT 1 FROM detected WHERE detected.image_id = images.id)",
    "problem": "images.problem IS NOT NULL",
}


@dataclass(frozen=True)
class Filter:
    """Which images to show; an empty field lets all pass. ``since`` and ``until`` are days, ISO 8601, inclusive."""

    location: str = ""
    species: str = ""
    since: str = ""
    until: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An image as a list shows it."""

    id: int
    file: Path
    name: str
    location: str
    taken: str
    species: str
    problem: str


def ids(project: Project, chosen: Filter = Filter()) -> Sequence[int]:
    """Ids of the images that pass, ascending. Without a filter a range where ids have no gaps: no list is built."""
    where, values = _where(chosen)
    if not where:
        count, highest = project.db.execute("SELECT count(*), coalesce(max(id), 0) FROM images").fetchone()
        if count == highest:
            return range(1, count + 1)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    cursor = project.db.execute(f"SELECT images.id FROM images{condition} ORDER BY images.id", values)
    cursor.row_factory = None
    found = np.fromiter((row[0] for row in cursor), np.int64)
    return found  # type: ignore[return-value]


def rows(project: Project, wanted: Sequence[int]) -> list[Row]:
    """The images with these ids, in this order; ids that are gone are left out."""
    marks = ",".join("?" * len(wanted))
    where = images.roots(project)
    found = {
        row["id"]: Row(
            row["id"],
            where[row["root_id"]] / row["path"],
            row["path"],
            row["location"] or "",
            (row["taken"] or "").replace("T", " "),
            row["species"] or "",
            row["problem"] or "",
        )
        for row in project.db.execute(
            "SELECT images.id, images.root_id, images.path, locations.name AS location, images.taken, images.problem,"
            " (SELECT group_concat(species.name, ', ') FROM labels JOIN species ON species.id = labels.species_id"
            "  WHERE labels.image_id = images.id) AS species"
            " FROM images LEFT JOIN locations ON locations.id = images.location_id"
            f" WHERE images.id IN ({marks})",
            [int(number) for number in wanted],
        )
    }
    return [found[int(number)] for number in wanted if int(number) in found]


def sequence_of(project: Project, image_id: int) -> list[int]:
    """Ids of the images in the same sequence, in the order they were taken; the image alone where it has none."""
    found = project.db.execute(
        "SELECT id FROM images WHERE sequence_id = (SELECT sequence_id FROM images WHERE id = ?)"
        " ORDER BY frame, taken, id",
        (image_id,),
    ).fetchall()
    return [row["id"] for row in found] or [image_id]


def span(project: Project) -> tuple[str, str]:
    """The first and the last moment a picture was taken, '' where no time is known."""
    first, last = project.db.execute("SELECT min(taken), max(taken) FROM images").fetchone()
    return first or "", last or ""


def _where(chosen: Filter) -> tuple[list[str], list[str]]:
    where: list[str] = []
    values: list[str] = []

    def add(condition: str, *given: str) -> None:
        where.append(condition)
        values.extend(given)

    if chosen.location:
        add("images.location_id = (SELECT id FROM locations WHERE name = ?)", chosen.location)
    if chosen.species:
        add(
            "images.id IN (SELECT image_id FROM labels WHERE species_id = (SELECT id FROM species WHERE name = ?))",
            chosen.species,
        )
    if chosen.since:
        add("images.taken >= ?", chosen.since)
    if chosen.until:
        add("images.taken < date(?, '+1 day')", chosen.until)
    if chosen.state:
        add(_STATE_SQL[chosen.state])
    if chosen.text:
        add(
            "images.path LIKE ? ESCAPE '\\'",
            "%" + chosen.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%",
        )
    return where, values


def ids_with(project: Project, detector_id: int, category: str, threshold: float) -> Sequence[int]:
    """Ids of the images in which a detector found a category ('' any) with at least this confidence, ascending."""
    cursor = project.db.execute(
        "SELECT DISTINCT image_id FROM detections WHERE detector_id = ? AND confidence >= ? AND NOT rejected"
        " AND (? = '' OR category = ?) ORDER BY image_id",
        (detector_id, threshold, category, category),
    )
    return [row[0] for row in cursor]


def ids_without(project: Project, detector_id: int, threshold: float) -> Sequence[int]:
    """Ids of the images a detector has seen and found nothing in with at least this confidence, ascending."""
    cursor = project.db.execute(
        "SELECT image_id FROM detected WHERE detector_id = ? AND problem IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM detections WHERE detections.image_id = detected.image_id"
        "  AND detections.detector_id = detected.detector_id AND confidence >= ? AND NOT rejected)"
        " ORDER BY image_id",
        (detector_id, threshold),
    )
    return [row[0] for row in cursor]


def latest_with(project: Project, detector_id: int, threshold: float, many: int) -> Sequence[int]:
    """Ids of the images in which a detector found something last, newest first."""
    cursor = project.db.execute(
        "SELECT image_id FROM detections WHERE detector_id = ? AND confidence >= ? ORDER BY id DESC LIMIT ?",
        (detector_id, threshold, many * 4),
    )
    return list(dict.fromkeys(row[0] for row in cursor))[:many]
