"""From pictures to a project by clicks: the source and its folder rule, the preview, the place, and the demo."""

import json
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from camtrap_gui.project import CONFIG, Project
from camtrap_gui.steps import dataset, share
from camtrap_gui.ui.make_demo import MakeDemo
from camtrap_gui.ui.new_project import NewProject
from camtrap_gui.ui.widgets.lila_dialog import LilaDialog
from tests import serving, shareable
from tests.lila import serving_lila
from tests.ui.hands import drop


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures at B01, three at B02 and an empty file, a species at each."""
    folder = tmp_path / "Kruger 2024"
    for site, species in (("B01", "zebra"), ("B02", "lion")):
        (folder / site / species).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (64, 48), (number * 40, 90, 60)).save(folder / site / species / f"{number}.jpg")
    (folder / "B02" / "lion" / "9.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def survey(pictures: Path) -> Path:
    """The same as COCO Camera Traps, and one picture that is not there."""
    paths = [path.relative_to(pictures).as_posix() for path in sorted(pictures.rglob("*.jpg"))]
    images = [
        {"id": path, "file_name": path, "location": path[:3], "datetime": "2024-05-01 10:00:00"}
        for path in [*paths, "B03/gone.jpg"]
    ]
    file = pictures.parent / "labels.json"
    file.write_text(
        json.dumps({"images": images, "annotations": [], "categories": [{"id": 1, "name": "zebra"}]})
    )
    return file


@pytest.fixture
def wizard(app, pictures) -> NewProject:
    made = NewProject()
    made.finished.disconnect(made.deleteLater)
    made.open()
    assert QTest.qWaitForWindowExposed(made)
    yield made
    made.reject()
    made.deleteLater()


def everything_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_the_folder_rule_is_shown_at_work_while_it_is_typed(wizard, pictures, wait):
    assert not wizard.next.isEnabled()
    drop(wizard, pictures)
    wait(lambda: wizard.source.found.rowCount() == 7)
    table = wizard.source.found
    assert [table.item(0, column).text() for column in range(3)] == ["B01/zebra/0.jpg", "B01", "–"]
    QTest.keyClicks(wizard.source.rule, "{location}/{species}")
    assert [table.item(0, column).text() for column in range(3)] == ["B01/zebra/0.jpg", "B01", "zebra"]
    QTest.keyClicks(wizard.source.rule, "/{genus}")
    assert "{genus}" in wizard.source.words.text() and not wizard.next.isEnabled()


def test_that_nothing_is_touched_before_the_last_button(wizard, pictures, wait, tmp_path):
    before = everything_below(tmp_path)
    made: list[tuple] = []
    wizard.made.connect(lambda *told: made.append(told))
    wizard.source.choose(pictures)
    wait(lambda: wizard.next.isEnabled())
    wizard.source.rule.setText("{location}/{species}")
    click(wizard.next)
    assert wizard.preview.is_looking() and wizard.isVisible()
    wait(lambda: not wizard.preview.is_looking())
    figures = wizard.preview.figures.accessibleDescription()
    assert "7 pictures 6 of 7 looked at can be used" in figures
    assert "2 locations" in figures and "2 species" in figures
    assert "cannot be used: empty" in wizard.preview.problems.text()
    click(wizard.next)
    assert {
        path: data for path, data in everything_below(tmp_path).items() if "logs" not in path.parts
    } == before
    folder = tmp_path / "Kruger 2024 project"
    assert wizard.place.path() == folder and wizard.place.name.text() == "Kruger 2024"
    click(wizard.next)
    assert made == [(folder, dataset.Options(folder=pictures, folder_rule="{location}/{species}"))]
    with Project.open(folder) as project:
        assert project.name == "Kruger 2024"
    assert everything_below(pictures).items() <= before.items()


def test_that_a_json_is_previewed_with_what_is_missing(wizard, survey, pictures, wait):
    drop(wizard, survey)
    assert wizard.source.images_edit.text() == str(survey.parent) and wizard.next.isEnabled()
    wizard.source.images_edit.setText(str(pictures))
    click(wizard.next)
    wait(lambda: not wizard.preview.is_looking())
    assert "cannot be used: missing" in wizard.preview.problems.text()
    assert wizard.preview.dates.text().startswith("Taken from 2024-05-01 10:00:00")
    click(wizard.back)
    wizard.source.images_edit.setText(str(pictures / "elsewhere"))
    assert not wizard.next.isEnabled()
    wizard.source.images_edit.setText("")
    assert wizard.next.isEnabled() and wizard.source.options().images == survey.parent


def test_that_a_project_is_never_put_among_the_pictures_or_onto_other_things(
    wizard, pictures, wait, tmp_path
):
    wizard.source.choose(pictures)
    wait(lambda: wizard.next.isEnabled())
    wizard.show_page(2)
    assert wizard.next.isEnabled()
    wizard.place.folder.setText(str(pictures / "project"))
    assert "Nothing is written among the pictures" in wizard.place.words.text()
    assert not wizard.next.isEnabled()
    wizard.place.folder.setText(str(tmp_path))
    assert "not empty" in wizard.place.words.text() and not wizard.next.isEnabled()
    Project.create(tmp_path / "old").close()
    wizard.place.folder.setText(str(tmp_path / "old"))
    assert "already a project" in wizard.place.words.text() and not wizard.next.isEnabled()


def test_that_the_preview_says_what_is_wrong_and_can_be_left_at_any_time(wizard, tmp_path, wait):
    (tmp_path / "bad.json").write_text("{}")
    wizard.source.choose(tmp_path / "bad.json")
    click(wizard.next)
    wait(lambda: not wizard.preview.is_looking())
    assert wizard.preview.is_refused() and wizard.preview.words.text() and not wizard.next.isEnabled()
    click(wizard.back)
    wizard.source.choose(tmp_path / "Kruger 2024")
    wait(lambda: wizard.next.isEnabled())
    click(wizard.next)
    scratch = Path(wizard._scratch.name)
    wizard.reject()
    wait(lambda: not scratch.exists())


def test_that_a_demo_that_is_there_is_opened_and_a_wrong_place_is_refused(app, tmp_path, wait):
    (tmp_path / "demo" / "project").mkdir(parents=True)
    (tmp_path / "demo" / "project" / CONFIG).write_text("")
    (tmp_path / "demo" / "demo.json").write_text("{}")
    (tmp_path / "file").write_text("")
    dialog = MakeDemo(tmp_path / "file" / "demo")
    dialog.finished.disconnect(dialog.deleteLater)
    made: list[Path] = []
    dialog.made.connect(made.append)
    dialog.open()
    click(dialog.start_button)
    wait(lambda: dialog.start_button.isEnabled())
    assert dialog.words.text() and not made
    dialog.folder.setText(str(tmp_path / "demo"))
    click(dialog.start_button)
    assert made == [tmp_path / "demo" / "project"] and not dialog.isVisible()
    dialog.deleteLater()


def test_that_a_camtrap_dp_can_be_the_start_and_results_alone_cannot(wizard, tmp_path):
    with shareable.make(tmp_path / "elsewhere") as project:
        places = tmp_path / "elsewhere" / "coordinates.csv"
        options = share.Options("camtrap-dp", tmp_path / "theirs.zip", time_zone="+03:00", coordinates=places)
        share.run(project, options, lambda _: None)
    drop(wizard, tmp_path / "theirs.zip")
    assert wizard.next.isEnabled()
    assert wizard.source.options() == dataset.Options(camtrap_dp=tmp_path / "theirs.zip", images=tmp_path)
    (tmp_path / "md.json").write_text('{"images": [], "detection_categories": {}}')
    drop(wizard, tmp_path / "md.json")
    assert not wizard.next.isEnabled() and "results of a detector" in wizard.source.words.text()


def test_that_a_folder_in_a_cloud_can_be_the_start(wizard, pictures, wait, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache of the engine"))
    click(wizard.source.choose_address)
    asked = wizard.source.findChild(QInputDialog)
    asked.setTextValue(f" file://{pictures} ")
    asked.accept()
    wait(lambda: wizard.source.found.rowCount() == 7)
    assert wizard.source.zone.heading.text() == f"file://{pictures}"
    assert wizard.source.options() == dataset.Options(folder=Path(f"file://{pictures}"))
    click(wizard.next)
    wait(lambda: not wizard.preview.is_looking())
    assert "7 pictures 6 of 7 looked at can be used" in wizard.preview.figures.accessibleDescription()
    click(wizard.next)
    assert wizard.place.name.text() == "Kruger 2024" and wizard.next.isEnabled()
    assert not wizard.place.path().is_relative_to(tmp_path), "among the documents"


def test_that_a_place_without_a_list_of_its_pictures_is_told_and_does_for_a_json(
    wizard, survey, pictures, wait, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache of the engine"))
    with serving.serving() as served:
        wizard.source.choose_typed(served.url("Kruger"))
        wait(lambda: "do not list their files" in wizard.source.words.text())
        assert not wizard.next.isEnabled()
        for path in pictures.rglob("*.jpg"):
            served.files[f"Kruger/{path.relative_to(pictures).as_posix()}"] = path.read_bytes()
        wizard.source.choose(survey)
        wizard.source.images_edit.setText(served.url("Kruger"))
        click(wizard.next)
        wait(lambda: not wizard.preview.is_looking())
        assert wizard.preview.problems.text() == "1 cannot be used: empty\n1 cannot be used: missing"


def test_that_a_part_of_lila_can_be_the_start(wizard, tmp_path, wait, monkeypatch):
    with serving_lila(monkeypatch):
        click(wizard.source.choose_lila)
        asked = wizard.findChild(LilaDialog)
        wait(lambda: asked.data_set.count() > 0)
        asked.folder.setText(str(tmp_path / "pictures of lila"))
        click(asked.look)
        wait(lambda: asked.use.isEnabled())
        asked.tables["species"].choose([0])
        click(asked.use)
        chosen = wizard.source.options()
        assert (chosen.lila, len(chosen.lila_species)) == ("snapshot-serengeti", 1)
        click(wizard.next)
        wait(lambda: not wizard.preview.is_looking())
        assert "of 36 pictures chosen" in wizard.preview.dates.text()
        click(wizard.next)
        assert wizard.place.name.text() == "snapshot-serengeti" and wizard.next.isEnabled()
