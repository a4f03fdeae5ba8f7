"""What a project knows about its pictures: where they are, when and where they were taken, what is on them.

Paths are kept relative to an image root, so a survey can change disks: see ``roots``. Everything that walks over all
images pages by id, so memory does not grow with the survey.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from camtrap_gui import files
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project

PAGE = 512
"""How many images are fetched at once when all are walked over."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as the project knows it.

    ``key`` is what the source calls it. ``path`` lies below ``root``, with forward slashes. ``frame`` of ``frames`` is
    its place in its sequence as the source counts. ``taken`` is the camera's clock, ISO 8601 without a zone. ``width``
    and ``height`` are upright pixels, None while unknown. ``problem`` says why the file cannot be used.
    """

    id: int
    key: str
    root: Path
    path: str
    location: str | None
    sequence: str | None
    frame: int | None
    frames: int | None
    taken: str | None
    width: int | None
    height: int | None
    problem: str | None

    @property
    def file(self) -> Path:
        """The file itself. Raises Problem when a link leads it out of its root."""
        return files.inside(self.root, self.path)


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody said is on a picture. ``sequence_level``: said of the whole sequence, may be wrong for this frame."""

    species: str
    count: int | None
    sequence_level: bool
    author: str


@dataclass(frozen=True, slots=True)
class KnownBox:
    """A box a person drew or that came with the source: x, y, width, height as fractions of the upright picture."""

    id: int
    species: str | None
    x: float
    y: float
    width: float
    height: float
    author: str


_SELECT = """
    SELECT images.id, images.key, images.root_id, images.path, locations.name AS location,
           sequences.name AS sequence, images.frame, images.frames, images.taken, images.width, images.height,
           images.problem
    FROM images
    LEFT JOIN locations ON locations.id = images.location_id
    LEFT JOIN sequences ON sequences.id = images.sequence_id
"""


def roots(project: Project) -> dict[int, Path]:
    """The folders that image paths are relative to, by id."""
    return {row["id"]: Path(row["path"]) for row in project.db.execute("SELECT id, path FROM roots")}


def get(project: Project, image_id: int) -> Image:
    """One image. Raises Problem when there is none of that id."""
    row = project.db.execute(f"{_SELECT} WHERE images.id = ?", (image_id,)).fetchone()
    if row is None:
        raise Problem(f"The project {project.folder} has no image number {image_id}.")
    return _image(row, roots(project))


def path_of(project: Project, image_id: int) -> Path:
    """The file of an image. Raises Problem when there is no such image or it leads out of its root."""
    return get(project, image_id).file


def page(project: Project, after: int = 0, size: int = PAGE) -> list[Image]:
    """Up to ``size`` images with an id above ``after``, in the order of their ids."""
    where = roots(project)
    rows = project.db.execute(f"{_SELECT} WHERE images.id > ? ORDER BY images.id LIMIT ?", (after, size))
    return [_image(row, where) for row in rows]


def walk(project: Project) -> Iterator[Image]:
    """All images in the order of their ids; the project may be written in between."""
    after = 0
    while images := page(project, after):
        yield from images
        after = images[-1].id


def count(project: Project) -> int:
    """How many images the project has, usable or not."""
    return int(project.db.execute("SELECT count(*) FROM images").fetchone()[0])


def unchecked(project: Project, root_id: int) -> Iterator[tuple[int, str]]:
    """Id and path of the images of a root whose files nobody has looked at, in the order of their ids."""
    after = 0
    while rows := project.db.execute(
        "SELECT id, path FROM images WHERE checked = 0 AND id > ? AND root_id = ? ORDER BY id LIMIT ?",
        (after, root_id, PAGE),
    ).fetchall():
        yield from ((row["id"], row["path"]) for row in rows)
        after = rows[-1]["id"]


def set_checked(project: Project, rows: Iterable[tuple[int, int, int, datetime | None]]) -> None:
    """Keep what files say of themselves: ``(image id, width, height, taken)``, upright pixels.

    The time fills in where the source gives none. The images have no problem from now on.
    """
    with project.write() as db:
        db.executemany(
            """UPDATE images SET checked = 1, problem = NULL, width = ?2, height = ?3, taken = coalesce(taken, ?4)
               WHERE id = ?1""",
            ((row[0], row[1], row[2], None if row[3] is None else row[3].isoformat()) for row in rows),
        )


def set_unusable(project: Project, rows: Iterable[tuple[int, str]]) -> None:
    """Keep why files cannot be used: ``(image id, reason)``."""
    with project.write() as db:
        db.executemany("UPDATE images SET checked = 1, problem = ?2 WHERE id = ?1", rows)


def labels_of(project: Project, image_id: int) -> list[Label]:
    """What is said to be on an image, in the order of the class list."""
    rows = project.db.execute(
        """SELECT species.name, labels.count, labels.sequence_level, labels.author
           FROM labels JOIN species ON species.id = labels.species_id
           WHERE labels.image_id = ? ORDER BY species.position""",
        (image_id,),
    )
    return [Label(row[0], row[1], bool(row[2]), row[3]) for row in rows]


def boxes_of(project: Project, image_id: int) -> list[KnownBox]:
    """The boxes that came with an image or were drawn on it."""
    rows = project.db.execute(
        """SELECT boxes.id, species.name, boxes.x, boxes.y, boxes.width, boxes.height, boxes.author
           FROM boxes LEFT JOIN species ON species.id = boxes.species_id
           WHERE boxes.image_id = ? ORDER BY boxes.id""",
        (image_id,),
    )
    return [KnownBox(*row) for row in rows]


def species(project: Project) -> tuple[str, ...]:
    """The class list: the names of all species in the order of the source, also those on no image."""
    rows = project.db.execute("SELECT name FROM species WHERE merged_into IS NULL ORDER BY position, id")
    return tuple(name for (name,) in rows)


def images_per_species(project: Project) -> dict[str, int]:
    """How many images carry each species, in the order of the class list; zeros included."""
    counts = dict(
        project.db.execute("SELECT species_id, count(*) FROM labels GROUP BY species_id").fetchall()
    )
    rows = project.db.execute("SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id")
    return {row["name"]: counts.get(row["id"], 0) for row in rows}


def count_incomplete(project: Project) -> tuple[int, int]:
    """How many images have no location, and how many no time."""
    query = (  # by their indexes, so that it takes no time however many there are
        "SELECT (SELECT count(*) FROM images WHERE location_id IS NULL),"
        " (SELECT count(*) FROM images WHERE taken IS NULL)"
    )
    placeless, timeless = project.db.execute(query).fetchone()
    return placeless, timeless


def locations(project: Project) -> tuple[str, ...]:
    """The names of all locations, sorted."""
    return tuple(row[0] for row in project.db.execute("SELECT name FROM locations ORDER BY name"))


def numbered_locations(project: Project) -> frozenset[str]:
    """The names of locations that the source wrote as whole numbers."""
    return frozenset(row[0] for row in project.db.execute("SELECT name FROM locations WHERE whole"))


def location_keys(project: Project) -> dict[str, int]:
    """What images can be told apart by when they are split, with the number of images that have it.

    ``location`` itself, ``sequence``, and every other field of the source ("season", "site" ...).
    """
    counts = {
        "location": "SELECT count(location_id) FROM images",
        "sequence": "SELECT count(sequence_id) FROM images",
    }
    keys = {key: int(project.db.execute(query).fetchone()[0]) for key, query in counts.items()}
    extras = project.db.execute(
        """SELECT fields.key, count(*) FROM images, json_each(images.extra) AS fields
           WHERE json_valid(images.extra) AND fields.atom IS NOT NULL GROUP BY fields.key ORDER BY fields.key"""
    )
    return {key: number for key, number in (keys | dict(extras.fetchall())).items() if number}


def location_values(project: Project, key: str = "location") -> Iterator[tuple[int, str | None]]:
    """The value of a location key for every image, in the order of ids: ``(image id, value)``.

    ``key`` is one of ``location_keys``. None where an image does not have it; numbers come as text.
    """
    if key in ("location", "sequence"):
        query = f"SELECT images.id, place.name FROM images LEFT JOIN {key}s AS place ON place.id = {key}_id"
    else:
        query = "SELECT images.id, images.extra FROM images"
    after = 0
    while rows := project.db.execute(
        f"{query} WHERE images.id > ? ORDER BY images.id LIMIT 10000", (after,)
    ).fetchall():
        for image_id, value in rows:
            yield image_id, value if key in ("location", "sequence") else _field(value, key)
        after = rows[-1][0]


def are_whole_numbers(project: Project, key: str) -> bool:
    """Whether the source wrote the values of a location key as whole numbers, all of them, not as text."""
    if key == "sequence":
        return False
    if key == "location":
        other = "SELECT 1 FROM locations WHERE NOT whole AND id IN (SELECT location_id FROM images)"
        return project.db.execute(f"{other} LIMIT 1").fetchone() is None
    other = """SELECT 1 FROM images, json_each(images.extra) AS fields WHERE json_valid(images.extra)
               AND fields.key = ? AND fields.atom IS NOT NULL AND fields.atom != '' AND fields.type != 'integer'"""
    return project.db.execute(f"{other} LIMIT 1", (key,)).fetchone() is None


def _field(extra: str | None, key: str) -> str | None:
    value: Any = json.loads(extra).get(key) if extra else None
    return None if value is None or value == "" or isinstance(value, dict | list) else str(value)


def _image(row: Any, where: dict[int, Path]) -> Image:
    return Image(row["id"], row["key"], where[row["root_id"]], *row[3:])
