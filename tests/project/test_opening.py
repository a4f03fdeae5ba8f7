"""Projects that can only be looked at: on a read-only disk, without leave to write, or with a journal somebody left."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import DATABASE, Project, migrations, opening
from tests.disks import ROOT, on_small_disk

NOBODY = 65534

SURVEY = """
    import json, os, shutil, sys
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO
    from pathlib import Path
    from camtrap_gui import cli
    from camtrap_gui.problem import Problem
    from camtrap_gui.project import Project
    from tests.croppable import Survey

    disk = Path(sys.argv[1])

    def camtrap(*arguments):
        with redirect_stderr(StringIO()) as wrong, redirect_stdout(StringIO()) as said:
            status = cli.run(arguments)
        return status, (said.getvalue() + wrong.getvalue()).strip()

    def add(project, numbers):
        with project.write() as db:
            db.execute("INSERT OR IGNORE INTO roots (id, path) VALUES (1, '/pictures')")
            db.executemany("INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)", [(str(n), f"{n}.png") for n in numbers])

    def mount(how, *places):
        import subprocess
        subprocess.run(["mount", *how, *map(str, places)], check=True)

    def state(folder):
        return sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir())
"""


def last_line(said: str) -> list:
    return json.loads(said.splitlines()[-1])


def test_that_on_a_read_only_disk_one_can_look_and_write_elsewhere_but_change_nothing(tmp_path):
    script = """
        folder, out = disk / "project", disk.parent / "out"
        with Project.create(folder) as project:
            made = Survey(project, disk.parent / "pictures")
            for number in range(20):
                made.add(f"{number}.png", location="ABCDEFG"[number % 7], size=(48, 36))
        assert camtrap("crop", str(folder))[0] == 0
        writable = camtrap("stats", str(folder))
        mount(["-o", "remount,ro"], disk)
        before = state(folder)
        assert camtrap("stats", str(folder)) == writable
        looks = [("labels", "queue", str(folder), "unreviewed"), ("labels", "history", str(folder)),
            ("labels", "export", str(folder), str(out / "said.json")),
            ("share", str(folder), "species-folders", str(out / "shared"))]
        changes = [("crop", str(folder)), ("labels", "undo", str(folder)), ("dataset", str(folder), "--folder", str(out)),
            ("labels", "set", str(folder), "0.png", "--species", "lion"), ("share", str(folder), "species-folders", str(folder / "exports" / "shared"))]
        said = [camtrap(*arguments) for arguments in (*looks, *changes)]
        assert before == state(folder)
        print(json.dumps([said[:4], said[4:], len(list(out.rglob("*.png")))]))
    """
    looks, changes, pictures = last_line(on_small_disk(tmp_path / "disk", 24_000, SURVEY, script))
    assert [status for status, _ in looks] == [0] * 4 and pictures == 20, looks
    for status, words in changes[:3]:
        assert status == 2 and "can only be looked at: its disk is read-only" in words
        assert str(tmp_path / "disk") in words
    for status, words in changes[3:]:
        assert status == 2 and str(tmp_path / "disk") in words, words


@pytest.mark.parametrize("index", ["left", "lost"])
def test_that_what_a_killed_program_left_in_the_journal_is_seen_on_a_read_only_disk(tmp_path, index):
    script = f"""
        with Project.create(disk / "here") as project:
            add(project, range(3))
        project = Project.open(disk / "here")
        project.db.execute("PRAGMA wal_autocheckpoint = 0")
        add(project, range(3, 10))
        (disk / "project").mkdir()
        for path in (disk / "here").iterdir():
            if {index == "left"} or not path.name.endswith("-shm"):
                shutil.copyfile(path, disk / "project" / path.name)
        project.close()
        mount(["-o", "remount,ro"], disk)
        with Project.open(disk / "project") as looked:
            found = looked.db.execute("SELECT count(*) FROM images").fetchone()[0]
            private = looked._opened.copy and Path(looked._opened.copy.name)
            with looked.apart() as own:
                assert own.db.execute("SELECT count(*) FROM images").fetchone()[0] == found
            try:
                with looked.write():
                    refused = ""
            except Problem as problem:
                refused = str(problem)
        print(json.dumps([found, refused, private is not None, bool(private and private.exists())]))
    """
    found, refused, is_copy, is_left = last_line(on_small_disk(tmp_path / "disk", 24_000, SURVEY, script))
    assert found == 10 and "can only be looked at" in refused
    assert is_copy == (index == "lost") and not is_left


def test_that_one_who_may_only_look_sees_what_another_program_writes_meanwhile(tmp_path):
    script = """
        (disk / "look").mkdir()
        Project.create(disk / "project").close()
        mount(["--bind"], disk / "project", disk / "look")
        mount(["-o", "remount,bind,ro"], disk / "look")
        def seen(project):
            return project.db.execute("SELECT count(*) FROM images").fetchone()[0]
        first = Project.open(disk / "look")
        counts, changed = [seen(first)], [first.has_changed()]
        writer = Project.open(disk / "project")
        add(writer, range(5))
        changed.append(first.has_changed())
        first.reconnect()
        counts.append(seen(first))
        add(writer, range(5, 9))
        counts.append(seen(first))
        changed.append(first.has_changed())
        first.close()
        writer.close()
        try:
            with Project.open(disk / "look") as second, Project.open(disk / "project") as writer:
                add(writer, range(9, 12))
            said = ""
        except Problem as problem:
            said = str(problem)
        print(json.dumps([counts, changed, said]))
    """
    counts, changed, said = last_line(on_small_disk(tmp_path / "disk", 24_000, SURVEY, script))
    assert counts == [0, 5, 9] and changed == [False, True, False]
    assert "was written by another program while it was looked at" in said


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A project in a folder that whoever runs the tests' other programs may read, and not write."""
    folder = Path(tempfile.mkdtemp(prefix="camtrap-foreign-"))
    folder.chmod(0o755)
    Project.create(folder / "project").close()
    yield folder / "project"
    for path in (folder, folder / "project"):
        path.chmod(0o755)
    shutil.rmtree(folder)


def as_somebody_else(folder: Path, script: str) -> str:
    """What a script says that may read a folder but not write it: an administrator runs it as nobody."""
    for path in folder.iterdir():
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    folder.chmod(0o555)
    become = f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})" if os.geteuid() == 0 else ""
    begin = f"import camtrap_gui.project, json, os, sys\n{become}\n"  # whose files nobody else may be able to read
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(script), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of folders are of POSIX systems")
def test_that_a_project_of_somebody_else_can_be_looked_at(foreign):
    script = """
        from pathlib import Path
        from camtrap_gui.problem import Problem
        from camtrap_gui.project import Project
        with Project.open(Path(sys.argv[1])) as project:
            said = [project.read_only, project.db.execute("SELECT count(*) FROM images").fetchone()[0]]
            try:
                project.write().__enter__()
            except Problem as problem:
                said.append(str(problem))
        print(json.dumps(said))
    """
    why, images, refused = last_line(as_somebody_else(foreign, script))
    assert why == "you may not write in its folder" and images == 0
    assert f"{foreign} can only be looked at: {why}" in refused
    assert sorted(path.name for path in foreign.iterdir()) == [DATABASE, "project.toml"]


def test_that_an_older_project_is_seen_as_this_version_shows_it_and_stays_as_it_is(
    project, tmp_path, monkeypatch
):
    monkeypatch.setattr(opening, "_why_not", lambda _: "of this test")
    project.close()
    database = project.folder / DATABASE
    before = database.read_bytes()
    added = [*migrations.MIGRATIONS, lambda db: db.execute("CREATE TABLE newer (id INTEGER PRIMARY KEY)")]
    with monkeypatch.context() as later:
        later.setattr(migrations, "MIGRATIONS", added)
        with Project.open(project.folder) as looked:
            assert looked.read_only == "of this test"
            assert looked.db.execute("SELECT count(*) FROM newer").fetchone()[0] == 0
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:-1])
    with pytest.raises(Problem, match="newer version"):
        Project.open(project.folder)
    assert database.read_bytes() == before
    assert sorted(path.name for path in project.folder.iterdir()) == [DATABASE, "project.toml"]


def test_that_a_project_without_its_database_is_not_made_where_nothing_can_be_written(project, monkeypatch):
    monkeypatch.setattr(opening, "_why_not", lambda _: "of this test")
    project.close()
    (project.folder / DATABASE).unlink()
    with pytest.raises(Problem, match="is not there, and cannot be made: of this test"):
        Project.open(project.folder)


@pytest.mark.parametrize("name", ["a b", "50%", "what?", "a#b", "ä", "&mode=rwc"])
def test_that_a_folder_may_be_called_anything(tmp_path, monkeypatch, name):
    Project.create(tmp_path / name).close()
    monkeypatch.setattr(opening, "_why_not", lambda _: "of this test")
    with Project.open(tmp_path / name) as looked, looked.apart() as own:
        assert own.db.execute("SELECT count(*) FROM images").fetchone()[0] == 0
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == [DATABASE, "project.toml"]


def test_that_a_second_computer_sees_a_copy_and_changes_nothing(project, monkeypatch):
    with project.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES ('zebra', 0)")
    with monkeypatch.context() as there:
        there.setattr("platform.node", lambda: "the laptop")
        with Project.open(project.folder) as looked:
            assert looked.db.execute("SELECT name FROM species").fetchone()[0] == "zebra"
            with pytest.raises(Problem, match="Two computers cannot work on a project"), looked.write():
                pytest.fail("written")
            with project.write() as db:
                db.execute("INSERT INTO species (name, position) VALUES ('lion', 1)")
            assert looked.db.execute("SELECT count(*) FROM species").fetchone()[0] == 1
    with Project.open(project.folder) as mine:
        assert mine.read_only == ""
    project.close()
    monkeypatch.setattr("platform.node", lambda: "the laptop")
    with Project.open(project.folder) as later:
        assert later.read_only == ""
    assert [path.name for path in project.folder.iterdir() if path.name.startswith(".")] == []
