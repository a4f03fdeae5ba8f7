"""What people say of pictures: labels, flags, boxes, and detections that are nothing. Each call is one edit.

Decisions about many images are single statements over all of them, so fifty thousand take about as long as one hundred
rows of a form. ``author`` None is the user of this computer.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from camtrap_gui.project import Project, edits, proposals, regions, species, species_names
from camtrap_gui.project.edits import Open
from camtrap_gui.project.machines import MODEL
from camtrap_gui.project.proposals import Proposal, Said
from camtrap_gui.project.regions import Region, delete_box, draw_box, move_box, relabel_box

__all__ = [
    "Proposal",
    "Region",
    "Said",
    "Standing",
    "accept",
    "add_label",
    "confirm",
    "delete_box",
    "draw_box",
    "flag",
    "label",
    "left",
    "move_box",
    "of_sequences",
    "proposal",
    "reject",
    "relabel_box",
    "remove_label",
]


_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the review is: images reviewed and left, and how many an hour at the pace of the last hour (0: none)."""

    reviewed: int
    left: int
    per_hour: float


def proposal(project: Project, image_id: int) -> Proposal:
    """What accepting an image would say of it."""
    return proposals.of_image(project, image_id)


def label(project: Project, image_ids: Iterable[int], said: Sequence[Said], author: str | None = None) -> int:
    """These images show exactly this; the edit's id. A species that is not there yet is made.

    A count that is not said stays where the species was known. Boxes follow: with one species they all are of it, with
    several those of other species are of an unknown one, and with "empty" or nothing at all there are none.
    """
    wanted = array("q", map(int, image_ids))
    note = f"{_pictures(len(wanted))}: {_listed(said)}"
    with edits.recording(project, note, author) as edit, _chosen(edit, wanted):
        _say(edit, said, keep_others=False)
        regions.follow_labels(edit.db, "SELECT image_id FROM temp.chosen")
    return edit.id


def add_label(
    project: Project, image_ids: Iterable[int], said: Said | Sequence[Said], author: str | None = None
) -> int:
    """These images show this as well; the edit's id. "Empty" and "unknown" make room for it."""
    wanted, some = array("q", map(int, image_ids)), [said] if isinstance(said, Said) else list(said)
    note = f"{_pictures(len(wanted))}: and {_listed(some)}"
    with edits.recording(project, note, author) as edit, _chosen(edit, wanted):
        _say(edit, some, keep_others=True)
    return edit.id


def remove_label(project: Project, image_ids: Iterable[int], name: str, author: str | None = None) -> int:
    """These images do not show this species; the edit's id. Its boxes are then of an unknown one."""
    wanted = array("q", map(int, image_ids))
    with edits.recording(project, f"{_pictures(len(wanted))}: not {name}", author) as edit:
        number = species.existing(project, name)
        with _chosen(edit, wanted):
            for table in ("labels", "boxes"):
                change = "DELETE FROM labels" if table == "labels" else "UPDATE boxes SET species_id = NULL"
                edit.db.execute(
                    f"{change} WHERE species_id = ? AND image_id IN (SELECT image_id FROM temp.chosen)",
                    (number,),
                )
            _reviewed(edit)
    return edit.id


def accept(project: Project, image_ids: Iterable[int], author: str | None = None) -> int:
    """Each of these images shows what is proposed for it; the edit's id. One without a proposal stays as it is.

    What another person said stays that person's.
    """
    wanted = array("q", map(int, image_ids))
    note = f"Accept {_pictures(len(wanted))}"
    with edits.recording(project, note, author) as edit, _chosen(edit, wanted):
        _accept_labels(edit)
        _accept_proposals(project, edit)
    return edit.id


def flag(project: Project, image_ids: Iterable[int], flagged: bool, author: str | None = None) -> int:
    """Remember images to come back to, or forget that; the edit's id. It says nothing of what is on them."""
    wanted = array("q", map(int, image_ids))
    verb = "Flag" if flagged else "Take the flag off"
    with edits.recording(project, f"{verb} {_pictures(len(wanted))}", author) as edit, _chosen(edit, wanted):
        edit.db.execute(
            "UPDATE images SET flagged = ?1 WHERE flagged != ?1 AND id IN (SELECT image_id FROM temp.chosen)",
            (int(flagged),),
        )
    return edit.id


def reject(project: Project, detection_ids: Iterable[int], note: str = "", author: str | None = None) -> int:
    """Nothing is there that a detector found; the edit's id. Crops of it leave the data set."""
    return _judge(project, detection_ids, note or "Nothing there", author, rejected=1, confirmed=0)


def confirm(project: Project, detection_ids: Iterable[int], note: str = "", author: str | None = None) -> int:
    """Something is there, however often it repeats at the same place; the edit's id."""
    return _judge(project, detection_ids, note or "Really there", author, rejected=0, confirmed=1)


def of_sequences(project: Project, image_ids: Iterable[int]) -> list[int]:
    """All images of the sequences that these are of, ascending; an image without sequence stands for itself."""
    with project.write() as db, _set_of(db, image_ids):
        rows = db.execute(
            "SELECT image_id FROM temp.chosen UNION SELECT images.id FROM images WHERE sequence_id IN"
            " (SELECT sequence_id FROM images JOIN temp.chosen ON chosen.image_id = images.id)"
        ).fetchall()
    return [number for (number,) in rows]


def left(project: Project) -> Standing:
    """How far the review is. The pace is that of the last hour, or of the part of it since the first decision in it,
    without what was accepted from a classifier unseen."""
    total, reviewed = project.db.execute(
        "SELECT (SELECT count(*) FROM images)"
        " - (SELECT count(*) FROM images WHERE problem IS NOT NULL AND reviewed IS NULL),"  # no one can look at them
        " (SELECT count(*) FROM images WHERE reviewed IS NOT NULL)"
    ).fetchone()
    now = datetime.now(UTC)
    first, number = project.db.execute(
        "SELECT min(made), sum(rows) FROM edits JOIN changes ON edit_id = edits.id"
        " WHERE made >= ? AND NOT undone AND \"table\" = 'images' AND key LIKE '%reviewed%'"
        " AND NOT EXISTS (SELECT 1 FROM changes AS unseen WHERE unseen.edit_id = edits.id"
        "  AND unseen.\"table\" = 'labels' AND instr(unseen.after, ?))",
        ((now - timedelta(hours=1)).isoformat(), f'"{MODEL}"'),
    ).fetchone()
    if not number:
        return Standing(reviewed, total - reviewed, 0.0)
    seconds = max(60.0, (now - datetime.fromisoformat(first)).total_seconds())
    return Standing(reviewed, total - reviewed, 3600.0 * number / seconds)


@contextmanager
def _chosen(edit: Open, image_ids: Iterable[int]) -> Iterator[None]:
    with _set_of(edit.db, image_ids):
        edit.db.execute("DELETE FROM temp.chosen WHERE image_id NOT IN (SELECT id FROM images)")
        yield


@contextmanager
def _set_of(db: sqlite3.Connection, image_ids: Iterable[int]) -> Iterator[None]:
    # Ids as the temporary table "chosen". NumPy's numbers are no integers to SQLite.
    db.execute("CREATE TEMP TABLE chosen (image_id INTEGER PRIMARY KEY)")
    try:
        db.executemany(
            "INSERT OR IGNORE INTO temp.chosen VALUES (?)", ((int(number),) for number in image_ids)
        )
        yield
    finally:
        db.execute("DROP TABLE temp.chosen")


def _say(edit: Open, said: Sequence[Said], keep_others: bool) -> None:
    each = [(species_names.find_or_make(edit.db, one.species), one) for one in said]
    special = species_names.special(edit.db, "empty") | species_names.special(edit.db, "unknown")
    others = "(" + ",".join(str(number) for number, _ in each) + ")"
    go = f"species_id NOT IN {others}"
    if keep_others:
        go += f" AND species_id IN ({','.join(map(str, special))})"
    edit.db.execute(f"DELETE FROM labels WHERE {go} AND image_id IN (SELECT image_id FROM temp.chosen)")
    for number, one in each:
        edit.db.execute(
            """INSERT INTO labels (image_id, species_id, count, author, made, run_id, confidence)
               SELECT image_id, ?, ?, ?, ?, ?, ? FROM temp.chosen WHERE true
               ON CONFLICT DO UPDATE SET count = coalesce(excluded.count, count), sequence_level = 0,
                   author = excluded.author, made = excluded.made, run_id = excluded.run_id,
                   confidence = excluded.confidence""",
            (number, one.count, edit.author, edit.made, one.run_id, one.confidence),
        )
    _reviewed(edit)


def _reviewed(edit: Open) -> None:
    edit.db.execute(
        "UPDATE images SET reviewed = ? WHERE id IN (SELECT image_id FROM temp.chosen)", (edit.made,)
    )


def _accept_labels(edit: Open) -> None:
    # Labels of the source become the person's; a label of the sequence then holds for this image.
    having = "SELECT image_id FROM labels JOIN temp.chosen USING (image_id)"
    edit.db.execute(f"UPDATE images SET reviewed = ? WHERE id IN ({having})", (edit.made,))
    edit.db.execute(
        "UPDATE labels SET author = ?, made = ?, sequence_level = 0"
        f" WHERE author IN {edits.MACHINES} AND image_id IN (SELECT image_id FROM temp.chosen)",
        (edit.author, edit.made),
    )
    edit.db.execute(f"DELETE FROM temp.chosen WHERE image_id IN ({having})")


def _accept_proposals(project: Project, edit: Open) -> None:
    rest = array("q", (number for (number,) in edit.db.execute("SELECT image_id FROM temp.chosen")))
    numbers: dict[str, int] = {}
    proposed = proposals.of_images(project, rest)
    while page := list(islice(proposed, _PAGE)):  # what is said of earlier pictures changes no later proposal
        rows, accepted = [], []
        for image_id, offered in page:
            for one in offered.said:
                if one.species not in numbers:
                    numbers[one.species] = species_names.find_or_make(edit.db, one.species)
                said = (one.count, edit.author, edit.made, one.run_id, one.confidence)
                rows.append((image_id, numbers[one.species], *said))
            if offered.said:
                accepted.append((edit.made, image_id))
        edit.db.executemany(
            "INSERT INTO labels (image_id, species_id, count, author, made, run_id, confidence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            rows,
        )
        edit.db.executemany("UPDATE images SET reviewed = ? WHERE id = ?", accepted)


def _judge(
    project: Project,
    detection_ids: Iterable[int],
    note: str,
    author: str | None,
    rejected: int,
    confirmed: int,
) -> int:
    with edits.recording(project, note, author) as edit:
        edit.db.executemany(
            "UPDATE detections SET rejected = ?, confirmed = ? WHERE id = ?",
            ((rejected, confirmed, int(number)) for number in detection_ids),
        )
    return edit.id


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _listed(said: Sequence[Said]) -> str:
    return (
        ", ".join(one.species if one.count is None else f"{one.count} {one.species}" for one in said)
        or "nothing said"
    )
