"""A day of reviewing in the real window: keys and mouse, undo from the header, another day, and somebody else's copy."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from camtrap_gui.project import Project, decisions, edits, queues, review_rows
from camtrap_gui.project.decisions import Said
from camtrap_gui.settings import Settings
from camtrap_gui.ui.panels.review import ReviewPanel
from camtrap_gui.ui.widgets.decisions_exchange import ImportDecisions, export_to
from camtrap_gui.ui.window import Window
from tests import reviewable
from tests.ui.conftest import app, own_folders, silence, wait  # noqa: F401  (fixtures)
from tests.ui.hands import windows

K, M = Qt.Key, Qt.KeyboardModifier
IMAGES = 60


@pytest.fixture
def make_window(app, tmp_path, monkeypatch) -> Iterator[Callable[[], Window]]:  # noqa: F811
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(Settings, "save", lambda self: None)
    with windows(lambda: Window(Settings(theme="light"))) as make:
        yield make


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    return reviewable.make(tmp_path, IMAGES)


def review(window: Window, folder: Path, wait: Callable[..., None]) -> ReviewPanel:  # noqa: F811
    """The review page of a project, reached by its key."""
    assert window.open_folder(folder)
    QTest.keyClick(window, K.Key_9, M.ControlModifier)
    panel = window.panels["review"]
    assert isinstance(panel, ReviewPanel)
    wait(lambda: len(panel.views.ids()) > 0)
    panel.views.grid.setFocus()
    return panel


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = M.NoModifier) -> None:
    """A key, wherever the keyboard is."""
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifier)


def said(folder: Path) -> dict[int, list[str]]:
    """What is said of each image, as somebody else reads it."""
    with Project.open(folder) as project:
        return {
            number: names
            for number in range(1, IMAGES + 1)
            if (names := [one.species for one in review_rows.labels(project, number)])
        }


def button(root: QWidget, name: str) -> QAbstractButton:
    return next(
        one
        for one in root.findChildren(QAbstractButton)
        if one.isVisible() and name in (one.text(), one.accessibleName())
    )


def test_that_a_day_of_reviewing_is_kept_and_can_be_taken_back_the_next_day(make_window, survey, wait):  # noqa: F811
    window = make_window()
    panel = review(window, survey, wait)
    press(K.Key_Space)  # 1: the label of the source is right
    press(K.Key_Return)  # 2, large
    wait(lambda: len(panel.views.single.viewer.canvas.visible_boxes()) == 3)
    press(K.Key_3)  # 2 is a lion
    press(K.Key_R)
    QTest.keyClicks(QApplication.focusWidget(), "okapi")
    press(K.Key_Return)  # 3 is what nobody knew
    press(K.Key_E, M.ShiftModifier)  # 4, 5 and 6 are empty
    assert panel.views.at_hand() == [7]
    press(K.Key_F)
    press(K.Key_Escape)
    press(K.Key_Right, M.ShiftModifier)
    press(K.Key_Right, M.ShiftModifier)
    assert panel.views.at_hand() == [7, 8, 9]
    press(K.Key_V)
    assert "3 pictures: vehicle" in window.toast.sentence()
    QTest.mouseClick(button(window.toast, "Undo"), Qt.MouseButton.LeftButton)
    assert panel.views.at_hand() == [7] and panel.views.grid.rows.row(6).flagged
    expected = {1: ["gnu"], 2: ["lion"], 3: ["okapi"], 4: ["empty"], 5: ["empty"], 6: ["empty"]}
    assert said(survey) == expected
    window.close_project()
    panel = review(window, survey, wait)
    assert list(panel.views.ids())[:2] == [7, 8] and panel.progress is not None
    wait(lambda: panel.progress.words.text().startswith(f"6 reviewed · {IMAGES - 6} left"))
    window.activateWindow()
    for _ in range(2):
        QTest.keyClick(window, K.Key_Z, M.ControlModifier)  # the flag, then the empty sequence
    assert said(survey) == {1: ["gnu"], 2: ["lion"], 3: ["okapi"]}
    QTest.keyClick(window, K.Key_Z, M.ControlModifier | M.ShiftModifier)
    assert said(survey) == expected


def test_that_an_edit_from_elsewhere_does_not_lose_the_place_in_the_large_picture(make_window, survey, wait):  # noqa: F811
    window = make_window()
    panel = review(window, survey, wait)
    panel.views.open_place(20)
    wait(lambda: panel.views.single.viewer.canvas.visible_boxes())
    press(K.Key_Space)
    press(K.Key_Space)
    assert panel.views.at_hand() == [23]
    QTest.mouseClick(button(window.header, "Undo"), Qt.MouseButton.LeftButton)
    assert panel.views.at_hand() == [22] and panel.views.shows_single()
    assert said(survey) == {1: ["gnu"], 21: ["zebra"]}


def test_that_everything_in_a_queue_can_be_said_in_one_go(make_window, survey, wait):  # noqa: F811
    window = make_window()
    panel = review(window, survey, wait)
    panel.queues.choose("species", "lion")
    wait(
        lambda: panel.queue == queues.Queue("species", "lion") and panel.views.title.text().startswith("lion")
    )
    panel.views.set_focus()
    press(K.Key_A, M.ControlModifier)
    many = len(panel.views.at_hand())
    assert many > 10
    press(K.Key_Space)
    assert sum(names == ["lion"] for names in said(survey).values()) == many
    assert len(list(edits.history(panel.session.project))) == 1
    press(K.Key_F5)
    wait(lambda: len(panel.views.ids()) == 0)
    assert "reviewed" in panel.views.nothing.accessibleName()


def test_that_two_people_share_a_survey_and_see_where_they_differ(make_window, survey, wait, tmp_path):  # noqa: F811
    copy = tmp_path / "copy"
    shutil.copytree(survey, copy)
    with Project.open(copy) as theirs:
        decisions.label(theirs, [1, 2], [Said("zebra")], author="anna")
    window = make_window()
    panel = review(window, copy, wait)
    export_to(panel.session, tmp_path / "anna.json")
    assert "2 pictures" in window.toast.sentence()
    panel = review(window, survey, wait)
    press(K.Key_E)
    dialog = ImportDecisions(panel.session, tmp_path / "anna.json", window)
    dialog.open()
    wait(dialog.bring_in.isEnabled)
    assert said(survey) == {1: ["empty"]} and dialog.table.rowCount() == 1
    row = [dialog.table.item(0, column).text() for column in range(5)]
    assert row[0] == "001.jpg" and "empty" in row[1] and "zebra" in row[3] and row[4] == "anna"
    dialog.policy.setCurrentIndex(dialog.policy.findData("take"))
    dialog.bring_in.click()
    wait(lambda: said(survey) == {1: ["zebra"], 2: ["zebra"]})
    wait(lambda: window.toast.sentence().startswith("Decisions from anna.json"))
    QTest.mouseClick(button(window.toast, "Undo"), Qt.MouseButton.LeftButton)
    assert said(survey) == {1: ["empty"]}
