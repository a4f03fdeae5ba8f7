"""The data set that training sees: crops, each with its species, its location and its split.

The crop step makes it as a whole; everyone else reads it here. The class list is all species of the project in the
order of their source, with those that no crop shows, so that the position of a name is its class id everywhere.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from camtrap_gui.geometry import Window
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_files

SPLITS = ("train", "val", "test")

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Crop:
    """One animal cut out of one image. ``species`` is the position in the class list."""

    id: int
    image_id: int
    species: int
    location: str
    split: str
    file: str
    window: Window
    sha256: str


class Row(NamedTuple):
    """A row of the table: window in upright pixels, exactly one of detection and box."""

    id: int
    image_id: int
    species_id: int
    detection_id: int | None
    box_id: int | None
    location: str
    split: str
    file: str
    left: int
    top: int
    right: int
    bottom: int
    sha256: str


def folder(project: Project) -> Path:
    """Where the crop files are, by species; also ``train.json``, ``classlist.txt`` and so on."""
    return crop_files.folder(project)


def records(project: Project) -> Path:
    """Where the TFRecords are: ``train-00000`` and so on."""
    return project.folder / "records"


def path_of(project: Project, crop: Crop) -> Path:
    """The crop's JPEG file."""
    return folder(project) / crop.file


def classes(project: Project) -> tuple[str, ...]:
    """The class list: names of all species of the project but those merged into others, position = class id."""
    return tuple(
        name
        for (name,) in project.db.execute(
            "SELECT name FROM species WHERE merged_into IS NULL ORDER BY position, id"
        )
    )


def of_split(project: Project, split: str) -> Iterator[Crop]:
    """The crops of one split ('train', 'val', 'test') in ascending id, read in pages."""
    require_whole(project)
    after = 0
    place = species_places(project)
    while True:
        page = project.db.execute(
            "SELECT * FROM crops NOT INDEXED WHERE split = ? AND id > ? ORDER BY id LIMIT ?",
            (split, after, _PAGE),
        ).fetchall()
        for row in page:
            yield _crop(row, place)
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


def get(project: Project, crop_id: int) -> Crop:
    """One crop. Raises Problem when there is none of this id."""
    row = project.db.execute("SELECT * FROM crops WHERE id = ?", (crop_id,)).fetchone()
    if row is None:
        raise Problem(f"There is no crop {crop_id} in {project.folder}.")
    return _crop(row, species_places(project))


def counts(project: Project) -> dict[str, list[int]]:
    """Crops of each class, by split: ``counts(project)["test"][class id]``."""
    place = species_places(project)
    table = {split: [0] * len(place) for split in SPLITS}
    for split, species_id, count in project.db.execute(
        "SELECT split, species_id, COUNT(*) FROM crops GROUP BY split, species_id"
    ):
        table[split][place[species_id]] = count
    return table


def locations(project: Project, split: str) -> tuple[str, ...]:
    """The locations whose crops are in a split, sorted. It goes from one to the next, however many crops each has."""
    rows = project.db.execute(
        """WITH RECURSIVE places (name) AS (
               SELECT min(location) FROM crops
               UNION ALL SELECT (SELECT min(location) FROM crops WHERE location > name) FROM places
               WHERE name IS NOT NULL)
           SELECT name FROM places
           WHERE EXISTS (SELECT 1 FROM crops WHERE location = name AND split = ?) ORDER BY name""",
        (split,),
    )
    return tuple(location for (location,) in rows)


def location_counts(project: Project) -> dict[str, list[int]]:
    """At how many locations each class was seen, by split, as ``counts``."""
    place = species_places(project)
    table = {split: [0] * len(place) for split in SPLITS}
    for split, species_id, count in project.db.execute(
        "SELECT split, species_id, COUNT(*) FROM (SELECT DISTINCT location, split, species_id FROM crops)"
        " GROUP BY split, species_id"
    ):
        table[split][place[species_id]] = count
    return table


def counts_at_locations(project: Project) -> dict[str, dict[str, int]]:
    """Crops at each location, by split: ``counts_at_locations(project)["B04"]["test"]``, locations sorted."""
    table: dict[str, dict[str, int]] = {}
    for location, split, count in project.db.execute(
        "SELECT location, split, COUNT(*) FROM crops GROUP BY location, split ORDER BY location"
    ):
        table.setdefault(location, dict.fromkeys(SPLITS, 0))[split] = count
    return table


def are_there(project: Project) -> bool:
    """Whether anything has been cut out, asked in no time however much there is."""
    return bool(project.db.execute("SELECT EXISTS (SELECT 1 FROM crops)").fetchone()[0])


def counts_over_time(project: Project, unit: str) -> dict[int, int]:
    """Crops by 'hour' of the day (0..23) or 'month' of the year (1..12), as the cameras' clocks said.

    Pictures without a time are left out, and for hours those with only a date.
    """
    start, low, high = {"hour": (12, 0, 23), "month": (6, 1, 12)}[unit]
    rows = project.db.execute(
        "SELECT substr(images.taken, ?, 2) AS part, COUNT(*) FROM crops"
        " JOIN images ON images.id = crops.image_id WHERE part GLOB '[0-9][0-9]' GROUP BY part",
        (start,),
    )
    known = {int(part): count for part, count in rows}
    return {part: known.get(part, 0) for part in range(low, high + 1)}


def left_out(project: Project) -> dict[str, int]:
    """How many images the last crop step left out, by reason, most frequent first."""
    rows = project.db.execute(
        "SELECT reason, COUNT(*) AS images FROM left_out GROUP BY reason ORDER BY images DESC, reason"
    )
    return {row["reason"]: row["images"] for row in rows}


def data_hash(project: Project) -> str:
    """SHA-256 of all that training depends on: class list, and species, split and bytes of every crop.

    Equal data sets have equal hashes in whatever order they were made.
    """
    digest = hashlib.sha256("\n".join(classes(project)).encode())
    for row in project.db.execute(
        "SELECT crops.file, species.name, crops.split, crops.sha256"
        " FROM crops JOIN species ON species.id = crops.species_id ORDER BY crops.file"
    ):
        digest.update("\0".join(row).encode() + b"\n")
    return digest.hexdigest()


def replace_all(
    project: Project, rows: Callable[[], Iterable[Row]], left_out: Iterable[tuple[int, str]]
) -> None:
    """Make ``rows`` the data set, with the images left out (id, reason), all of it or nothing.

    Crops that keep their id keep what classifiers said about them; what was said about the others goes with them, and
    so do crops that were set aside: an older edit that is undone finds these crops, not those it was made with.
    ``rows`` is asked twice, so that they need not be kept in memory.
    """
    with project.write() as db:
        db.execute("CREATE TEMP TABLE kept (id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO kept VALUES (?)", ((row.id,) for row in rows()))
        db.execute("DELETE FROM crops WHERE id NOT IN (SELECT id FROM kept)")
        db.execute("DROP TABLE kept")
        db.executemany(
            f"INSERT INTO crops ({', '.join(Row._fields)}) SELECT {', '.join('?' for _ in Row._fields)}"
            # Somebody may have deleted a box meanwhile, or taken back a species.
            " WHERE (?5 IS NULL OR EXISTS (SELECT 1 FROM boxes WHERE id = ?5))"
            " AND EXISTS (SELECT 1 FROM species WHERE id = ?3)"
            f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in Row._fields[1:])}",
            rows(),
        )
        db.execute("DELETE FROM set_aside")
        db.execute("UPDATE edits SET recut = 1 WHERE NOT recut")
        db.execute("DELETE FROM left_out")
        db.executemany("INSERT INTO left_out (image_id, reason) VALUES (?, ?)", left_out)


def species_places(project: Project) -> dict[int, int]:
    """Class id (position in the class list) of every ``species.id`` that was not merged into another."""
    rows = project.db.execute("SELECT id FROM species WHERE merged_into IS NULL ORDER BY position, id")
    return {species_id: place for place, (species_id,) in enumerate(rows)}


def require_whole(project: Project) -> None:
    """Raise Problem when a crop step was killed in the moment when its files took the place of the old ones."""
    if crop_files.is_moving(project):
        raise Problem(
            "An earlier crop step was stopped while it replaced the crops. Run it again: camtrap crop."
        )


def _crop(row: sqlite3.Row, place: dict[int, int]) -> Crop:
    return Crop(
        row["id"],
        row["image_id"],
        place[row["species_id"]],
        row["location"],
        row["split"],
        row["file"],
        (row["left"], row["top"], row["right"], row["bottom"]),
        row["sha256"],
    )
