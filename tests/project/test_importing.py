"""A first import is kept whole or not at all, however it ends and whoever looks on."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from camtrap_gui.project import Project, browse, images
from camtrap_gui.project.importing import importing
from camtrap_gui.project.incoming import Incoming
from camtrap_gui.project.known_images import NewImage

ROOT = Path(__file__).parent.parent.parent
KILLED = """
import os, signal, sys
from pathlib import Path
from camtrap_gui.project import Project
sys.path.insert(0, "tests/project")
from test_importing import bring_in, importing
project = Project.open(Path(sys.argv[1]))
with importing(project) as db:
    db.execute("PRAGMA cache_size = 10")
    bring_in(project, 40000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def bring_in(project: Project, count: int) -> Incoming:
    root_id = project.db.execute("INSERT INTO roots (path) VALUES ('/pictures')").lastrowid
    assert root_id is not None
    incoming = Incoming(project.db, root_id, "import", lambda subject, reason: None)
    for start in range(0, count, 1000):
        incoming.add_images([NewImage(str(key), f"{key}.jpg") for key in range(start, start + 1000)])
    incoming.end_images()
    return incoming


def journal_mode(project: Project) -> str:
    return str(project.db.execute("PRAGMA journal_mode").fetchone()[0])


def test_that_of_a_first_import_that_was_killed_nothing_is_left(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    before = (tmp_path / "project" / "project.sqlite").stat().st_size
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "project")], cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "project" / "project.sqlite").stat().st_size > before + 100_000  # it had come far
    with Project.open(tmp_path / "project") as project:
        assert images.count(project) == 0 and journal_mode(project) == "wal"
        assert not project.db.execute("SELECT 1 FROM roots").fetchone()
        assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        with importing(project):
            bring_in(project, 2000).finish()
        assert len(browse.ids(project)) == 2000 and journal_mode(project) == "wal"


def test_that_somebody_who_looks_on_sees_nothing_of_an_import_until_it_ends(tmp_path: Path) -> None:
    with Project.create(tmp_path / "project") as project, Project.open(tmp_path / "project") as other:
        with importing(project):
            bring_in(project, 5000).finish()
            assert images.count(other) == 0
        assert images.count(other) == 5000
        assert journal_mode(project) == journal_mode(other) == "wal"


def test_that_an_import_leaves_the_database_as_it_was_set(tmp_path: Path) -> None:
    pragmas = ("foreign_keys", "temp_store", "journal_mode", "synchronous", "cache_size")

    def settings(db: sqlite3.Connection) -> list[object]:
        return [db.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]

    with Project.create(tmp_path / "project") as project:
        before = settings(project.db)
        with importing(project):
            bring_in(project, 1000).finish()
        assert settings(project.db) == before
