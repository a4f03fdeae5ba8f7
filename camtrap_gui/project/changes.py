"""Rows before and after an edit: noting them while it is made, keeping what differs, putting it back.

While an edit is open, triggers copy every row of the tables in ``KEYS`` before it is changed for the first time into
temporary tables. At the end the rows as they are then are laid beside them. What differs is kept in batches: rows of one
table that went, that came, or that are others now, with only the columns in which they are.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import compress
from typing import Any

import msgspec

from camtrap_gui.project import crops_follow

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

_BATCH = 10_000


class Batch(msgspec.Struct):
    """Rows of one table that changed in the same way: ``before`` is None where they came, ``after`` where they went."""

    table: str
    columns: list[str]
    before: Sequence[Sequence[Any]] | None
    after: Sequence[Sequence[Any]] | None


def are_noted(db: sqlite3.Connection) -> sqlite3.Row | None:
    """The row of ``edits`` (id, author, made) that is being made on this connection, if any."""
    if not db.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'recording'").fetchone():
        return None
    row: sqlite3.Row | None = db.execute("SELECT id, author, made FROM temp.recording").fetchone()
    return row


def listen(db: sqlite3.Connection, edit_id: int) -> None:
    """Note from now on what is changed, for an edit.

    Tables and triggers stay with the connection, as making them would be half of the time of a small edit.
    """
    if not db.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'recording'").fetchone():
        db.execute("CREATE TEMP TABLE recording (id INTEGER, author TEXT, made TEXT)")
        for table in KEYS:
            _prepare(db, table)
    db.execute("INSERT INTO temp.recording SELECT id, author, made FROM edits WHERE id = ?", (edit_id,))


def listen_no_more(db: sqlite3.Connection) -> None:
    """Forget what was noted."""
    for table in KEYS:
        db.execute(f"DELETE FROM temp.old_{table}")
    db.execute("DELETE FROM temp.recording")


def take_down(db: sqlite3.Connection) -> None:
    """Remove the triggers until the next ``listen``: also idle ones are asked for every row that is written."""
    for table in KEYS:
        for trigger in ("made", "changed", "moved", "gone"):
            db.execute(f"DROP TRIGGER IF EXISTS temp.{table}_{trigger}")
        db.execute(f"DROP TABLE IF EXISTS temp.old_{table}")
    db.execute("DROP TABLE IF EXISTS temp.recording")


def _prepare(db: sqlite3.Connection, table: str) -> None:
    columns, key = _columns(db, table), KEYS[table]
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    db.execute(
        f"CREATE TEMP TABLE old_{table} (existed, {declared}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"
    )
    was = _first_time(table, ["1", *(f"OLD.{name}" for name in columns)], "OLD")
    made = _first_time(table, ["0", *(f"NEW.{name}" if name in key else "NULL" for name in columns)], "NEW")
    moved = " OR ".join(f"OLD.{name} != NEW.{name}" for name in key)
    for trigger, event, when, notes in (
        ("made", "INSERT", "1", made),
        ("changed", "UPDATE", "1", was),
        ("moved", "UPDATE", f"({moved})", made),
        ("gone", "DELETE", "1", was),
    ):
        db.execute(
            f"CREATE TEMP TRIGGER {table}_{trigger} AFTER {event} ON main.{table}"
            f" WHEN {when} AND EXISTS (SELECT 1 FROM recording) BEGIN {notes} END"
        )


def touched(db: sqlite3.Connection) -> str:
    """A query for the images about which something was said since ``listen``."""
    return (
        "SELECT image_id FROM temp.old_labels UNION SELECT boxes.image_id FROM boxes JOIN temp.old_boxes USING (id)"
        " UNION SELECT image_id FROM temp.old_boxes WHERE existed"
        " UNION SELECT image_id FROM temp.old_detections WHERE existed"
    )


def keep(db: sqlite3.Connection, edit_id: int) -> None:
    """Write down what has changed since ``listen``."""
    for table in KEYS:
        for batch in _differences(db, table):
            _write(db, edit_id, batch)


def batches_of(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> Iterator[Batch]:
    """What was written down, by a condition on the table ``changes``, also by version 1 of the schema."""
    single: dict[
        tuple[str, str], tuple[Any, Any]
    ] = {}  # by version 1 of the schema, in the order they were made
    # One by one, as no table can be dropped while a query is under way, and all together would be too much for memory.
    numbers = db.execute(f"SELECT id FROM changes WHERE {where} ORDER BY id", values).fetchall()
    for (number,) in numbers:
        query = 'SELECT "table", key, before, after FROM changes WHERE id = ?'
        row = db.execute(query, (number,)).fetchone()
        before, after = (
            None if row[side] is None else msgspec.json.decode(row[side]) for side in ("before", "after")
        )
        if row["key"].startswith("{"):
            where_from = single.get((row["table"], row["key"]), (before, None))[0]
            single[row["table"], row["key"]] = where_from, after
        else:
            yield Batch(row["table"], msgspec.json.decode(row["key"]), before, after)
    for (table, _), (before, after) in single.items():
        if before is None or after is None:
            columns = [*(before or after or ())]
        else:
            columns = [name for name in before if name in KEYS[table] or before[name] != after[name]]
        if len(columns) > len(KEYS[table]):
            yield Batch(
                table,
                columns,
                None if before is None else [[before[name] for name in columns]],
                None if after is None else [[after[name] for name in columns]],
            )


@dataclass(frozen=True)
class Written:
    """What an edit changed, as it was written down; ``back``: with before and after exchanged. Only some ``tables``.

    It is read anew, batch after batch, whenever it is gone through, so that memory does not grow with the edit.
    """

    db: sqlite3.Connection
    edit_id: int
    back: bool
    tables: Sequence[str] = tuple(KEYS)

    def rows(self) -> int:
        """How many rows changed."""
        query = "SELECT coalesce(sum(rows), 0) FROM changes WHERE edit_id = ?"
        return int(self.db.execute(query, (self.edit_id,)).fetchone()[0])

    def of(self, table: str, gone: bool = False) -> Iterator[Batch]:
        """The batches of a table; with ``gone`` those of rows that are not there afterwards, and perhaps others."""
        if table not in self.tables:
            return
        where = 'edit_id = ? AND "table" = ?'
        if gone:  # of a single row, only all that was written of it says how it ended
            where += f" AND ({'before' if self.back else 'after'} IS NULL OR key LIKE '{{%')"
        for batch in batches_of(self.db, where, (self.edit_id, table)):
            yield Batch(table, batch.columns, batch.after, batch.before) if self.back else batch


@contextmanager
def noting(written: Written) -> Iterator[Callable[[], None]]:
    """Notes the images that an edit is about in temp.touched, as they are now and whenever what is given is called."""
    db = written.db
    db.execute("CREATE TEMP TABLE touched (image_id INTEGER PRIMARY KEY)")

    def note() -> None:
        for batch in (batch for table in KEYS for batch in written.of(table)):
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


def restore(written: Written, made: str) -> None:
    """Make the rows of ``before`` those of ``after``, where they are as there still. ``made``: when the edit was.

    What is referred to is made first and deleted last; a species that something else uses by now stays.
    """
    db = written.db
    for table in reversed(list(KEYS)):
        for batch in written.of(table, gone=True) if table != "species" else ():
            if batch.after is None:
                if table == "boxes":
                    place = batch.columns.index("id")
                    crops_follow.leave_boxes(db, [row[place] for row in batch.before or ()])
                _remove(db, batch)
    for table in KEYS:
        for batch in written.of(table):
            if batch.before is None:
                _make(db, batch, made)
            elif batch.after is not None:
                _change(db, batch)
    for batch in written.of("species", gone=True):
        if batch.after is None:
            for row in batch.before or ():
                with suppress(sqlite3.IntegrityError):
                    _remove(db, Batch("species", batch.columns, [row], None))


def _first_time(table: str, values: Sequence[str], which: str) -> str:
    same = " AND ".join(f"{column} = {which}.{column}" for column in KEYS[table])
    return (
        f"INSERT INTO old_{table} SELECT {', '.join(values)}"
        f" WHERE NOT EXISTS (SELECT 1 FROM old_{table} WHERE {same}); "
    )


def _differences(db: sqlite3.Connection, table: str) -> Iterator[Batch]:
    # The rows that went, those that came, and those that are others now, with the columns in which any of them is.
    columns, key = [*_columns(db, table)], [*KEYS[table]]

    def rows(wanted: Sequence[str], where: str) -> Iterator[list[tuple[Any, ...]]]:
        found = db.execute(
            f"SELECT {', '.join(wanted)} FROM temp.old_{table} AS old LEFT JOIN main.{table} AS now"
            f" ON {' AND '.join(f'old.{name} = now.{name}' for name in key)} WHERE {where}"
        )
        found.row_factory = None
        while some := found.fetchmany(_BATCH):
            yield some

    def side(which: str, names: Sequence[str]) -> list[str]:
        return [f"{which}.{name}" for name in names]

    if not db.execute(f"SELECT 1 FROM temp.old_{table} LIMIT 1").fetchone():
        return
    for gone in rows(side("old", columns), f"existed AND now.{key[0]} IS NULL"):
        yield Batch(table, columns, gone, None)
    for made in rows(side("now", columns), f"NOT existed AND now.{key[0]} IS NOT NULL"):
        yield Batch(table, columns, None, made)
    stayed = f"existed AND now.{key[0]} IS NOT NULL"
    differ = [f"old.{name} IS NOT now.{name}" for name in columns]
    [[which]] = rows([f"coalesce(max({each}), 0)" for each in differ], stayed)
    if any(which):
        kept = [*key, *compress(columns, which)]
        where = f"{stayed} AND ({' OR '.join(compress(differ, which))})"
        for both in rows([*side("old", kept), *side("now", kept)], where):
            yield Batch(table, kept, [row[: len(kept)] for row in both], [row[len(kept) :] for row in both])


def _write(db: sqlite3.Connection, edit_id: int, batch: Batch) -> None:
    before, after = (
        None if rows is None else msgspec.json.encode(rows).decode() for rows in (batch.before, batch.after)
    )
    db.execute(
        'INSERT INTO changes (edit_id, "table", key, before, after, rows) VALUES (?, ?, ?, ?, ?, ?)',
        (
            edit_id,
            batch.table,
            json.dumps(batch.columns),
            before,
            after,
            len(batch.before or batch.after or ()),
        ),
    )


def _remove(db: sqlite3.Connection, batch: Batch) -> None:
    same = " AND ".join(f"{column} IS ?" for column in batch.columns)
    db.executemany(f"DELETE FROM {batch.table} WHERE {same}", batch.before or ())


def _make(db: sqlite3.Connection, batch: Batch, made: str) -> None:
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


def _change(db: sqlite3.Connection, batch: Batch) -> None:
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


def _columns(db: sqlite3.Connection, table: str) -> dict[str, str]:
    # By name, with what they were declared as.
    return {name: kind for _, name, kind, *_ in db.execute(f"PRAGMA main.table_info({table})")}
