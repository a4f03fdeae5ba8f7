"""What a person decided: recorded before and after, saved at once, undoable and redoable without limit.

An edit is any number of changes of rows, made together inside ``recording``. What it changes is found out by the
database itself (``changes``). So decisions are written as plain SQL over as many rows as need be, nothing that follows
from them (a crop that goes with its box) can be forgotten, and undo needs to know nothing about them.

The history lives in the project: undo works after a restart, from the command line as well as in the window, and tells
who decided what. Undo and redo change a row only where it still is as the edit left it.
"""

import getpass
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from camtrap_gui.project import Project, changes, clock, crops_follow
from camtrap_gui.project.changes import FOLLOWING, KEYS
from camtrap_gui.project.machines import MACHINES

_MANY = 1_000


@dataclass(frozen=True)
class Change:
    """One row as it shall be: ``after`` holds the columns to set, or is None to delete the row.

    ``key`` holds the primary key. For a row that does not exist yet, key and ``after`` together must fill every
    column without a default.
    """

    table: str
    key: Mapping[str, Any]
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Edit:
    """One entry of the history. ``made`` is UTC; ``undone`` edits can be redone until a new edit is made.

    ``changes`` counts the rows that were changed, those of crops and the like among them.
    """

    id: int
    made: datetime
    author: str
    note: str
    undone: bool
    changes: int


@dataclass(frozen=True)
class Open:
    """The edit that is being made: ``made`` as rows keep it (UTC, ISO 8601)."""

    id: int
    author: str
    made: str
    db: sqlite3.Connection


@contextmanager
def recording(project: Project, note: str, author: str | None = None) -> Iterator[Open]:
    """Make all that the block changes one edit, kept whole or not at all; crops follow at its end.

    Edits that were undone before can no longer be redone. A block inside another one becomes part of that one's edit.
    """
    with project.write(lasting=True) as db:
        outer = changes.are_noted(db)
        if outer is not None:
            yield Open(outer["id"], outer["author"], outer["made"], db)
            return
        now = clock.now(db)  # later than what is forgotten, too
        forget_undone(db)
        made = db.execute(
            "INSERT INTO edits (made, author, note) VALUES (?, ?, ?) RETURNING *",
            (now.isoformat(), person(author), note),
        ).fetchone()
        entry = Open(made["id"], made["author"], made["made"], db)
        changes.listen(db, entry.id)
        try:
            yield entry
            crops_follow.follow(project, changes.touched(db))
            changes.keep(db, entry.id)
        finally:
            changes.listen_no_more(db)


def edit(project: Project, note: str, changes: Iterable[Change], author: str | None = None) -> int:
    """Apply ``changes`` one by one as one edit and return its id. Edits that were undone can no longer be redone."""
    with recording(project, note, author) as entry:
        for change in changes:
            _put(entry.db, change)
    return entry.id


def undo(project: Project) -> Edit | None:
    """Take back the newest edit that is not undone; None when there is none."""
    return _replay(project, "undone = 0 ORDER BY id DESC", back=True)


def redo(project: Project) -> Edit | None:
    """Apply again the oldest undone edit; None when there is none."""
    return _replay(project, "undone = 1 ORDER BY id", back=False)


def history(
    project: Project, before_id: int | None = None, limit: int = 100, words: str = "", author: str = ""
) -> Iterator[Edit]:
    """Edits from the newest to the oldest, ``limit`` at a time; pass the last id seen for the next page.

    ``words`` must all be in the note, in any order; ``author`` is a whole name. Empty ones let all pass.
    """
    conditions, values = ["id < coalesce(?, 1 << 62)"], [before_id]
    for word in words.split():
        conditions.append("instr(lower(note), lower(?))")
        values.append(word)  # type: ignore[arg-type]
    if author:
        conditions.append("author = ?")
        values.append(author)  # type: ignore[arg-type]
    for row in project.db.execute(
        "SELECT edits.*, (SELECT coalesce(sum(rows), 0) FROM changes WHERE edit_id = edits.id) AS changes FROM edits"
        f" WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",
        (*values, limit),
    ):
        yield _edit(row)


def authors(project: Project) -> list[str]:
    """Everybody who has made an edit, sorted."""
    return [name for (name,) in project.db.execute("SELECT DISTINCT author FROM edits ORDER BY author")]


def moment(project: Project) -> tuple[object, ...]:
    """Something that is different after every edit, undo and redo."""
    row = project.db.execute(
        "SELECT (SELECT max(id) FROM edits), (SELECT made FROM edits ORDER BY id DESC LIMIT 1),"
        " (SELECT count(*) FROM edits WHERE undone = 1)"
    ).fetchone()
    return tuple(row)


def forget_undone(db: sqlite3.Connection) -> None:
    """Drop what was undone: something new has happened that it may not fit any more."""
    db.execute("DELETE FROM edits WHERE undone = 1")


def person(name: str | None = None) -> str:
    """The name that decisions are kept under: the one given, or that of the user of this computer."""
    if not name:
        with suppress(
            OSError, KeyError, ImportError
        ):  # no name for this user, no environment, no such module
            name = getpass.getuser()
    name = (name or "").strip() or "somebody"
    return f"{name} (person)" if name in MACHINES else name


def free_box_id(db: sqlite3.Connection) -> int:
    """A number that no box has and none has had that an undo may bring back."""
    highest: int = db.execute("SELECT coalesce(max(id), 0) FROM boxes").fetchone()[0]
    for batch in changes.batches_of(db, "\"table\" = 'boxes' AND after IS NULL", ()):
        place = batch.columns.index("id")
        highest = max([highest, *(row[place] for row in batch.before or ())])
    return highest + 1


def _replay(project: Project, which: str, back: bool) -> Edit | None:
    with project.write(lasting=True) as db:
        row = db.execute(f"SELECT *, 0 AS changes FROM edits WHERE {which} LIMIT 1").fetchone()
        if row is None:
            return None
        written = changes.Written(db, row["id"], back)
        if written.rows() > _MANY:
            changes.take_down(db)
        if row["recut"]:  # the crops are others than those that are written of
            said = replace(written, tables=[table for table in KEYS if table not in FOLLOWING])
            with changes.noting(said) as touched:
                changes.restore(said, row["made"])
                touched()
                crops_follow.follow(project, "SELECT image_id FROM temp.touched")
        else:
            changes.restore(written, row["made"])
        db.execute("UPDATE edits SET undone = ? WHERE id = ?", (back, row["id"]))
    return _edit(row)


def _edit(row: sqlite3.Row) -> Edit:
    made = datetime.fromisoformat(row["made"])
    return Edit(row["id"], made, row["author"], row["note"], bool(row["undone"]), row["changes"])


def _put(db: sqlite3.Connection, change: Change) -> None:
    same = " AND ".join(f"{column} = :{column}" for column in KEYS[change.table])
    if change.after is None:
        db.execute(f"DELETE FROM {change.table} WHERE {same}", change.key)
        return
    row = {**change.key, **change.after}
    updates = ", ".join(f"{column} = :{column}" for column in row)
    if not db.execute(f"UPDATE {change.table} SET {updates} WHERE {same}", row).rowcount:
        columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
        db.execute(f"INSERT INTO {change.table} ({columns}) VALUES ({marks})", row)
