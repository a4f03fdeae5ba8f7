"""What befalls the window from outside: another window on the same project, a disk that is full or away."""

import errno
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from camtrap_gui.jobs import recorded
from camtrap_gui.project import Project, edits
from camtrap_gui.project.edits import Change
from camtrap_gui.settings import Settings
from camtrap_gui.ui import errors, worker
from camtrap_gui.ui.panels.panel import ELSEWHERE
from camtrap_gui.ui.session import ALL, DECIDED
from camtrap_gui.ui.window import Window
from camtrap_gui.ui.worker import Job
from tests import odd_steps
from tests.ui.conftest import ROOT

NAMED = [Change("species", {"id": 99}, {"name": "okapi", "position": 9})]


@pytest.fixture
def opened(app, crop_project, monkeypatch, tmp_path):
    monkeypatch.setattr(Settings, "save", lambda _: None)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-m", "tests.odd_steps"])
    window = Window(Settings())
    window.show()
    assert window.open_folder(crop_project)
    yield window
    window.close()
    window.deleteLater()


def boxes(window: Window) -> list[str]:
    return [box.text() for box in window.findChildren(QMessageBox) if box.isVisible()]


def test_that_a_window_shows_what_another_one_decides_and_undo_is_shared(session, crop_project):
    one, other = session(crop_project), session(crop_project)
    heard: list[set[str]] = []
    one.changed.connect(heard.append)
    other.edit("name the okapi", NAMED, {"labels"})
    one.look_elsewhere()
    one.look_elsewhere()
    assert heard == [set(DECIDED)]
    assert one.undo() == "name the okapi" and heard.pop() == set(ALL)
    assert other.undo() == "" and other.redo() == "name the okapi"


def test_that_own_decisions_are_told_once(session, crop_project):
    opened = session(crop_project)
    heard: list[set[str]] = []
    opened.changed.connect(heard.append)
    opened.edit("name the okapi", NAMED, {"labels"})
    with Project.open(crop_project) as other, other.write() as db:
        db.execute("UPDATE species SET position = position")
    opened.look_elsewhere()
    assert heard == [{"labels"}]


def test_that_a_short_job_of_another_program_is_noticed_after_it_is_over(session, crop_project):
    opened = session(crop_project)
    heard: list[set[str]] = []
    opened.changed.connect(heard.append)
    with Project.open(crop_project) as project, recorded(project, "train", {}):
        pass
    opened.look_elsewhere()
    assert heard == [{"runs"}] and opened.elsewhere == frozenset()


def test_that_a_step_another_window_does_can_be_started_when_that_has_finished(opened, crop_project):
    opened.show_step("train")
    panel = opened.panels["train"]
    assert panel.start_button.isEnabled()
    with Project.open(crop_project) as project, recorded(project, "train", {}):
        opened.session.look_elsewhere()
        assert not panel.start_button.isEnabled() and panel.message.text() == ELSEWHERE
        assert panel.message.isVisible() and ELSEWHERE in panel.start_button.toolTip()
    opened.session.look_elsewhere()
    assert panel.start_button.isEnabled() and not panel.message.isVisible()


def test_that_a_project_that_is_away_is_said_and_goes_on_when_it_is_back(opened, crop_project):
    moved = crop_project.with_name("elsewhere")
    heard: list[set[str]] = []
    opened.session.changed.connect(heard.append)
    crop_project.rename(moved)
    opened.session.look_elsewhere()
    assert opened.place_bar.isVisible() and str(crop_project) in opened.place_bar.words.text()
    opened.mishap("The disk answers no more.")
    assert boxes(opened) == []
    assert not crop_project.exists()
    moved.rename(crop_project)
    opened.session.look_elsewhere()
    assert not opened.place_bar.isVisible() and heard[-1] == set(ALL)
    opened.session.edit("name the okapi", NAMED, {"labels"})
    assert next(edits.history(opened.session.project)).note == "name the okapi"


def test_that_a_project_held_by_another_program_is_told_in_a_sentence_once_and_the_window_stays(
    opened, crop_project, monkeypatch
):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    defects = errors.install()
    defects.met.connect(opened.defect)
    defects.mishap.connect(opened.mishap)
    opened.session.project.db.execute("PRAGMA busy_timeout = 50")
    clicked = QPushButton()
    clicked.clicked.connect(lambda: opened.session.edit("name the okapi", NAMED, {"labels"}))
    with Project.open(crop_project) as other, other.write():
        for _ in range(2):
            QTest.mouseClick(clicked, Qt.MouseButton.LeftButton)
    (said,) = boxes(opened)
    assert "being written by another program" in said and "Traceback" not in said
    QTest.mouseClick(clicked, Qt.MouseButton.LeftButton)
    assert next(edits.history(opened.session.project)).note == "name the okapi"


def test_that_a_job_stopped_by_a_full_disk_can_go_on_from_the_job_bar(opened, wait):
    job = Job("odd_steps", "Detect", Path("/survey"), odd_steps.Options("full"))
    opened.session.long.submit(job)
    opened.session.job_started.emit(job)
    wait(job.is_over)
    assert job.state == "problem" and job.goes_on and "/survey is full. Make room there" in job.message
    bar = opened.job_bar
    again: list[Job] = []
    bar.again_wanted.disconnect()
    bar.again_wanted.connect(again.append)
    assert "is full" in bar._title.text() and bar._pause.isVisible() and bar._pause.text() == "Go on"
    QTest.mouseClick(bar._pause, Qt.MouseButton.LeftButton)
    assert again == [job]


def test_that_errors_of_the_disk_are_no_defects(app, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    defects = errors.install()
    met, mishaps = [], []
    defects.met.connect(lambda *words: met.append(words))
    defects.mishap.connect(mishaps.append)
    for error in (OSError(errno.ENOSPC, "No space left", "/survey/a.csv"), KeyError("a defect")):
        try:
            raise error
        except (OSError, KeyError):
            sys.excepthook(*sys.exc_info())
    assert len(mishaps) == 1 and "/survey/a.csv is full" in mishaps[0] and len(met) == 1


def test_that_the_window_comes_where_no_log_can_be_written(app, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    (tmp_path / "a file").touch()
    monkeypatch.setattr(errors.paths, "logs", lambda: tmp_path / "a file" / "logs")
    met = []
    errors.install().met.connect(lambda *words: met.append(words))
    sys.excepthook(KeyError, KeyError("a defect"), None)
    assert len(met) == 1
