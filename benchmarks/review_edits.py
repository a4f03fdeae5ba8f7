"""Relabelling many pictures as one edit, against one row at a time as edits were first made.

Every picture has a label and a crop of it. Relabelling deletes the label, makes another one, remembers that a person has
looked, and takes the crop along: four rows a picture, written down before and after. The reference does that with four
statements a row and one JSON object for each state. Undo and redo of both put all rows back, and forth again.
"""

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.project import Project, decisions, edits
from camtrap_gui.project.decisions import Said

SPECIES = 10
WAYS = ("relabel", "undo", "redo")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.images, options.rounds)


def measure(folder: Path, images: int, rounds: int) -> None:
    """Let both ways relabel everything, undo and redo it, in turns; print the table."""
    old = {way: Stopwatch(f"{way}, row by row") for way in WAYS}
    new = {way: Stopwatch(f"{way}, one edit") for way in WAYS}
    for turn in range(rounds):
        with make_project(folder / f"{turn}-old", images) as project:
            with old["relabel"].round(images):
                edit_id = edit_by_rows(project, relabelled(images))
            with old["undo"].round(images):
                replay_by_rows(project, edit_id, "before", "DESC")
            with old["redo"].round(images):
                replay_by_rows(project, edit_id, "after", "ASC")
            expected = state(project)
        with make_project(folder / f"{turn}-new", images) as project:
            start = state(project)
            with new["relabel"].round(images):
                decisions.label(project, range(1, images + 1), [Said("species 0")], author="Ana")
            assert state(project) == expected
            with new["undo"].round(images):
                edits.undo(project)
            assert state(project) == start
            with new["redo"].round(images):
                edits.redo(project)
            assert state(project) == expected
    rows = [
        (watch.name, max(watch.seconds), watch.rate, 1e6 * watch.cost, watch.times(old[way]))
        for way in WAYS
        for watch in (old[way], new[way])
    ]
    print(f"{images:,} pictures with a label and a crop each")
    print(table(("", "seconds (worst)", "pictures/s", "processor µs", "x row by row"), rows))
    print_json(
        {
            "benchmark": "review_edits",
            "images": images,
            **{f"{way}_seconds": max(new[way].seconds) for way in WAYS},
            **{f"{way}_times_row_by_row": new[way].times(old[way]) for way in WAYS},
        }
    )


def make_project(folder: Path, images: int) -> Project:
    """Pictures of ten species in turn, each with one crop."""
    project = Project.create(folder)
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(n + 1, f"species {n}", n) for n in range(SPECIES)],
        )
        numbers = range(1, images + 1)
        db.executemany(
            "INSERT INTO images (id, key, root_id, path, width, height) VALUES (?1, ?1, 1, ?2, 2048, 1536)",
            ((n, f"site {n % 200}/{n:08}.jpg") for n in numbers),
        )
        db.executemany(
            "INSERT INTO labels (image_id, species_id) VALUES (?, ?)",
            ((n, 2 + n % (SPECIES - 1)) for n in numbers),
        )
        db.executemany(
            "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " VALUES (?1, ?1, ?2, ?3, 'train', ?4, 0, 0, 400, 400, ?5)",
            (
                (
                    n,
                    2 + n % (SPECIES - 1),
                    f"site {n % 200}",
                    f"species/site {n % 200}/{n:08}.jpg",
                    f"{n:064x}",
                )
                for n in numbers
            ),
        )
    return project


def relabelled(images: int) -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Table, key and columns of every row that is to change, None for one that is to go."""
    for number in range(1, images + 1):
        yield "labels", {"image_id": number, "species_id": 2 + number % (SPECIES - 1)}, None
        yield (
            "labels",
            {"image_id": number, "species_id": 1},
            {"author": "Ana", "made": "2024-05-01T12:00:00"},
        )
        yield "images", {"id": number}, {"reviewed": "2024-05-01T12:00:00"}
        yield "crops", {"id": number}, {"species_id": 1}


def edit_by_rows(
    project: Project, changes: Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]
) -> int:
    """The reference: read, write, read again, one row after the other."""
    with project.write() as db:
        edit_id = db.execute("INSERT INTO edits (made, author, note) VALUES ('', '', '')").lastrowid
        assert edit_id is not None
        rows = []
        for name, key, wanted in changes:
            before = _read(db, name, key)
            after = None if wanted is None else {**(before or {}), **key, **wanted}
            _put(db, name, key, after)
            after = None if after is None else _read(db, name, key)
            rows.append((edit_id, name, *map(json.dumps, (key, before, after))))
        db.executemany(
            'INSERT INTO changes (edit_id, "table", key, before, after) VALUES (?, ?, ?, ?, ?)', rows
        )
    return edit_id


def replay_by_rows(project: Project, edit_id: int, side: str, order: str) -> None:
    """The reference: put one row after the other into the state it had."""
    with project.write() as db:
        for name, key, state in db.execute(
            f'SELECT "table", key, {side} FROM changes WHERE edit_id = ? ORDER BY id {order}', (edit_id,)
        ).fetchall():
            _put(db, name, json.loads(key), json.loads(state))


def state(project: Project) -> list[Any]:
    """What both ways must agree in."""
    queries = (
        "SELECT image_id, species_id FROM labels ORDER BY image_id",
        "SELECT id, reviewed IS NOT NULL FROM images ORDER BY id",
        "SELECT id, species_id FROM crops ORDER BY id",
    )
    return [tuple(row) for query in queries for row in project.db.execute(query)]


def _read(db: sqlite3.Connection, name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    same = " AND ".join(f"{column} = ?" for column in key)
    row = db.execute(f"SELECT * FROM {name} WHERE {same}", (*key.values(),)).fetchone()
    return None if row is None else dict(row)


def _put(db: sqlite3.Connection, name: str, key: dict[str, Any], state: dict[str, Any] | None) -> None:
    if state is None:
        same = " AND ".join(f"{column} = ?" for column in key)
        db.execute(f"DELETE FROM {name} WHERE {same}", (*key.values(),))
        return
    updates = ", ".join(f"{column} = excluded.{column}" for column in state)
    db.execute(
        f"INSERT INTO {name} ({', '.join(state)}) VALUES ({', '.join('?' * len(state))})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}",
        (*state.values(),),
    )


if __name__ == "__main__":
    main()
