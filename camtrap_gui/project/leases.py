"""Leases: ranges of images or crops that somebody looks at somewhere else, so that nobody else looks at them meanwhile.

One process gives them out, prolongs them while it works, and keeps what comes back. When it is gone, whether it ended,
was killed or lost its machine, its leases are void: at once where that can be seen (on the same computer), otherwise when
they expire. What came back in time is kept; only the rest of a lease is ever done again.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from camtrap_gui.files import inside
from camtrap_gui.project import Project, at_work, crops, detections
from camtrap_gui.project.crop_pages import UnseenCrop
from camtrap_gui.project.detections import Seen, UnseenImage

LASTS = timedelta(minutes=3)
"""How long a lease is good for unless it is prolonged."""
_IMAGES, _CROPS = (
    "leases (detector_id, first, last, holder, expires)",
    "crop_leases (features, first, last, holder, expires)",
)
_TABLES = ("leases", "crop_leases")

Item = TypeVar("Item", UnseenImage, UnseenCrop)


@dataclass(frozen=True)
class Lease(Generic[Item]):
    """What was given out, by number of the lease."""

    id: int
    items: tuple[Item, ...]


def give_images(
    project: Project, detector_id: int, holder: str, after: int, size: int
) -> Lease[UnseenImage] | None:
    """The next ``size`` images or less that are unseen and nobody's, numbered higher than ``after``; None without any."""
    with project.write() as db:
        rows = db.execute(
            "SELECT images.id, roots.path AS root, images.path FROM images JOIN roots ON roots.id = root_id"
            f" WHERE images.id > ? AND {detections.UNSEEN} AND NOT EXISTS"
            " (SELECT 1 FROM leases WHERE leases.detector_id = ? AND images.id BETWEEN first AND last)"
            " ORDER BY images.id LIMIT ?",
            (after, detector_id, detector_id, size),
        ).fetchall()
        images = tuple(UnseenImage(row["id"], Path(row["root"]), row["path"]) for row in rows)
        return _lease(db, _IMAGES, detector_id, holder, images)


def give_crops(
    project: Project, features: str, holder: str, unseen: Sequence[int], size: int
) -> Lease[UnseenCrop] | None:
    """The first ``size`` crops or less of ``unseen`` (ascending ids) that are nobody's; None without any.

    ``features`` names what they are looked at with. Crops that are gone from the project are passed over.
    """
    folder = crops.folder(project).absolute()
    with project.write() as db:
        rows = db.execute(
            "SELECT id, file, sha256 FROM crops WHERE id IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
            " (SELECT 1 FROM crop_leases WHERE features = ? AND crops.id BETWEEN first AND last) ORDER BY id LIMIT ?",
            (json.dumps(unseen), features, size),
        ).fetchall()
        some = tuple(UnseenCrop(row["id"], inside(folder, row["file"]), row["sha256"]) for row in rows)
        return _lease(db, _CROPS, features, holder, some)


def _lease(
    db: sqlite3.Connection, table: str, of: int | str, holder: str, items: tuple[Item, ...]
) -> Lease[Item] | None:
    if not items:
        return None
    made = db.execute(
        f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", (of, items[0].id, items[-1].id, holder, _in(LASTS))
    ).lastrowid
    assert made is not None
    return Lease(made, items)


def keep(project: Project, detector_id: int, lease_id: int, found: Sequence[Seen], is_over: bool) -> None:
    """Store what came back of a lease of images, and end it when that was all of it."""
    with project.write() as db:
        detections.add(project, detector_id, found)
        if is_over:
            db.execute("DELETE FROM leases WHERE id = ?", (lease_id,))


def end_of_crops(project: Project, lease_id: int) -> None:
    """End a lease of crops, when all that came back of it is kept."""
    with project.write() as db:
        db.execute("DELETE FROM crop_leases WHERE id = ?", (lease_id,))


def prolong(project: Project, holder: str) -> None:
    """Make the leases of a process that is still there good for longer."""
    with project.write() as db:
        for table in _TABLES:
            db.execute(f"UPDATE {table} SET expires = ? WHERE holder = ?", (_in(LASTS), holder))


def give_back(project: Project, holder: str) -> None:
    """End the leases of a process that stops."""
    with project.write() as db:
        for table in _TABLES:
            db.execute(f"DELETE FROM {table} WHERE holder = ?", (holder,))


def take_over(project: Project) -> int:
    """End the leases of processes that are gone, and say how many there were."""
    now = _in(timedelta())
    ended = 0
    with project.write() as db:
        for table in _TABLES:
            rows = db.execute(f"SELECT id, holder, expires FROM {table}").fetchall()
            void = [
                row["id"]
                for row in rows
                if row["expires"] < now
                or (
                    at_work.is_of_here(row["holder"])
                    and not at_work.is_at_work(project.folder, row["holder"])
                )
            ]
            db.executemany(f"DELETE FROM {table} WHERE id = ?", [(number,) for number in void])
            ended += len(void)
    return ended


def _in(time: timedelta) -> str:
    return (datetime.now(UTC) + time).isoformat(timespec="milliseconds")
