"""Detecting from the window: which detector, what it found, why some pictures could not be read, and adding one."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton

from camtrap_gui.models import store
from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import Seen
from camtrap_gui.steps import STEPS, dataset, run_step
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.panels.detect import DetectPanel
from camtrap_gui.ui.pictures import category_colour
from camtrap_gui.ui.widgets.image_list import Marks, Rows

LONG = "a-detector-with-a-name-that-is-far-too-long-for-one-line-of-a-small-window-and-then-some-more"
REASON = "truncated: the file ends before the picture does"


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def looked_at(tmp_path: Path) -> Path:
    """A project of six pictures in which a detector saw three animals and could not read one."""
    for number in range(6):
        picture = tmp_path / "pictures" / f"camp-{number % 2}" / f"lion_{number}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (40 * number, 90, 60)).save(picture)
    animal = SimpleNamespace(category="animal", confidence=0.8, x=0.1, y=0.1, width=0.5, height=0.5)
    about = SimpleNamespace(
        name=LONG, kind="test", sha256="f" * 64, typical_threshold=0.5, conservative_threshold=0.05
    )
    with Project.open_or_create(tmp_path / "project") as project:
        step = next(step for step in STEPS if step.name == "dataset")
        run_step(step, project, dataset.Options(folder=tmp_path / "pictures"), lambda _: None)
        detector = detections.register(project, about)
        seen = [Seen(number, (animal,) if number < 4 else ()) for number in range(1, 6)]
        detections.add(project, detector, [*seen, Seen(6, problem=REASON)])
    return tmp_path / "project"


@pytest.fixture
def panel(session, show, looked_at, tmp_path, monkeypatch, wait) -> DetectPanel:
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    made = DetectPanel(session(looked_at))
    show(made)
    wait(lambda: made.found.counts.count() and not made.found.is_looking())
    return made


def count_button(panel: DetectPanel, name: str) -> QPushButton:
    widgets = [panel.found.counts.itemAt(place).widget() for place in range(panel.found.counts.count())]
    return next(one for one in widgets if one is not None and one.text().endswith(name))


def test_that_a_long_name_gives_way_and_the_tooltip_has_all_of_it(panel):
    assert LONG in panel.found.headline.text() and LONG in panel.found.headline.toolTip()
    assert panel.minimumSizeHint().width() < 1000


def test_that_unreadable_pictures_are_listed_with_the_detector_s_own_reason(panel, tmp_path, wait):
    assert not panel.found.save_problems.isVisible()
    click(count_button(panel, "unreadable"))
    wait(panel.found.save_problems.isVisible)
    row = panel.found.browser.list.rows.row(0)
    assert len(panel.found.browser.list.rows) == 1 and row is not None and row.problem == REASON
    panel.found.save_problems.save(tmp_path / "unreadable.csv")
    wait(lambda: panel.found.save_problems.words.text())
    with (tmp_path / "unreadable.csv").open(encoding="utf-8", newline="") as file:
        assert [row[3] for row in csv.reader(file)] == ["Reason", REASON]
    click(count_button(panel, "empty"))
    wait(lambda: not panel.found.save_problems.isVisible())
    assert panel.found.save_problems.words.text() == ""
    row = panel.found.browser.list.rows.row(0)
    assert row is not None and row.problem == ""


def test_that_looking_again_at_unreadable_pictures_is_an_advanced_option(panel):
    again = panel.form.input("retry_unreadable")
    assert not again.isVisible()
    fold = panel.form._fold
    assert fold is not None
    click(fold._button)
    assert again.isVisible()
    QTest.mouseClick(again, Qt.MouseButton.LeftButton, pos=QPoint(8, again.height() // 2))
    assert panel.form.value().retry_unreadable


def test_that_an_added_detector_is_chosen_and_described(panel, testdata, wait):
    click(panel.more_button)
    dialog = panel.findChild(ModelsDialog)
    assert dialog is not None and dialog.isVisible()
    dialog.models.add_file(testdata / "models" / "mdlite_tfod_frozen.pb")
    wait(lambda: dialog.models.dialog)
    click(dialog.models.dialog.add)
    wait(lambda: dialog.models.dialog is None and dialog.models.job is None)
    dialog.close()
    (entry,) = store.entries()
    box = panel.form.input("detector")
    assert isinstance(box, QComboBox) and box.currentData() == entry.name == panel.form.value().detector
    assert box.itemData(0) == "default"
    tip = box.toolTip()
    assert "Licence unknown" in tip and "20.4 MB" in tip
    assert f"Typical threshold {entry.typical_threshold:g}" in tip


def test_that_boxes_are_drawn_on_the_pictures_in_which_something_was_found(panel, wait):
    def frames() -> int:
        """Pixels in the colour of animals' frames."""
        image = panel.found.browser.list.grid.viewport().grab().toImage()
        colour = QColor(category_colour("animal")).rgb()
        return sum(image.pixel(x, y) == colour for x in range(image.width()) for y in range(image.height()))

    click(count_button(panel, "animal"))
    wait(lambda: frames() > 300)
    panel.found.threshold.setValue(90)  # more than any has
    wait(lambda: count_button(panel, "empty").text().startswith("5"))
    click(count_button(panel, "empty"))
    wait(lambda: frames() == 0)


def test_that_a_picture_says_what_was_rejected_no_more(panel, wait):
    project = panel.session.project
    with project.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE image_id = 1")
    rows = Rows(project, [1, 2], {}, Marks(detections.latest_detector(project).id, 0.5))
    assert rows.row(0) is not None and rows.row(1) is not None
    assert [len(rows.boxes(place)) for place in (0, 1)] == [0, 1]


def test_that_the_detector_has_a_line_of_its_own_below_its_name(panel):
    box = panel.form.input("detector")
    name = next(label for label in panel.form.findChildren(QLabel) if label.text() == "Detector")
    assert name.isVisible() and name.geometry().bottom() <= box.geometry().top()
    assert name.x() == box.x() and box.width() == panel.start_button.width()
    assert panel.form.value().detector == "default"
