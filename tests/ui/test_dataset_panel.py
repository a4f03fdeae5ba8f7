"""Importing from the window: two ways told apart, a preview first, the form out of the way later, problems as a table."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel

from camtrap_gui.project import Project, detections, images
from camtrap_gui.steps import share
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.panels.dataset import DatasetPanel
from camtrap_gui.ui.panels.detect import DetectPanel
from camtrap_gui.ui.widgets.decisions_exchange import ImportDecisions
from camtrap_gui.ui.widgets.lila_dialog import LilaDialog
from camtrap_gui.ui.widgets.options_form import words
from tests import shareable
from tests.lila import serving_lila


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(4):
        picture = tmp_path / "pictures" / f"camp-{number % 2}" / f"lion_{number}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (40 * number, 90, 60)).save(picture)
    (tmp_path / "pictures" / "camp-0" / "=broken.jpg").write_bytes(b"this is no picture")
    return tmp_path / "pictures"


@pytest.fixture
def panel(session, show, tmp_path: Path) -> DatasetPanel:
    Project.create(tmp_path / "project").close()
    made = DatasetPanel(session(tmp_path / "project"))
    show(made)
    return made


@pytest.fixture
def filled(panel, pictures, wait) -> DatasetPanel:
    panel.form.set_value("folder", pictures)
    click(panel.start_button)
    wait(lambda: images.count(panel.session.project) and not panel.session.running("dataset"))
    return panel


def test_that_thumbnails_share_the_room_whatever_the_size(filled, app):
    grid = filled.browser.list.grid
    for width in (1440, 1100, 1300):
        filled.resize(width, 700)
        app.processEvents()
        wide = {grid.columnWidth(column) for column in range(grid.model().columnCount())}
        assert len(wide) == 1
        last = grid.visualRect(grid.model().index(0, grid.model().columnCount() - 1))
        assert 0 <= grid.viewport().width() - last.right() < 40


def test_that_only_the_fields_of_the_chosen_way_are_shown_and_count(panel, pictures):
    panel.form.set_value("folder", pictures)
    assert panel.form.input("folder").isVisible() and not panel.form.input("json").isVisible()
    click(panel.kind_buttons["json"])
    assert panel.form.input("json").isVisible() and not panel.form.input("folder").isVisible()
    assert panel.form.value().folder is None
    labels = {label.text() for label in panel.form.findChildren(QLabel) if label.isVisible()}
    assert labels == {"JSON", "Images"} and words("location_key") == "Location key"
    click(panel.kind_buttons["folder"])
    assert panel.form.value().folder == pictures


def test_that_nothing_chosen_is_said_in_words_of_the_window(panel):
    for button in (panel.preview_button, panel.start_button):
        panel.say("")
        click(button)
        assert panel.message.text() == "Choose the folder of the pictures first."
    assert panel.session.running("dataset") is None and panel.preview is None


def test_that_a_folder_is_asked_for_as_a_folder(panel):
    click(panel.form.input("folder")._button)
    dialog = panel.form.input("folder").findChild(QFileDialog)
    assert dialog is not None and dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.reject()


def test_that_a_preview_shows_what_is_there_and_changes_nothing_until_import(panel, pictures, wait):
    panel.form.set_value("folder", pictures)
    click(panel.preview_button)
    dialog = panel.preview
    assert dialog is not None and dialog.isVisible()
    wait(lambda: not dialog.preview.is_looking())
    assert "5 pictures" in dialog.preview.figures.accessibleDescription()
    assert "1 cannot be used" in dialog.preview.problems.text()
    assert dialog.preview.table.rowCount() == 5
    assert images.count(panel.session.project) == 0
    click(dialog.import_button)
    wait(lambda: images.count(panel.session.project) == 5 and not panel.session.running("dataset"))


def test_that_the_form_makes_room_once_there_are_pictures(filled):
    assert not filled.side.isVisible() and filled.browser.isVisible()
    click(filled.more)
    assert filled.side.isVisible()
    click(filled.more)
    assert not filled.side.isVisible()


def test_that_a_refused_import_is_said_where_it_can_be_read(filled, tmp_path, wait):
    click(filled.more)
    filled.form.set_value("folder", tmp_path / "nowhere")
    click(filled.start_button)
    filled.more.setChecked(False)
    wait(lambda: not filled.session.running("dataset"))
    assert filled.message.isVisible() and "nowhere" in filled.message.text()


def test_that_the_list_of_problems_is_saved_as_a_harmless_table(filled, tmp_path, wait):
    assert not filled.save_problems.isVisible()
    filled.filter.state.setCurrentIndex(filled.filter.state.findData("problem"))
    assert filled.save_problems.isVisible()
    filled.save_problems.save(tmp_path / "list.csv")
    wait(lambda: filled.save_problems.words.text())
    assert "list.csv" in filled.save_problems.words.text()
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == ["File", "Location", "Taken", "Reason"]
    assert row[0].endswith("=broken.jpg") and row[1] == "camp-0" and row[3]
    (tmp_path / "file").write_text("in the way")
    filled.save_problems.save(tmp_path / "file" / "list.csv")
    wait(lambda: "could not be written" in filled.save_problems.words.text())


def test_that_there_is_room_to_type_a_file_name_beside_the_open_form(filled):
    filled.resize(1100 - 192, 660)  # the smallest window, without the rail
    filled.look()
    filled.more.setChecked(True)
    QTest.qWait(50)
    assert filled.side.isVisible() and filled.filter.words.width() >= 112
    for box in (filled.filter.location, filled.filter.species, filled.filter.state):
        assert box.geometry().right() <= filled.width() and box.width() >= 100


@pytest.fixture
def found_elsewhere(tmp_path: Path) -> Path:
    found = [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}]
    content = {
        "images": [
            {"file": "survey/camp-1/lion_1.jpg", "detections": found},
            {"file": "survey/camp-1/lion_3.jpg", "detections": []},
            {"file": "survey/camp-7/gnu.jpg", "detections": found},
        ],
        "detection_categories": {"1": "animal"},
        "info": {"format_version": "1.6", "detector": "md_v5a.0.0.pt"},
    }
    (tmp_path / "md.json").write_text(json.dumps(content))
    return tmp_path / "md.json"


def drop(panel, path: Path) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(path))])
    panel.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            dropped,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_that_dropped_results_of_a_detector_are_shown_and_brought_in_as_such(filled, found_elsewhere, wait):
    drop(filled, found_elsewhere)
    dialog = filled.preview
    wait(lambda: not dialog.preview.is_looking())
    figures = dialog.preview.figures.accessibleDescription()
    assert "3 images in the file" in figures and "2 in the project" in figures and "1 with animals" in figures
    assert "“survey/” is left out" in dialog.preview.dates.text()
    assert "3 images of the project are not in the file" in dialog.preview.problems.text()
    rows = [dialog.preview.table.item(row, 0).text() for row in range(dialog.preview.table.rowCount())]
    assert "survey/camp-7/gnu.jpg" in rows
    assert detections.latest_detector(filled.session.project) is None
    click(dialog.import_button)
    wait(lambda: detections.latest_detector(filled.session.project) and not filled.session.running("results"))
    assert detections.count(filled.session.project, 1, 0.2).images_with == {"animal": 1}


def test_that_results_chosen_where_a_survey_was_asked_for_are_recognised(filled, found_elsewhere, wait):
    click(filled.more)
    click(filled.kind_buttons["json"])
    filled.form.set_value("json", found_elsewhere)
    for button in (filled.start_button, filled.preview_button):
        click(button)
        assert filled.preview is not None and filled.session.running("dataset") is None
        filled.preview.reject()


def test_that_the_panel_of_detectors_takes_results_too(filled, found_elsewhere, show, wait):
    panel = DetectPanel(filled.session)
    show(panel)
    click(panel.results_button)
    dialog = panel.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit([str(found_elsewhere)])
    dialog.reject()
    preview = panel.preview
    wait(lambda: not preview.preview.is_looking())
    click(preview.import_button)
    wait(lambda: panel.found.headline.text().startswith("2 images seen by md_v5a"))
    assert panel.preview is None


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Camtrap DP of another project, as a zip."""
    folder = tmp_path / "elsewhere"
    with shareable.make(folder) as project:
        options = share.Options(
            "camtrap-dp", tmp_path / "theirs.zip", time_zone="+03:00", coordinates=folder / "coordinates.csv"
        )
        share.run(project, options, lambda _: None)
    return tmp_path / "theirs.zip"


def test_that_a_camtrap_dp_that_is_dropped_is_shown_and_brought_in(panel, package, tmp_path, wait):
    drop(panel, package)
    dialog = panel.preview
    assert dialog is not None and panel.kind == "camtrap_dp"
    wait(lambda: not dialog.preview.is_looking())
    assert "None of the pictures" in dialog.preview.words.text() and "--" not in dialog.preview.words.text()
    assert "“Images”" in dialog.preview.words.text() and not dialog.import_button.isEnabled()
    dialog.images.setText(str(tmp_path / "elsewhere" / "pictures"))
    wait(lambda: not dialog.preview.is_looking())
    assert "12 pictures" in dialog.preview.figures.accessibleDescription()
    assert images.count(panel.session.project) == 0
    click(dialog.import_button)
    wait(lambda: images.count(panel.session.project) and not panel.session.running("dataset"))
    assert images.count(panel.session.project) == 12
    assert images.locations(panel.session.project) == ("B03", "C11")


def test_that_a_folder_that_is_dropped_is_shown_first(panel, pictures, wait):
    drop(panel, pictures)
    assert panel.preview is not None and panel.form.value().folder == pictures
    wait(lambda: not panel.preview.preview.is_looking())
    panel.preview.reject()
    assert images.count(panel.session.project) == 0


def test_that_decisions_and_detectors_go_where_they_belong_and_others_are_told(filled, tmp_path, wait):
    (tmp_path / "theirs.json").write_text(
        '{"about": {"format": "camtrap decisions"}, "species": [], "images": []}'
    )
    drop(filled, tmp_path / "theirs.json")
    decisions = filled.findChild(ImportDecisions)
    assert decisions is not None and decisions.isVisible()
    decisions.reject()
    (tmp_path / "weights.pt").write_bytes(b"anything")
    drop(filled, tmp_path / "weights.pt")
    models = filled.findChild(ModelsDialog)
    wait(lambda: models.models.job is None)
    assert "weights.pt is not used" in models.models.words.text()
    models.reject()
    for name in ("IMG_1.jpg", "thesis.docx"):
        (tmp_path / name).touch()
        drop(filled, tmp_path / name)
        assert filled.message.isVisible() and "Drop" in filled.message.text().replace("drop", "Drop")
    assert filled.preview is None and images.count(filled.session.project) == 5


@pytest.fixture
def lila(monkeypatch):
    with serving_lila(monkeypatch) as served:
        yield served


def test_that_a_data_set_of_lila_is_looked_at_and_brought_in(lila, panel, tmp_path, wait):
    click(panel.kind_buttons["lila"])
    click(panel.start_button)
    assert "Say which data set of LILA it is first" in panel.message.text()
    panel.form.set_value("lila", "Snapshot Serengeti")
    click(panel.start_button)
    assert "Choose the folder into which the pictures are to be downloaded first" in panel.message.text()
    folder = tmp_path / "from lila"
    panel.form.set_value("images", folder)
    panel.form.set_value("lila_species", ("zebra", "empty"))
    click(panel.preview_button)
    preview = panel.preview.preview
    wait(lambda: not preview.is_looking())
    assert "18 of 36 pictures chosen; 18 to be downloaded, about 1 MB." in preview.dates.text()
    assert not list(folder.rglob("*.JPG")) and images.count(panel.session.project) == 0
    click(panel.preview.import_button)
    wait(lambda: images.count(panel.session.project) and not panel.session.running("dataset"))
    assert images.count(panel.session.project) == len(list(folder.rglob("*.JPG"))) == 18


def test_that_a_part_of_lila_is_chosen_from_lists_with_counts(lila, panel, tmp_path, wait):
    click(panel.kind_buttons["lila"])
    click(panel.lila_button)
    dialog = panel.findChild(LilaDialog)
    wait(lambda: dialog.data_set.count() > 0)
    assert not dialog.use.isEnabled() and not dialog.count.isVisible()
    click(dialog.look)
    assert "into which folder" in dialog.message.text()
    dialog.folder.setText(str(tmp_path / "from lila"))
    click(dialog.look)
    wait(lambda: dialog.count.isVisible())
    assert dialog.count.text() == "36 of 36 pictures"
    for kind, name in (("species", "zebra"), ("seasons", "S2")):
        table = dialog.tables[kind]
        table.choose([[table.item(row, 0).text() for row in range(table.rowCount())].index(name)])
    counted = dialog.count.text()
    dialog.sample.setValue(2)
    assert dialog.count.text().startswith("2 at random of ")
    dialog.sample.setValue(0)
    click(dialog.use)
    assert panel.form.value().lila_species == ("zebra",) and panel.form.value().lila_seasons == ("S2",)
    click(panel.preview_button)
    preview = panel.preview.preview
    wait(lambda: not preview.is_looking())
    assert preview.dates.text().startswith(f"{counted} chosen")
    panel.preview.reject()
