"""What a person decided: recorded before and after, saved at once, undoable and redoable without limit.

An edit is any number of changes of rows, applied together. The history lives in the project, so undo works after a
restart, from the command line as well as in the window, and tells who decided what.
"""

import getpass
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from camtrap_gui.project import Project

KEYS: Mapping[str, tuple[str, ...]] = {
    "labels": ("image_id", "species_id"),
    "boxes": ("id",),
    "detections": ("id",),
    "images": ("id",),
    "species": ("id",),
}
"""Tables whose rows a person may change, with their primary keys."""


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
    """One entry of the history. ``made`` is UTC; ``undone`` edits can be redone until a new edit is made."""

    id: int
    made: datetime
    author: str
    note: str
    undone: bool
    changes: int


def edit(project: Project, note: str, changes: Iterable[Change], author: str | None = None) -> int:
    """Apply ``changes`` as one edit and return its id. Edits that were undone before can no longer be redone."""
    with project.write() as db:
        db.execute("DELETE FROM edits WHERE undone = 1")
        edit_id = db.execute(
            "INSERT INTO edits (made, author, note) VALUES (?, ?, ?)",
            (datetime.now(UTC).isoformat(), author or getpass.getuser(), note),
        ).lastrowid
        assert edit_id is not None
        rows = []
        for change in changes:
            before = _read(db, change.table, change.key)
            after = None if change.after is None else {**(before or {}), **change.key, **change.after}
            _put(db, change.table, change.key, after)
            after = (
                None if after is None else _read(db, change.table, change.key)
            )  # with the columns' defaults
            rows.append((edit_id, change.table, _dump(change.key), _dump(before), _dump(after)))
        db.executemany(
            'INSERT INTO changes (edit_id, "table", key, before, after) VALUES (?, ?, ?, ?, ?)', rows
        )
    return edit_id


def undo(project: Project) -> Edit | None:
    """Take back the newest edit that is not undone; None when there is none."""
    return _replay(project, "undone = 0 ORDER BY id DESC", "before", "DESC", undone=True)


def redo(project: Project) -> Edit | None:
    """Apply again the oldest undone edit; None when there is none."""
    return _replay(project, "undone = 1 ORDER BY id", "after", "ASC", undone=False)


def history(project: Project, before_id: int | None = None, limit: int = 100) -> Iterator[Edit]:
    """Edits from the newest to the oldest, ``limit`` at a time; pass the last id seen for the next page."""
    for row in project.db.execute(
        "SELECT edits.*, (SELECT count(*) FROM changes WHERE edit_id = edits.id) AS changes FROM edits"
        " WHERE id < coalesce(?, 1 << 62) ORDER BY id DESC LIMIT ?",
        (before_id, limit),
    ):
        yield _edit(row)


def _replay(project: Project, which: str, side: str, order: str, undone: bool) -> Edit | None:
    with project.write() as db:
        row = db.execute(f"SELECT *, 0 AS changes FROM edits WHERE {which} LIMIT 1").fetchone()
        if row is None:
            return None
        changes = db.execute(
            f'SELECT "table", key, {side} AS state FROM changes WHERE edit_id = ? ORDER BY id {order}',
            (row["id"],),
        )
        for change in changes.fetchall():
            state = None if change["state"] is None else json.loads(change["state"])
            _put(db, change["table"], json.loads(change["key"]), state)
        db.execute("UPDATE edits SET undone = ? WHERE id = ?", (undone, row["id"]))
    return _edit(row)


def _edit(row: sqlite3.Row) -> Edit:
    made = datetime.fromisoformat(row["made"])
    return Edit(row["id"], made, row["author"], row["note"], bool(row["undone"]), row["changes"])


def _read(db: sqlite3.Connection, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    where, values = _where(table, key)
    row = db.execute(f"SELECT * FROM {table} WHERE {where}", values).fetchone()
    return None if row is None else dict(row)


def _put(db: sqlite3.Connection, table: str, key: Mapping[str, Any], state: Mapping[str, Any] | None) -> None:
    where, values = _where(table, key)
    if state is None:
        db.execute(f"DELETE FROM {table} WHERE {where}", values)
        return
    columns = ", ".join(f'"{column}"' for column in state)
    marks = ", ".join("?" for _ in state)
    updates = ", ".join(f'"{column}" = excluded."{column}"' for column in state)
    conflict = ", ".join(KEYS[table])
    db.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({conflict}) DO UPDATE SET {updates}",
        tuple(state.values()),
    )


def _where(table: str, key: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    columns = KEYS[table]
    return " AND ".join(f"{column} = ?" for column in columns), tuple(key[column] for column in columns)


def _dump(row: Mapping[str, Any] | None) -> str | None:
    return None if row is None else json.dumps(dict(row))
