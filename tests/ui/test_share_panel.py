"""Results taken elsewhere from the window: chosen by what they are for, counted before, asked for what lacks, written."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from camtrap_gui.project import Project
from camtrap_gui.settings import Settings
from camtrap_gui.ui.panels.share import SharePanel
from camtrap_gui.ui.widgets.coordinates_dialog import CoordinatesDialog
from camtrap_gui.ui.widgets.purposes import PURPOSES
from camtrap_gui.ui.widgets.smoothing_dialog import SmoothingDialog
from camtrap_gui.ui.window import Window
from tests import shareable
from tests.ui.hands import button, windows

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """The pictures 7 to 12 are one sequence in which a single lion stands against four gnus."""
    with shareable.make(tmp_path) as project:
        with project.write() as db:
            db.execute("UPDATE images SET sequence_id = 3 WHERE id > 6")
            for number in range(7, 12):
                said = "lion" if number == 9 else "gnu"
                db.execute(
                    "UPDATE suggestions SET species_id = (SELECT id FROM species WHERE name = ?1), top = ?2"
                    " WHERE detection_id = ?3",
                    (said, json.dumps([[said, 0.8]]), number),
                )
        return project.folder


@pytest.fixture
def panel(session, show, survey, wait) -> SharePanel:
    made = SharePanel(session(survey))
    show(made)
    wait(lambda: made.preview.figures.isVisible())
    return made


def click(widget):
    QTest.mouseClick(widget, LEFT)


def written(panel, wait) -> Path:
    """Press the button and wait for what it makes."""
    target = panel.target.path()
    click(panel.start_button)
    wait(lambda: panel.session.running("share") is None)
    assert panel.message.text() == "" and target.exists()
    return target


def counted(panel) -> dict[str, int]:
    table = panel.preview.table
    rows = range(table.rowCount())
    return {table.item(row, 0).text(): table.item(row, table.columnCount() - 1).value for row in rows}


def test_that_every_format_can_be_reached_by_what_it_is_for(panel):
    from camtrap_gui.steps.share import FORMATS

    assert {form for purpose in PURPOSES for form, _ in purpose.forms} == set(FORMATS)
    for row, purpose in enumerate(PURPOSES):
        QTest.mouseClick(
            panel.purposes.viewport(),
            LEFT,
            pos=panel.purposes.visualRect(panel.purposes.model().index(row, 0)).center(),
        )
        assert panel.purposes.purpose() is purpose and panel.preview.words.text() == purpose.words
        assert panel.form_box.isVisible() == (len(purpose.forms) > 1)
        assert panel.form.input("time_zone").isVisible() == ("time_zone" in purpose.options)
        assert panel.target.path().suffix == purpose.ending


def test_that_counts_follow_the_threshold_and_are_those_written(panel, wait):
    panel.purposes.choose("For statistics (CSV tables)")
    project = panel.session.project
    with project.write() as db:
        db.execute("UPDATE detections SET confidence = 0.6 WHERE id IN (8, 10)")
    panel.session.changed.emit({"detections"})
    wait(lambda: panel.preview._looked and not panel.preview._asking.is_asking())
    before = counted(panel)
    panel.preview.thresholds.slider("animal").setValue(70)
    wait(lambda: counted(panel) != before)
    target = written(panel, wait)
    with (target / "species.csv").open(encoding="utf-8-sig", newline="") as file:
        names = [row["species"] for row in csv.DictReader(file)]
    expected = {name: names.count(name) for name in names if name != "empty"}
    assert {name: number for name, number in counted(panel).items() if name != "empty"} == expected
    assert "gnu" in expected and expected["gnu"] < before["gnu"]


def test_that_smoothing_is_shown_before_and_after_and_used_only_if_wanted(panel, wait):
    panel.purposes.choose("For statistics (CSV tables)")
    assert panel.preview.changes.text() == "Smoothing would change 1 of 5 suggestions."
    assert counted(panel)["lion"] == 2
    for words, after in (("Leave as it is", 2), ("Write smoothed", 1)):
        click(panel.preview.see)
        dialog = panel.findChildren(SmoothingDialog)[-1]
        assert "1 suggestions change" in dialog.figures.accessibleDescription()
        row = [dialog.table.item(0, column).text() for column in range(4)]
        assert row == ["009.jpg", "3", "lion", "gnu"]
        changes = {
            dialog.species.item(line, 0).text(): dialog.species.item(line, 3).text() for line in range(2)
        }
        assert changes == {"gnu": "+1", "lion": "-1"}
        click(button(dialog, words))
        assert panel.form.value_of("smooth") is (after == 1) and counted(panel)["lion"] == after
    target = written(panel, wait)
    assert "009.jpg,animal" in (target / "detections.csv").read_text(encoding="utf-8-sig")
    with Project.open(panel.session.project.folder) as project:
        assert project.db.execute("SELECT count(*) FROM suggestions WHERE species_id = 2").fetchone()[0] > 0


def test_that_a_camtrap_dp_asks_for_zone_and_coordinates(panel, wait):
    panel.purposes.choose("For GBIF and R (Camtrap DP)")
    assert "2 locations have no coordinates yet" in panel.preview.doubts.text()
    click(panel.start_button)
    assert "which time zone" in panel.message.text() and panel.session.running("share") is None
    QTest.keyClicks(panel.form.input("time_zone"), "Africa/Nairobi")
    click(panel.start_button)
    dialog = panel.findChild(CoordinatesDialog)
    assert dialog is not None and "2 of 2 locations" in dialog.message.text()
    dialog.table.item(0, 1).setText("-2,5")
    dialog.table.item(0, 2).setText("far east")
    click(dialog.keep)
    assert "B03: the longitude, “far east”" in dialog.message.text()
    table = panel.session.project.folder.parent / "coordinates.csv"
    dialog.take_from(table)
    assert dialog.table.item(1, 1).text() == "-2.25" and "All locations" in dialog.message.text()
    click(dialog.keep)
    assert panel.preview.doubts.text() == ""
    target = written(panel, wait)
    with zipfile.ZipFile(target) as package:
        assert "-2.5" in package.read("deployments.csv").decode()


def test_that_what_was_written_is_told_and_never_written_over(panel, wait, monkeypatch):
    target = written(panel, wait)
    assert {path.name for path in target.iterdir()} == {"recognitions.json", "TimelapseData.csv"}
    wait(lambda: target.name in panel.last.text())
    assert "Read again: 12 recognised, as written." in panel.last.text()
    assert panel.target.path().name == f"{target.name} 2"
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    click(panel.open_button)
    assert opened == [str(target)]


def test_that_people_are_blurred_in_copies_without_being_asked_twice(panel, wait):
    panel.purposes.choose("Pictures with people blurred")
    panel.form_box.setCurrentIndex(panel.form_box.findData("separate"))
    assert not panel.form.input("blur_people").isVisible()
    target = written(panel, wait)
    assert list(target.rglob("*.jpg"))
    job = next(iter(panel.session.last_jobs.values()))
    assert job.options.blur_people and job.options.pictures == "copy"


def test_that_classifier_and_results_share_a_place_on_the_rail(survey):
    with windows(Window) as make:
        window = make(Settings())
        window.open_folder(survey)
        rail = window.workplace.rail._buttons["export"]
        click(rail)
        assert window.workplace.shown().step == "export"
        click(button(window.workplace.shown(), "Results"))
        assert window.workplace.shown().step == "share" and rail.isChecked()
        window.show_step("dataset")
        click(rail)
        assert window.workplace.shown().step == "share"
        click(button(window.workplace.shown(), "Classifier"))
        assert window.workplace.shown().step == "export" and button(window, "Classifier").isChecked()


def test_that_smoothing_is_counted_anew_when_its_numbers_change(panel, wait):
    panel.purposes.choose("For Excel")
    panel.form.set_value("smooth", True)
    assert "changes 1 of 5" in panel.preview.changes.text() and counted(panel)["lion"] == 1
    panel.form.set_value("smooth_least", 5)
    wait(lambda: "changes 0 of 5" in panel.preview.changes.text())
    assert counted(panel)["lion"] == 2 and not panel.preview.see.isEnabled()
    panel.form.set_value("smooth_least", 2)
    wait(lambda: counted(panel)["lion"] == 1)
    written(panel, wait)
    assert panel.session.last_jobs["share"].options.smooth_least == 2
