"""Bursts: pictures that a camera took one after the other, which show the same visit of the same animals."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from camtrap_gui.project import Project


def group_by_time(project: Project, root_id: int, gap_s: float, mark: str = "") -> None:
    """Make sequences of the pictures that a folder import brought into a root, or one that puts ``mark`` before their keys.

    A picture belongs to the sequence of the one before it at the same location (in the same folder, where no location
    is known) when at most ``gap_s`` seconds lie between the two. Frames count from 0. Pictures without a time belong
    to none. Running it again changes only what has become different.
    """
    places = project.db.execute(
        "SELECT DISTINCT location_id FROM images WHERE root_id = ? AND key = ? || path", (root_id, mark)
    ).fetchall()
    known: dict[str, int] = dict(
        project.db.execute("SELECT name, id FROM sequences WHERE root_id = ?", (root_id,)).fetchall()
    )
    for (location_id,) in places:
        rows = project.db.execute(
            """SELECT images.id, path, taken, sequence_id, frame, frames, locations.name AS location
               FROM images LEFT JOIN locations ON locations.id = location_id
               WHERE root_id = ? AND key = ? || path AND location_id IS ? ORDER BY taken, path""",
            (root_id, mark, location_id),
        ).fetchall()
        with project.write() as db:
            changed = []
            for name, members in _bursts(rows, gap_s):
                if name is not None and name not in known:
                    made = db.execute("INSERT INTO sequences (root_id, name) VALUES (?, ?)", (root_id, name))
                    known[name] = made.lastrowid or 0
                for frame, row in enumerate(members):
                    after = (None, None, None) if name is None else (known[name], frame, len(members))
                    if after != (row["sequence_id"], row["frame"], row["frames"]):
                        changed.append((*after, row["id"]))
            db.executemany("UPDATE images SET sequence_id = ?, frame = ?, frames = ? WHERE id = ?", changed)
    with project.write() as db:
        db.execute(
            """DELETE FROM sequences WHERE root_id = ? AND NOT EXISTS
               (SELECT 1 FROM images WHERE images.sequence_id = sequences.id)""",
            (root_id,),
        )


def _bursts(rows: list[Any], gap_s: float) -> Iterator[tuple[str | None, list[Any]]]:
    """Pictures of one location in the order of time, as (name of the sequence, its pictures)."""
    for place, found in groupby(sorted(rows, key=_place), key=_place):
        burst: list[Any] = []
        previous: datetime | None = None
        for row in found:
            if row["taken"] is None:
                yield None, [row]
                continue
            taken = datetime.fromisoformat(row["taken"])
            if previous is not None and (taken - previous).total_seconds() > gap_s:
                yield f"{place} {burst[0]['taken']}".strip(), burst
                burst = []
            burst.append(row)
            previous = taken
        if burst:
            yield f"{place} {burst[0]['taken']}".strip(), burst


def _place(row: Any) -> str:
    return str(row["location"] or row["path"].rpartition("/")[0])
