"""Looking through the images of a project, a million as easily as a hundred.

A filter gives the ids of the images that pass, in order; rows are fetched a page at a time for the ids on screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camtrap_gui.project import Project, images, machines, numbers

STATES = (
    "unlabelled",
    "labelled",
    "reviewed",
    "not reviewed",
    "flagged",
    "detected",
    "not detected",
    "problem",
)
"""What an image can be filtered by besides place, species and time."""

_STATE_SQL = {
    "unlabelled": ("SELECT image_id AS id FROM labels", False),
    "labelled": ("SELECT image_id AS id FROM labels", True),
    "reviewed": ("SELECT id FROM images WHERE reviewed IS NOT NULL", True),
    "not reviewed": ("SELECT id FROM images WHERE reviewed IS NOT NULL", False),
    "flagged": ("SELECT id FROM images WHERE flagged", True),
    "detected": ("SELECT image_id AS id FROM detected WHERE problem IS NULL", True),
    "not detected": ("SELECT image_id AS id FROM detected", False),
    "problem": ("SELECT id FROM images WHERE problem IS NOT NULL", True),
}
"""For each state a query for ids, and whether the images with these ids are in it, or the others."""

_SPECIES = (
    "SELECT coalesce(merged_into, id) FROM species WHERE name = ?1"
    " UNION ALL SELECT species_id FROM aliases WHERE name = ?1 LIMIT 1"
)
"""The species that a name means; a saved search outlives a renaming."""


@dataclass(frozen=True)
class Filter:
    """Which images to show; an empty field lets all pass. ``since`` and ``until`` are days, ISO 8601, inclusive.

    ``author`` is who gave one of the labels.
    """

    location: str = ""
    species: str = ""
    since: str = ""
    until: str = ""
    state: str = ""
    text: str = ""
    author: str = ""


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
    """Ids of the images that pass, ascending. Without a filter a range where ids have no gaps: no list is built.

    Every condition is asked by itself, where an index has the whole answer, and the answers are laid over each other
    as one byte per image: a million images pass through in about 0.1 s a condition.
    """
    count, highest = project.db.execute(
        "SELECT (SELECT count(*) FROM images), (SELECT coalesce(max(id), 0) FROM images)"
    ).fetchone()
    conditions = _conditions(chosen)
    if count == highest:
        if not conditions:
            return range(1, count + 1)
        passing = np.ones(highest + 1, bool)
        passing[0] = False
    else:
        passing = numbers.marked(project, highest, "SELECT id FROM images")
    for query, values, wanted in conditions:
        passing &= numbers.marked(project, highest, query, *values) == wanted
    return np.flatnonzero(passing)  # type: ignore[return-value]


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


def find(project: Project, words: str, most: int) -> list[tuple[int, str]]:
    """Up to ``most`` images whose file name or key has these words in it, as (id, file name), ascending."""
    like = f"%{_escaped(words)}%"
    found = project.db.execute(
        "SELECT id, path FROM images WHERE path LIKE ? ESCAPE '\\' OR key LIKE ? ESCAPE '\\' ORDER BY id LIMIT ?",
        (like, like, most),
    )
    return [(row["id"], row["path"]) for row in found]


def called(project: Project, name: str) -> list[int]:
    """Ids of the images with this path below their root or, if there is none, with this key in their source."""
    found = project.db.execute(
        "SELECT id FROM images WHERE root_id IN (SELECT id FROM roots) AND path = ?", (name,)
    ).fetchall()
    found = found or project.db.execute("SELECT id FROM images WHERE key = ?", (name,)).fetchall()
    return [row["id"] for row in found]


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
    first, last = project.db.execute(
        "SELECT (SELECT min(taken) FROM images), (SELECT max(taken) FROM images)"
    ).fetchone()
    return first or "", last or ""


def _conditions(chosen: Filter) -> list[tuple[str, tuple[str, ...], bool]]:
    """For each field in use a query for ids, its values, and whether images with these ids pass, or the others."""
    found: list[tuple[str, tuple[str, ...], bool]] = []
    for value, query in (
        (chosen.location, "SELECT id FROM images WHERE location_id = (SELECT id FROM locations WHERE name = ?)"),
        (chosen.species, f"SELECT image_id AS id FROM labels WHERE species_id = ({_SPECIES})"),
        (chosen.since, "SELECT id FROM images WHERE taken >= ?"),
        (chosen.until, "SELECT id FROM images WHERE taken < date(?, '+1 day')"),
        (chosen.author, f"SELECT image_id AS id FROM labels WHERE {machines.is_author(chosen.author)}"),
        (chosen.text and f"%{_escaped(chosen.text)}%", "SELECT id FROM images WHERE path LIKE ? ESCAPE '\\'"),
    ):  # fmt: skip
        if value:
            found.append((query, (value,), True))
    if chosen.state:
        query, wanted = _STATE_SQL[chosen.state]
        found.append((query, (), wanted))
    return found


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def ids_with(project: Project, detector_id: int, category: str, threshold: float) -> Sequence[int]:
    """Ids of the images in which a detector found a category ('' any) with at least this confidence, ascending."""
    query = (
        "SELECT image_id AS id FROM detections WHERE detector_id = ?1 AND confidence >= ?2 AND NOT rejected"
        " AND (?3 = '' OR category = ?3)"
    )
    found = numbers.column(project, query, detector_id, threshold, category)
    return np.flatnonzero(numbers.marks(int(found.max(initial=0)), found))  # type: ignore[return-value]


def ids_without(project: Project, detector_id: int, threshold: float) -> Sequence[int]:
    """Ids of the images a detector has seen and found nothing in with at least this confidence, ascending."""
    query = "SELECT image_id AS id FROM detected WHERE detector_id = ? AND problem IS NULL"
    seen = numbers.column(project, query, detector_id)
    is_empty = numbers.marks(int(seen.max(initial=0)), seen)
    found = np.asarray(ids_with(project, detector_id, "", threshold), np.int64)
    is_empty[found[found < len(is_empty)]] = False
    return np.flatnonzero(is_empty)  # type: ignore[return-value]


def latest_with(project: Project, detector_id: int, threshold: float, many: int) -> Sequence[int]:
    """Ids of the images in which a detector found something last, newest first."""
    cursor = project.db.execute(
        "SELECT image_id FROM detections WHERE detector_id = ? AND confidence >= ? ORDER BY id DESC LIMIT ?",
        (detector_id, threshold, many * 4),
    )
    return list(dict.fromkeys(row[0] for row in cursor))[:many]
