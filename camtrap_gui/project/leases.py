"""Leases: ranges of images that a detector looks at somewhere else, so that nobody else looks at them meanwhile.

One process gives them out, prolongs them while it works, and keeps what comes back. When it is gone, whether it ended,
was killed or lost its machine, its leases are void: at once where that can be seen (on the same computer), otherwise when
they expire. What came back in time is kept; only the rest of a lease is ever done again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camtrap_gui.project import Project, at_work, detections
from camtrap_gui.project.detections import Seen, UnseenImage

LASTS = timedelta(minutes=3)
"""How long a lease is good for unless it is prolonged."""


@dataclass(frozen=True)
class Lease:
    """Images given out, by number of the lease."""

    id: int
    images: tuple[UnseenImage, ...]


def give(project: Project, detector_id: int, holder: str, after: int, size: int) -> Lease | None:
    """The next ``size`` images or less that are unseen and nobody's, numbered higher than ``after``; None without any."""
    with project.write() as db:
        rows = db.execute(
            "SELECT images.id, roots.path AS root, images.path FROM images JOIN roots ON roots.id = root_id"
            f" WHERE images.id > ? AND {detections.UNSEEN} AND NOT EXISTS"
            " (SELECT 1 FROM leases WHERE leases.detector_id = ? AND images.id BETWEEN first AND last)"
            " ORDER BY images.id LIMIT ?",
            (after, detector_id, detector_id, size),
        ).fetchall()
        if not rows:
            return None
        images = tuple(UnseenImage(row["id"], Path(row["root"]), row["path"]) for row in rows)
        made = db.execute(
            "INSERT INTO leases (detector_id, first, last, holder, expires) VALUES (?, ?, ?, ?, ?)",
            (detector_id, images[0].id, images[-1].id, holder, _in(LASTS)),
        ).lastrowid
    assert made is not None
    return Lease(made, images)


def keep(project: Project, detector_id: int, lease_id: int, found: Sequence[Seen], is_over: bool) -> None:
    """Store what came back of a lease, and end it when that was all of it."""
    with project.write() as db:
        detections.add(project, detector_id, found)
        if is_over:
            db.execute("DELETE FROM leases WHERE id = ?", (lease_id,))


def prolong(project: Project, holder: str) -> None:
    """Make the leases of a process that is still there good for longer."""
    with project.write() as db:
        db.execute("UPDATE leases SET expires = ? WHERE holder = ?", (_in(LASTS), holder))


def give_back(project: Project, holder: str) -> None:
    """End the leases of a process that stops."""
    with project.write() as db:
        db.execute("DELETE FROM leases WHERE holder = ?", (holder,))


def take_over(project: Project) -> int:
    """End the leases of processes that are gone, and say how many there were."""
    now = _in(timedelta())
    with project.write() as db:
        rows = db.execute("SELECT id, holder, expires FROM leases").fetchall()
        void = [
            row["id"]
            for row in rows
            if row["expires"] < now
            or (at_work.is_of_here(row["holder"]) and not at_work.is_at_work(project.folder, row["holder"]))
        ]
        db.executemany("DELETE FROM leases WHERE id = ?", [(number,) for number in void])
    return len(void)


def _in(time: timedelta) -> str:
    return (datetime.now(UTC) + time).isoformat(timespec="milliseconds")
