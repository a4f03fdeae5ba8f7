"""Deciding about static objects: found in the background, chosen by mouse and keys, answered once per place."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from camtrap_gui.project import Project, edits, static_objects
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.widgets.places_view import MOST_INSTANCES, PlacesView
from tests.repeating import DAILY, add, prepare

BOXES = [(0.05 + 0.15 * number, 0.4, 0.1, 0.1) for number in range(6)]
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with seven places: six things at one camera, the first with most detections, and one at another."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with Project.create(tmp_path / "project") as project:
        prepare(project)
        with project.write() as db:
            db.execute("UPDATE roots SET path = ?", (str(pictures),))
        add(project, DAILY, BOXES[0])
        add(project, DAILY, BOXES[0])  # a second picture each time
        for number, box in enumerate(BOXES[1:], 1):
            add(project, DAILY[:-number], (*box[:1], 0.1 + 0.1 * number, *box[2:]))
        add(project, DAILY[:5], camera=2)
        for (path,) in project.db.execute("SELECT path FROM images"):
            Image.new("RGB", (160, 120), "olive").save(pictures / path)
    return tmp_path / "project"


@pytest.fixture
def view(session, show, wait, folder: Path) -> PlacesView:
    made = PlacesView(session(folder))
    show(made)
    wait(lambda: made.grid.count() == 6)
    made.grid.setFocus()
    return made


def click(view: PlacesView, place: int, held: Qt.KeyboardModifier = NONE) -> None:
    grid = view.grid
    across = grid.model().columnCount()
    QTest.mouseClick(
        grid.viewport(), LEFT, held, grid.visualRect(grid.model().index(*divmod(place, across))).center()
    )


def rejected(view: PlacesView) -> int:
    db = view._session.project.db
    return db.execute("SELECT count(*) FROM detections WHERE rejected").fetchone()[0]


def shown(view: PlacesView) -> list[float]:
    """The left edges of the boxes of all tiles, which tell the places apart."""
    return [round(tile.place.box[0], 2) for tile in view.grid.tiles]


def test_that_places_are_shown_with_pictures_of_the_current_one(view, wait):
    assert view.headline.text() == "6 places · 160 boxes"
    place = view.grid.tiles[0].place
    assert len(place.detection_ids) == 50 and len(view.strip.instances) == MOST_INSTANCES
    taken = [instance.taken for instance in view.strip.instances]
    assert taken == sorted(taken) and taken[0].startswith("2024-03-01") and taken[-1] >= "2024-03-24"
    assert view.about.text() == "C01 · animal"
    assert view.details.text().startswith("seen 25 times on 25 days · 2024-03-01 – 2024-03-25")
    spoken = view.grid.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "C01" in spoken and "25 times" in spoken
    wait(lambda: all(view.grid._thumbnails._kept.values()) and len(view.grid._thumbnails._kept) == 6)
    click(view, 3)
    assert view.strip._place == view.grid.tiles[3].place and len(view.strip.instances) == 22


def test_that_a_range_is_rejected_by_a_key_as_one_edit(view):
    said = []
    view.decided.connect(said.append)
    click(view, 1)
    click(view, 3, SHIFT)
    assert view.grid.chosen() == [1, 2, 3] and view.about.text() == "3 places with 69 detections chosen"
    QTest.keyClick(view.grid, Qt.Key.Key_E)
    assert rejected(view) == 24 + 23 + 22
    assert shown(view) == [round(BOXES[number][0], 2) for number in (0, 4, 5)]
    assert view.grid.chosen() == [1]  # ready for the next
    assert said == ["Nothing is at 3 places: 69 detections"]
    assert len(list(edits.history(view._session.project))) == 1


def test_that_choosing_works_with_every_key(view):
    keys = view.grid
    QTest.keyClick(keys, Qt.Key.Key_Right)
    assert keys.chosen() == [1]
    QTest.keyClick(keys, Qt.Key.Key_Right, SHIFT)
    assert keys.chosen() == [1, 2]
    click(view, 5, CTRL)
    assert keys.chosen() == [1, 2, 5]
    QTest.keyClick(keys, Qt.Key.Key_Space, CTRL)
    assert keys.chosen() == [1, 2]
    QTest.keyClick(keys, Qt.Key.Key_Home)
    assert keys.chosen() == [0]
    QTest.keyClick(keys, Qt.Key.Key_End, SHIFT)
    assert keys.chosen() == [0, 1, 2, 3, 4, 5]
    QTest.keyClick(keys, Qt.Key.Key_PageUp)
    QTest.keyClick(keys, Qt.Key.Key_A, CTRL)
    assert len(keys.chosen()) == 6


def test_that_something_is_there_is_said_by_key_or_button_and_settles_the_place(view, wait):
    click(view, 0)
    QTest.keyClick(view.grid, Qt.Key.Key_Y)
    QTest.mouseClick(view.something, LEFT)
    confirmed = "SELECT count(*) FROM detections WHERE confirmed"
    assert view._session.project.db.execute(confirmed).fetchone()[0] == 50 + 24
    assert view.grid.count() == 4 and rejected(view) == 0
    view.look_for_places()
    wait(lambda: not view._finding.is_asking() and view.headline.text().startswith("4 places"))


def test_that_undo_brings_places_back(view, wait):
    click(view, 2)
    QTest.mouseClick(view.nothing, LEFT)
    assert view.grid.count() == 5 and rejected(view) == 23
    view._session.undo()
    wait(lambda: view.grid.count() == 6)
    assert rejected(view) == 0


def test_that_rejected_places_can_be_looked_at_and_brought_back(view, wait):
    click(view, 0)
    QTest.keyClick(view.grid, Qt.Key.Key_Delete)
    QTest.mouseClick(view.rejected, LEFT)
    wait(lambda: view.headline.text() == "Rejected: 1 place · 50 boxes")
    assert not view.nothing.isVisible() and not view.occurrences.isVisible()
    view.grid.setFocus()
    QTest.keyClick(view.grid, Qt.Key.Key_E)  # they are already
    assert view.grid.count() == 1
    QTest.mouseClick(view.something, LEFT)
    assert rejected(view) == 0 and view.grid.count() == 0
    assert view._empty_words.isVisible() and "Nothing was rejected" in view._empty_words.text()
    QTest.mouseClick(view.rejected, LEFT)
    wait(lambda: view.grid.count() == 5)


def test_that_the_rules_can_be_relaxed_and_say_so_when_nothing_is_found(view, wait):
    view.occurrences.setValue(5)
    wait(lambda: view.grid.count() == 7)
    view.days.setValue(100)
    wait(lambda: view.grid.count() == 0)
    assert "Ask for fewer" in view._empty_words.text() and not view.chosen_card.isVisible()


def test_that_keys_of_the_page_around_it_do_not_take_its_own(view, app):
    around, heard = QWidget(), []
    QVBoxLayout(around).addWidget(view)
    for key in ("E", "Y", "F"):
        QShortcut(QKeySequence(key), around).activated.connect(lambda key=key: heard.append(key))
    around.show()
    assert QTest.qWaitForWindowExposed(around)
    around.activateWindow()
    view.grid.setFocus()
    for key in (Qt.Key.Key_E, Qt.Key.Key_Y, Qt.Key.Key_F):
        QTest.keyClick(view.grid, key)
    assert view.grid.count() == 4 and heard == ["F"]
    view.setParent(None)
    around.close()


def test_that_a_picture_can_be_opened_from_tile_and_strip(view):
    opened = []
    view.opened.connect(opened.append)
    QTest.keyClick(view.grid, Qt.Key.Key_Return)
    index = view.strip.model().index(0, 1)
    QTest.mouseDClick(view.strip.viewport(), LEFT, NONE, view.strip.visualRect(index).center())
    assert opened == [view.grid.tiles[0].place.image_ids[25], view.strip.instances[1].image_id]


def test_that_nothing_is_chosen_beside_the_tiles(view):
    below = QPoint(view.grid.viewport().width() - 3, view.grid.viewport().height() - 3)
    click(view, 2)
    QTest.mouseClick(view.grid.viewport(), LEFT, NONE, below)
    assert view.grid.chosen() == [2]


def test_that_every_control_has_a_name(view):
    for control in (view.grid, view.strip, view.occurrences, view.days):
        assert control.accessibleName()
    for button in (view.nothing, view.something, view.rejected):
        assert button.text() and button.toolTip()


def test_that_a_project_without_a_detector_says_so(session, show, wait, tmp_path):
    Project.create(tmp_path / "empty").close()
    opened: Session = session(tmp_path / "empty")
    made = PlacesView(opened)
    show(made)
    wait(lambda: "No detector" in made._empty_words.text())
    assert static_objects.find(opened.project) == []
