"""Two computers and one project: one of them works on it, whatever crashes, sleeps or happens in the same instant."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from camtrap_gui import cli
from camtrap_gui.jobs import recorded
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, at_work, history, holding, unlocking
from camtrap_gui.steps import named, start
from camtrap_gui.steps.unlock import Options
from tests.computers import Computer, computers

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="other computers are played by POSIX locks and signals"
)


@pytest.fixture
def computer() -> Iterator[Callable[..., Computer]]:
    with computers() as one:
        yield one


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that nobody has open; a computer is taken for dead after an instant."""
    monkeypatch.setattr(holding, "DEAD_AFTER_S", 0.6)
    monkeypatch.setattr(unlocking, "SETTLE_S", 0.01)
    monkeypatch.setattr(unlocking, "_LOOK_EVERY_S", 0.1)
    Project.create(tmp_path / "project").close()
    return tmp_path / "project"


def unlock(folder: Path) -> str:
    return start(named("unlock"), None, Options(folder), lambda _: None).computer


def names(folder: Path) -> list[str]:
    with Project.open(folder) as project:
        assert project.read_only == ""
        assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return [name for (name,) in project.db.execute("SELECT name FROM species ORDER BY id")]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("locks", ["true", "missing", "lying"])
def test_that_of_two_computers_that_open_a_project_in_the_same_instant_one_works_on_it(
    tmp_path, computer, locks
):
    both = computer("office pc", locks), computer("laptop", locks)
    for number in range(12):
        folder = str(tmp_path / str(number))
        Project.create(Path(folder)).close()
        for one in both:
            one.tell("open", folder)
        said = [one.answer() for one in both]
        assert sorted(bool(why) for why in said) == [False, True], said
        assert any("has it open since" in str(why) for why in said)
        (writer,) = (one for one, why in zip(both, said, strict=True) if not why)
        (looker,) = (one for one in both if one is not writer)
        assert writer.ask("add", folder, 0) is None
        assert "camtrap unlock" in str(looker.ask("add", folder, 1))


def test_that_a_project_is_free_again_when_the_last_program_of_a_computer_has_closed_it(folder, computer):
    first, second, laptop = computer("office pc"), computer("office pc"), computer("laptop")
    assert first.ask("open", str(folder)) == "" and second.ask("open", str(folder)) == ""
    first.ask("close", str(folder))
    assert "the computer office-pc has it open" in str(laptop.ask("open", str(folder)))
    assert second.ask("add", str(folder), 0) is None
    second.ask("close", str(folder))
    assert laptop.ask("open", str(folder)) == "" and laptop.ask("add", str(folder), 1) is None
    laptop.ask("close", str(folder))
    assert left(folder) == [] and names(folder) == ["office pc 0", "laptop 1"]


def test_that_programs_of_one_computer_that_come_and_go_never_leave_it_without_the_mark(folder, computer):
    stays, comes = computer("office pc"), computer("office pc")
    for number in range(10):
        comes.tell("open", str(folder))
        assert stays.ask("open", str(folder)) == "" and comes.answer() == ""
        comes.tell("close", str(folder))
        assert stays.ask("add", str(folder), number) is None and comes.answer() is None
        stays.ask("close", str(folder))
    assert left(folder) == []


def test_that_a_computer_that_works_on_a_project_is_not_taken_for_dead_whatever_clocks_say(folder, computer):
    office = computer("office pc")
    office.ask("open", str(folder))
    for moment in (0.0, 4e9):
        os.utime(folder / holding.MARK, (moment, moment))
        with pytest.raises(Problem, match=r"office-pc is working on the project .* sign of life"):
            unlock(folder)
    assert office.ask("add", str(folder), 0) is None


def test_that_a_computer_that_crashed_is_named_and_its_project_can_be_taken_over(folder, computer):
    office = computer("office pc")
    office.ask("open", str(folder))
    office.ask("add", str(folder), 0)
    office.ask("begin", str(folder), 1)
    office.crash()
    with Project.open(folder) as looked:
        assert "the computer office-pc has it open since 20" in looked.read_only
        with pytest.raises(Problem, match=f"has crashed, take the project over: camtrap unlock {folder}"):
            looked.require_writable()
        assert history.under_way(looked) == {"train"}
    assert unlock(folder) == "office-pc" and names(folder) == ["office pc 0"]
    with Project.open(folder) as project:
        assert list(history.cut_off(project)) == ["train"]
        with recorded(project, "train", {}):
            pass
    assert unlock(folder) == ""


@pytest.mark.parametrize("doing", ["nothing", "writing"])
def test_that_a_computer_that_wakes_up_after_its_project_was_taken_over_writes_nothing(
    folder, computer, doing
):
    office = computer("office pc")
    office.ask("open", str(folder))
    office.ask("add", str(folder), 0)
    if doing == "writing":
        office.ask("begin", str(folder), 1)
    office.send(signal.SIGSTOP)
    assert unlock(folder) == "office-pc"
    with Project.open(folder) as mine:
        with mine.write() as db:
            db.execute("INSERT INTO species (name, position) VALUES ('mine', 5)")
        office.send(signal.SIGCONT)
        said = str(
            office.ask("end", str(folder)) if doing == "writing" else office.ask("add", str(folder), 2)
        )
        assert "was taken over: the computer" in said and "Nothing more is written from here" in said
        office.ask("close", str(folder))
        with mine.write() as db:
            db.execute("INSERT INTO species (name, position) VALUES ('mine, too', 6)")
        assert office.ask("open", str(folder)) != ""
    assert names(folder) == ["office pc 0", "mine", "mine, too"]
    assert office.ask("open", str(folder)) == "" and office.ask("add", str(folder), 7) is None


def test_that_only_one_of_two_takes_a_project_over_and_a_taking_over_that_was_cut_off_is_done_again(
    folder, computer, monkeypatch
):
    office = computer("office pc")
    office.ask("open", str(folder))
    office.ask("add", str(folder), 0)
    office.crash()
    dead = holding.read(folder)
    assert dead is not None
    with monkeypatch.context() as full:
        full.setattr(
            unlocking.shutil, "copymode", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
        )
        with pytest.raises(Problem, match=r"is full\. Make room"):
            unlocking.take_over(folder, dead)
    with pytest.raises(Problem, match="Another computer works on the project"):
        unlocking.take_over(folder, dead)
    with Project.open(folder) as looked:
        assert "taking over" in looked.read_only
    assert "taking over" in unlock(folder) and names(folder) == ["office pc 0"] and left(folder) == []


def test_that_what_a_crash_has_left_is_no_hindrance_to_the_same_computer(folder, computer):
    first, second = computer("office pc"), computer("office pc")
    first.ask("open", str(folder))
    first.crash()
    assert second.ask("open", str(folder)) == "" and second.ask("add", str(folder), 0) is None
    second.ask("close", str(folder))
    assert left(folder) == []


def test_that_nothing_is_written_without_the_mark_nor_where_the_folder_was(folder):
    elsewhere = folder.with_name("elsewhere")
    with Project.open(folder) as project:
        folder.rename(elsewhere)
        with pytest.raises(Problem, match="if it was moved, open it where it is now"), project.write():
            pytest.fail("written")
        elsewhere.rename(folder)
        with project.write() as db:
            db.execute("INSERT INTO species (name, position) VALUES ('lion', 0)")
        (folder / holding.MARK).unlink()
        with (
            pytest.raises(Problem, match=r"not marked as open here any more.*Open it again"),
            project.write(),
        ):
            pytest.fail("written")
        project.reconnect()
        with project.write() as db:
            db.execute("INSERT INTO species (name, position) VALUES ('hyena', 1)")
    assert names(folder) == ["lion", "hyena"] and left(folder) == []


def test_that_a_mark_that_was_never_finished_can_be_taken_over(folder, monkeypatch):
    monkeypatch.setattr(holding, "_PATIENCE_S", 0.05)
    (folder / holding.MARK).touch()
    with Project.open(folder) as looked:
        assert "has it open" in looked.read_only
    assert cli.run(["unlock", str(folder)]) == 0 and names(folder) == []


def test_that_on_a_full_disk_a_project_can_be_looked_at(folder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(holding, "_made", full)
    with Project.open(folder) as looked, pytest.raises(Problem, match=r"its disk is full\. Make room there"):
        looked.require_writable()


def test_that_locks_of_killed_processes_are_swept_and_those_in_use_stay(project):
    old = project.folder / f".at-work-{holding.computer()}-1"
    new = project.folder / f".at-work-{holding.computer()}-2"
    foreign = project.folder / ".at-work-else-where-3"
    for path in (old, new, foreign):
        path.touch()
    for path in (old, foreign):
        os.utime(path, (0, 0))
    with at_work.at_work(project.folder) as process:
        assert at_work.is_at_work(project.folder, process)
        assert not old.exists() and new.exists() and not foreign.exists()
