"""A window on a project that another computer has open, has left open in a crash, or takes over."""

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from camtrap_gui.problem import Interrupted
from camtrap_gui.project import edits, holding, unlocking
from camtrap_gui.project.edits import Change
from camtrap_gui.settings import Settings
from camtrap_gui.ui import worker
from camtrap_gui.ui.window import Window
from tests.computers import computers
from tests.ui.conftest import ROOT
from tests.ui.hands import windows

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="other computers are played by POSIX locks and signals"
)

IMPATIENT = "from camtrap_gui import engine; from camtrap_gui.project import holding; holding.DEAD_AFTER_S = 1.0; engine.main()"
NAMED = [Change("species", {"id": 99}, {"name": "okapi", "position": 9})]


@pytest.fixture
def window(app, monkeypatch):
    monkeypatch.setattr(Settings, "save", lambda _: None)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-c", IMPATIENT])
    monkeypatch.setattr(unlocking, "SETTLE_S", 0.01)
    with windows(Window) as open_window:
        yield open_window(Settings())


def boxes(window: Window) -> list[QMessageBox]:
    return [box for box in window.findChildren(QMessageBox) if box.isVisible()]


def test_that_a_project_that_a_crashed_computer_has_left_open_can_be_worked_on_after_a_click(
    window, crop_project, wait
):
    with computers() as computer:
        office = computer("office pc")
        assert office.ask("open", str(crop_project)) == ""
        window.open_folder(crop_project)
        bar = window.place_bar
        assert bar.isVisible() and "the computer office-pc has it open since 20" in bar.words.text()
        QTest.mouseClick(bar.take_over, Qt.MouseButton.LeftButton)
        assert not bar.take_over.isEnabled()
        wait(lambda: boxes(window), 30)
        (box,) = boxes(window)
        assert "office-pc is working on the project" in box.text() and bar.take_over.isEnabled()
        box.close()
        office.crash()
        QTest.mouseClick(bar.take_over, Qt.MouseButton.LeftButton)
        wait(lambda: window.session is not None and not window.session.project.read_only, 30)
    assert not bar.isVisible()
    window.session.edit("name the okapi", NAMED, {"labels"})
    assert next(edits.history(window.session.project)).note == "name the okapi"


def test_that_a_window_whose_project_was_taken_over_says_so_and_decides_nothing_more(
    window, crop_project, monkeypatch
):
    window.open_folder(crop_project)
    mark = holding.read(crop_project)
    assert mark is not None
    with monkeypatch.context() as there:
        there.setattr("platform.node", lambda: "laptop")
        unlocking.take_over(crop_project, mark)
    with computers() as computer:
        laptop = computer("laptop")
        assert (
            laptop.ask("open", str(crop_project)) == "" and laptop.ask("add", str(crop_project), 77) is None
        )
        with pytest.raises(Interrupted, match="was taken over"):
            window.session.edit("name the okapi", NAMED, {"labels"})
        window.session.look_elsewhere()
        bar = window.place_bar
        assert bar.isVisible() and "laptop has it open" in bar.words.text() and not bar.take_over.isVisible()
        QTest.mouseClick(bar.anew, Qt.MouseButton.LeftButton)
        assert "can only be looked at: the computer laptop has it open" in bar.words.text()
        assert laptop.ask("add", str(crop_project), 78) is None
        laptop.ask("close", str(crop_project))
        QTest.mouseClick(bar.anew, Qt.MouseButton.LeftButton)
    assert not bar.isVisible() and not window.session.project.read_only
    names = [name for (name,) in window.session.project.db.execute("SELECT name FROM species ORDER BY id")]
    assert names[-2:] == ["laptop 77", "laptop 78"]
