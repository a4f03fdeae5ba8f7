"""Bringing a project up to date, with the power cut and the disk full in the middle of it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from camtrap_gui.project import DATABASE, Project, browse, migrations
from camtrap_gui.project.browse import Filter
from camtrap_gui.project.machines import is_author
from tests.disks import ROOT, on_small_disk

DIES = """
import os, signal, sqlite3, sys
from pathlib import Path
from camtrap_gui.project import Project

left, connect = int(sys.argv[2]), sqlite3.connect

def dying(*args, **options):
    db = connect(*args, **options)
    def look(statement):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    db.set_trace_callback(look)
    return db

sqlite3.connect = dying
Project.open(Path(sys.argv[1])).close()
"""


def schema(file: Path) -> list[tuple]:
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        rows = db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*rows, *db.execute("SELECT * FROM species")]


@pytest.fixture
def older(tmp_path, monkeypatch) -> Path:
    """A project as the first version of the program left it, with some contents."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", [])
        with Project.create(tmp_path / "older") as project, project.write() as db:
            db.executemany(
                "INSERT INTO species (name, position) VALUES (?, ?)", [(f"s{n}" * 50, n) for n in range(3000)]
            )
    return tmp_path / "older"


def test_that_a_project_killed_while_it_is_brought_up_to_date_is_brought_there_the_next_time(older, tmp_path):
    before = schema(older / DATABASE)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(older, undisturbed)
    Project.open(undisturbed).close()
    for statements in (8, 10, 14, 25, 40):
        killed = tmp_path / f"killed {statements}"
        shutil.copytree(older, killed)
        done = subprocess.run(
            [sys.executable, "-c", DIES, str(killed), str(statements)], cwd=ROOT, env={**os.environ}
        )
        assert done.returncode == -9, statements
        for backup in killed.glob("project-before-*"):
            assert schema(backup) == before
        Project.open(killed).close()
        assert schema(killed / DATABASE) == schema(undisturbed / DATABASE)


def test_that_a_project_is_left_as_it_is_where_the_disk_has_no_room_for_the_backup(older, tmp_path):
    script = f"""
        import shutil, sys
        from pathlib import Path
        from camtrap_gui.problem import Interrupted
        from camtrap_gui.project import Project
        from tests.project.test_migrations import schema
        disk = Path(sys.argv[1])
        older = Path(shutil.copytree({str(older)!r}, disk / "project"))
        before, names = schema(older / "project.sqlite"), sorted(older.iterdir())
        try:
            Project.open(older)
        except Interrupted as why:
            print(why)
        assert sorted(older.iterdir()) == names and schema(older / "project.sqlite") == before
    """
    size = (older / DATABASE).stat().st_size // 1024
    assert "is full" in on_small_disk(tmp_path / "disk", size + size // 2, script)


def test_that_labels_of_persons_are_found_by_their_author_in_a_project_of_version_3(tmp_path, monkeypatch):
    said = [(1, 1, "import"), (1, 2, "Ada"), (2, 1, "folder"), (3, 1, "model"), (4, 1, "Ada"), (5, 1, "Bea")]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:2])
        with Project.create(tmp_path / "older") as project, project.write() as db:
            db.execute("INSERT INTO roots (path) VALUES ('here')")
            db.executemany("INSERT INTO species (name, position) VALUES (?, ?)", [("lion", 0), ("kudu", 1)])
            db.executemany(
                "INSERT INTO images (id, key, root_id, path) VALUES (?1, ?1, 1, ?1)",
                [(n,) for n in range(1, 6)],
            )
            db.executemany("INSERT INTO labels (image_id, species_id, author) VALUES (?, ?, ?)", said)
    with Project.open(tmp_path / "older") as project:
        for author, ids in {"Ada": [1, 4], "Bea": [5], "model": [3], "import": [1], "folder": [2]}.items():
            assert [*browse.ids(project, Filter(author=author))] == ids
            plan = project.db.execute(
                f"EXPLAIN QUERY PLAN SELECT image_id FROM labels WHERE {is_author(author)}", (author,)
            ).fetchall()
            came_with_pictures = author in ("import", "folder")
            assert ("labels_by_author" in plan[0]["detail"]) is not came_with_pictures


@pytest.mark.parametrize("parent", ["detections", "boxes", "crops"])
def test_that_rows_can_go_without_every_row_that_might_refer_to_them_being_read(project, parent):
    db = project.db
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    referring = [
        (table, row["from"])
        for table in tables
        for row in db.execute(f"PRAGMA foreign_key_list({table})")
        if row["table"] == parent
    ]
    assert referring
    for table, column in referring:
        plan = db.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE {column} = 1").fetchall()
        assert plan[0]["detail"].startswith("SEARCH"), (table, column)
