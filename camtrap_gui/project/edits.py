"""What a person decided: recorded before and after, saved at once, undoable and redoable without limit.

An edit is any number of changes of rows, made together inside ``recording``. While it is open, triggers note every row
of the tables in ``KEYS`` before it is changed for the first time; at the end the rows as they are then are laid beside
them, and what differs becomes the history. So decisions are written as plain SQL over as many rows as need be, nothing
that follows from them (a crop that goes with its box) can be forgotten, and undo needs to know nothing about them.

The history lives in the project: undo works after a restart, from the command line as well as in the window, and tells
who decided what. Undo and redo change a row only where it still is as the edit left it.
"""

import getpass
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import msgspec

from camtrap_gui.project import Project, crops_follow

KEYS: Mapping[str, tuple[str, ...]] = {
    "species": ("id",),
    "aliases": ("name",),
    "images": ("id",),
    "detections": ("id",),
    "boxes": ("id",),
    "labels": ("image_id", "species_id"),
    "crops": ("id",),
    "set_aside": ("id",),
    "predictions": ("run_id", "crop_id"),
    "doubts": ("crop_id",),
}
"""Tables whose rows an edit may change, with their primary keys; what is referred to comes first."""

FOLLOWING = frozenset({"crops", "set_aside", "predictions", "doubts"})
"""Tables that people do not change themselves: they follow what is said of the images."""

MACHINES = ("import", "folder")
"""Authors that are no persons."""

_BATCH = 10_000


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
    with project.write() as db:
        outer = _open(db)
        if outer is not None:
            yield outer
            return
        forget_undone(db)
        entry = Open(0, person(author), datetime.now(UTC).isoformat(), db)
        made = db.execute(
            "INSERT INTO edits (made, author, note) VALUES (?, ?, ?) RETURNING id",
            (entry.made, entry.author, note),
        ).fetchone()
        entry = Open(made["id"], entry.author, entry.made, db)
        _listen(db, entry)
        try:
            yield entry
            crops_follow.follow(project, _touched(db))
            _keep(db, entry.id)
        finally:
            _listen_no_more(db)


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
        "SELECT (SELECT max(id) FROM edits), (SELECT max(made) FROM edits),"
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
    for batch in _batches(db, "\"table\" = 'boxes' AND after IS NULL", ()):
        place = batch.columns.index("id")
        highest = max([highest, *(row[place] for row in batch.before or ())])
    return highest + 1


class _Batch(msgspec.Struct):
    # Rows of one table that were changed in the same way: None before where they were made, None after where deleted.
    table: str
    columns: list[str]
    before: Sequence[Sequence[Any]] | None
    after: Sequence[Sequence[Any]] | None


def _open(db: sqlite3.Connection) -> Open | None:
    if not db.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'recording'").fetchone():
        return None
    row = db.execute("SELECT id, author, made FROM temp.recording").fetchone()
    return Open(row["id"], row["author"], row["made"], db)


def _listen(db: sqlite3.Connection, entry: Open) -> None:
    db.execute("CREATE TEMP TABLE recording (id, author, made)")
    db.execute("INSERT INTO temp.recording VALUES (?, ?, ?)", (entry.id, entry.author, entry.made))
    for table, key in KEYS.items():
        columns = _columns(db, table)
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        db.execute(
            f"CREATE TEMP TABLE old_{table} (existed, {declared}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"
        )
        was = _first_time(table, ["1", *(f"OLD.{name}" for name in columns)], "OLD")
        made = _first_time(
            table, ["0", *(f"NEW.{name}" if name in key else "NULL" for name in columns)], "NEW"
        )
        moved = " OR ".join(f"OLD.{name} != NEW.{name}" for name in key)
        for event, when, notes in (
            ("INSERT", "1", made),
            ("UPDATE", "1", was),
            ("UPDATE", moved, made),
            ("DELETE", "1", was),
        ):
            name = f"{event}_{table}" if when == "1" else f"MOVE_{table}"
            db.execute(
                f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table} WHEN {when} BEGIN {notes} END"
            )


def _first_time(table: str, values: Sequence[str], which: str) -> str:
    same = " AND ".join(f"{column} = {which}.{column}" for column in KEYS[table])
    return (
        f"INSERT INTO old_{table} SELECT {', '.join(values)}"
        f" WHERE NOT EXISTS (SELECT 1 FROM old_{table} WHERE {same}); "
    )


def _listen_no_more(db: sqlite3.Connection) -> None:
    for table in KEYS:
        for event in ("INSERT", "UPDATE", "MOVE", "DELETE"):
            db.execute(f"DROP TRIGGER IF EXISTS temp.{event}_{table}")
        db.execute(f"DROP TABLE IF EXISTS temp.old_{table}")
    db.execute("DROP TABLE IF EXISTS temp.recording")


def _touched(db: sqlite3.Connection) -> str:
    # A query for the images about which something was said.
    return (
        "SELECT image_id FROM temp.old_labels UNION SELECT boxes.image_id FROM boxes JOIN temp.old_boxes USING (id)"
        " UNION SELECT image_id FROM temp.old_boxes WHERE existed"
        " UNION SELECT image_id FROM temp.old_detections WHERE existed"
    )


def _keep(db: sqlite3.Connection, edit_id: int) -> None:
    for table in KEYS:
        for batch in _differences(db, table):
            _write(db, edit_id, batch)


def _differences(db: sqlite3.Connection, table: str) -> Iterator[_Batch]:
    # The rows that went, those that came, and those that are others now, with the columns in which any of them is.
    columns, key = [*_columns(db, table)], [*KEYS[table]]

    def rows(wanted: Sequence[str], where: str) -> list[tuple[Any, ...]]:
        found = db.execute(
            f"SELECT {', '.join(wanted)} FROM temp.old_{table} AS old LEFT JOIN main.{table} AS now"
            f" ON {' AND '.join(f'old.{name} = now.{name}' for name in key)} WHERE {where}"
        )
        found.row_factory = None
        return found.fetchall()

    def side(which: str, names: Sequence[str]) -> list[str]:
        return [f"{which}.{name}" for name in names]

    if not db.execute(f"SELECT 1 FROM temp.old_{table} LIMIT 1").fetchone():
        return
    if gone := rows(side("old", columns), f"existed AND now.{key[0]} IS NULL"):
        yield _Batch(table, columns, gone, None)
    if made := rows(side("now", columns), f"NOT existed AND now.{key[0]} IS NOT NULL"):
        yield _Batch(table, columns, None, made)
    stayed = f"existed AND now.{key[0]} IS NOT NULL"
    differ = [f"old.{name} IS NOT now.{name}" for name in columns]
    [which] = rows([f"coalesce(max({each}), 0)" for each in differ], stayed)
    if any(which):
        kept = [*key, *compress(columns, which)]
        where = f"{stayed} AND ({' OR '.join(compress(differ, which))})"
        yield _Batch(table, kept, rows(side("old", kept), where), rows(side("now", kept), where))


def _write(db: sqlite3.Connection, edit_id: int, batch: _Batch) -> None:
    def side(rows: Sequence[Sequence[Any]] | None, start: int) -> str | None:
        return None if rows is None else msgspec.json.encode(rows[start : start + _BATCH]).decode()

    count = len(batch.before or batch.after or ())
    db.executemany(
        'INSERT INTO changes (edit_id, "table", key, before, after, rows) VALUES (?, ?, ?, ?, ?, ?)',
        (
            (
                edit_id,
                batch.table,
                json.dumps(batch.columns),
                side(batch.before, start),
                side(batch.after, start),
                min(_BATCH, count - start),
            )
            for start in range(0, count, _BATCH)
        ),
    )


def _batches(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> Iterator[_Batch]:
    single: dict[
        tuple[str, str], tuple[Any, Any]
    ] = {}  # by version 1 of the schema, in the order they were made
    for row in db.execute(
        f'SELECT "table", key, before, after FROM changes WHERE {where} ORDER BY id', values
    ):
        before, after = (
            None if row[side] is None else msgspec.json.decode(row[side]) for side in ("before", "after")
        )
        if row["key"].startswith("{"):
            where_from = single.get((row["table"], row["key"]), (before, None))[0]
            single[row["table"], row["key"]] = where_from, after
        else:
            yield _Batch(row["table"], msgspec.json.decode(row["key"]), before, after)
    for (table, _), (before, after) in single.items():
        if before is None or after is None:
            columns = [*(before or after or ())]
        else:
            columns = [name for name in before if name in KEYS[table] or before[name] != after[name]]
        if len(columns) > len(KEYS[table]):
            yield _Batch(
                table,
                columns,
                None if before is None else [[before[name] for name in columns]],
                None if after is None else [[after[name] for name in columns]],
            )


def _replay(project: Project, which: str, back: bool) -> Edit | None:
    with project.write() as db:
        row = db.execute(f"SELECT *, 0 AS changes FROM edits WHERE {which} LIMIT 1").fetchone()
        if row is None:
            return None
        batches = list(_batches(db, "edit_id = ?", (row["id"],)))
        if back:
            batches = [_Batch(each.table, each.columns, each.after, each.before) for each in batches]
        if row["recut"]:  # the crops are others than those that are written of
            said = [batch for batch in batches if batch.table not in FOLLOWING]
            with _noting(db, said) as touched:
                _restore(db, said, row["made"])
                touched()
                crops_follow.follow(project, "SELECT image_id FROM temp.touched")
        else:
            _restore(db, batches, row["made"])
        db.execute("UPDATE edits SET undone = ? WHERE id = ?", (back, row["id"]))
    return _edit(row)


@contextmanager
def _noting(db: sqlite3.Connection, batches: list[_Batch]) -> Iterator[Callable[[], None]]:
    # Notes the images that batches are about, as they are now and whenever what is given is called.
    db.execute("CREATE TEMP TABLE touched (image_id INTEGER PRIMARY KEY)")

    def note() -> None:
        for batch in batches:
            if "image_id" in batch.columns:
                place, find = batch.columns.index("image_id"), "SELECT ?"
            elif batch.table in ("boxes", "detections"):
                place, find = batch.columns.index("id"), f"SELECT image_id FROM {batch.table} WHERE id = ?"
            else:
                continue
            rows = batch.before or batch.after or []
            db.executemany(f"INSERT OR IGNORE INTO temp.touched {find}", ((row[place],) for row in rows))

    try:
        note()
        yield note
    finally:
        db.execute("DROP TABLE temp.touched")


def _restore(db: sqlite3.Connection, batches: Sequence[_Batch], made: str) -> None:
    # What is referred to is made first and deleted last; a species in use elsewhere by now stays.
    order = list(KEYS)
    ordered = sorted(batches, key=lambda batch: order.index(batch.table))
    for batch in reversed(ordered):
        if batch.after is None and batch.table != "species":
            if batch.table == "boxes":
                crops_follow.leave_boxes(db, [row[batch.columns.index("id")] for row in batch.before or ()])
            _remove(db, batch)
    for batch in ordered:
        if batch.before is None:
            _make(db, batch, made)
        elif batch.after is not None:
            _change(db, batch)
    for batch in ordered:
        if batch.after is None and batch.table == "species":
            for row in batch.before or ():
                with suppress(sqlite3.IntegrityError):
                    _remove(db, _Batch(batch.table, batch.columns, [row], None))


def _remove(db: sqlite3.Connection, batch: _Batch) -> None:
    same = " AND ".join(f"{column} IS ?" for column in batch.columns)
    db.executemany(f"DELETE FROM {batch.table} WHERE {same}", batch.before or ())


def _make(db: sqlite3.Connection, batch: _Batch, made: str) -> None:
    marks = ", ".join("?" * len(batch.columns))
    condition = {
        "doubts": "WHERE EXISTS (SELECT 1 FROM crops WHERE id = crop_id)",
        # Unless the classifier has learnt on since, so that it would say something else now.
        "predictions": "WHERE EXISTS (SELECT 1 FROM crops WHERE id = crop_id)"
        f" AND EXISTS (SELECT 1 FROM runs WHERE id = run_id AND coalesce(finished, '') <= '{made}')",
    }.get(batch.table, "")
    columns = ", ".join(batch.columns)
    db.executemany(
        f"INSERT OR IGNORE INTO {batch.table} ({columns})"
        f" SELECT {columns} FROM (SELECT {marks.replace('?', '? AS {}')}) {condition}".format(*batch.columns)
        if condition
        else f"INSERT OR IGNORE INTO {batch.table} ({columns}) VALUES ({marks})",
        batch.after or (),
    )


def _change(db: sqlite3.Connection, batch: _Batch) -> None:
    key = [batch.columns.index(column) for column in KEYS[batch.table]]
    rest = [place for place in range(len(batch.columns)) if place not in key]
    updates = ", ".join(f"{batch.columns[place]} = ?" for place in rest)
    same = " AND ".join(f"{batch.columns[place]} IS ?" for place in [*key, *rest])
    db.executemany(
        f"UPDATE {batch.table} SET {updates} WHERE {same}",
        (
            [*(after[place] for place in rest), *(before[place] for place in [*key, *rest])]
            for before, after in zip(batch.before or (), batch.after or (), strict=True)
        ),
    )


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


def _columns(db: sqlite3.Connection, table: str) -> dict[str, str]:
    # By name, with what they were declared as.
    return {name: kind for _, name, kind, *_ in db.execute(f"PRAGMA main.table_info({table})")}
