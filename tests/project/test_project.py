"""A project folder is made, opened, guarded and brought up to date."""

import sqlite3
import subprocess
import sys

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, DATABASE, Project, migrations


def test_that_a_new_project_opens_again_with_its_name(tmp_path):
    Project.create(tmp_path / "survey", 'Serengeti "pilot" \\ 2').close()
    with Project.open(tmp_path / "survey") as project:
        assert project.name == 'Serengeti "pilot" \\ 2'
        assert project.db.execute("SELECT count(*) FROM images").fetchone()[0] == 0


def test_that_folders_with_other_things_are_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("x")
    with pytest.raises(Problem, match="not empty"):
        Project.create(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.docx"]
    with pytest.raises(Problem, match="not a project"):
        Project.open(tmp_path)


@pytest.mark.parametrize(
    "content", [b"this is no database at all, it is a letter" * 50, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_that_a_damaged_database_is_refused_in_words(tmp_path, content):
    Project.create(tmp_path / "p").close()
    for file in (tmp_path / "p").glob("*.sqlite*"):
        file.unlink()
    (tmp_path / "p" / DATABASE).write_bytes(content)
    with pytest.raises(Problem, match=r"damaged|cannot be opened"):
        Project.open(tmp_path / "p")


def test_that_a_broken_config_is_refused_in_words(tmp_path):
    Project.create(tmp_path / "p").close()
    (tmp_path / "p" / CONFIG).write_text("name = [")
    with pytest.raises(Problem, match="cannot be read"):
        Project.open(tmp_path / "p")


def test_that_a_project_of_a_newer_program_is_refused(tmp_path):
    Project.create(tmp_path / "p").close()
    with sqlite3.connect(tmp_path / "p" / DATABASE) as db:
        db.execute("PRAGMA user_version = 999")
    with pytest.raises(Problem, match="newer version"):
        Project.open(tmp_path / "p")


def test_that_a_migration_keeps_a_backup_and_a_failing_one_changes_nothing(tmp_path, monkeypatch):
    Project.create(tmp_path / "p").close()

    def add_column(db):
        db.execute("ALTER TABLE locations ADD COLUMN habitat TEXT")

    def fail(db):
        db.execute("DROP TABLE crops")
        raise RuntimeError("power cut")

    known = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", [*known, add_column, fail])
    with pytest.raises(RuntimeError):
        Project.open(tmp_path / "p")
    monkeypatch.setattr(migrations, "MIGRATIONS", [*known, add_column])
    with Project.open(tmp_path / "p") as project:
        project.db.execute("SELECT habitat FROM locations")
        project.db.execute("SELECT * FROM crops")
    assert (tmp_path / "p" / f"project-before-version-{len(known) + 2}.sqlite").is_file()


def test_that_a_project_of_the_first_version_is_opened_and_keeps_what_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(migrations, "MIGRATIONS", [])
    with Project.create(tmp_path / "p") as project, project.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES ('zebra', 0)")
    monkeypatch.undo()
    with Project.open(tmp_path / "p") as project:
        assert tuple(project.db.execute("SELECT name, merged_into FROM species").fetchone()) == (
            "zebra",
            None,
        )


def test_that_a_failing_transaction_keeps_nothing_and_nested_ones_are_one(project):
    with pytest.raises(RuntimeError), project.write() as outer:
        outer.execute("INSERT INTO locations (name) VALUES ('a')")
        with project.write() as inner:
            inner.execute("INSERT INTO locations (name) VALUES ('b')")
        raise RuntimeError
    assert project.db.execute("SELECT count(*) FROM locations").fetchone()[0] == 0


def test_that_what_was_committed_survives_a_kill(tmp_path):
    Project.create(tmp_path / "p").close()
    code = (
        "import os, signal, pathlib\n"
        "from camtrap_gui.project import Project\n"
        f"p = Project.open(pathlib.Path({str(tmp_path / 'p')!r}))\n"
        "with p.write() as db: db.execute(\"INSERT INTO locations (name) VALUES ('kept')\")\n"
        "p.db.execute('BEGIN'); p.db.execute(\"INSERT INTO locations (name) VALUES ('lost')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    with Project.open(tmp_path / "p") as project:
        assert [row["name"] for row in project.db.execute("SELECT name FROM locations")] == ["kept"]
