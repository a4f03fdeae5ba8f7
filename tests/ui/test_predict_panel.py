"""Predicting from the window: dropped pictures, the table that grows, the classifier chosen, and what is saved."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtTest import QTest

from camtrap_gui.project import runs
from camtrap_gui.ui import worker
from camtrap_gui.ui.panels.predict import WHOLE, PredictPanel
from camtrap_gui.ui.pictures import of_prediction
from camtrap_gui.ui.widgets.prediction_table import LOOK, PredictionRows, PredictionTable
from tests import serving, tiny
from tests.ui.conftest import ROOT, TINY_ENGINE
from tests.ui.hands import drop, drop_data


@pytest.fixture
def panel(session, show, trained: Path, tiny_models) -> PredictPanel:
    """With whole pictures asked for: the tiny store has no detector."""
    made = PredictPanel(session(trained))
    made.form.set_value("detector", WHOLE)
    show(made)
    return made


@pytest.fixture
def card(trained: Path, tmp_path: Path) -> Path:
    """A memory card with two pictures in two folders and a file that is no picture."""
    folder = tmp_path / "card"
    zebras = sorted((trained / "crops" / "zebra").iterdir())
    for zebra, name in zip(zebras[:2], ("a/1.jpg", "b/2.jpg"), strict=True):
        (folder / name).parent.mkdir(parents=True)
        shutil.copyfile(zebra, folder / name)
    (folder / "b" / "broken.jpg").write_bytes(b"no picture")
    return folder


def is_done(panel: PredictPanel) -> bool:
    return panel.session.running("predict") is None and panel.start_button.isEnabled()


def test_that_a_dropped_picture_is_shown_at_once_and_its_species_when_it_is_known(panel, wait, card):
    assert panel.zone.isVisible()
    before = (card / "a" / "1.jpg").read_bytes()
    drop(panel, card / "a" / "1.jpg")
    assert panel.view.viewer.isVisible() and panel.view.viewer.current().path == card / "a" / "1.jpg"
    wait(lambda: is_done(panel))
    [box] = panel.view.viewer.current().boxes
    assert box.top[0][0] == "zebra" and len(box.top) == 4
    assert sum(share for _, share in box.top) == pytest.approx(1, abs=1e-3)
    assert panel.view.viewer.bars.isVisible() and "zebra" in panel.view.viewer.bars.accessibleDescription()
    assert panel.view.headline.text() == "1.jpg · 1 × zebra" and not panel.view.table.isVisible()
    assert [path.name for path in (card / "a").iterdir()] == ["1.jpg"]
    assert (card / "a" / "1.jpg").read_bytes() == before


def test_that_a_dropped_folder_fills_the_table_and_rows_show_their_pictures(panel, wait, card):
    drop(panel.zone, card)  # what is dropped on a part of the panel reaches the panel
    wait(lambda: is_done(panel))
    rows = [[panel.view.rows.index(row, column).data() for column in range(5)] for row in range(3)]
    assert [row[0] for row in rows] == ["a/1.jpg", "b/2.jpg", "b/broken.jpg"]
    assert rows[0][1:3] == ["1", "zebra"] and rows[0][3].endswith("%")
    assert rows[2][1:4] == ["", "", ""] and rows[2][4].startswith("not a picture")
    assert panel.view.viewer.current().path == card / "a" / "1.jpg"
    panel.view.table.setFocus()
    QTest.keyClick(panel.view.table, Qt.Key.Key_Down)
    assert panel.view.viewer.current().path == card / "b" / "2.jpg"
    assert panel.view.headline.text() == "3 pictures · 2 × zebra · 2 to look at · 1 could not be read"
    assert not panel.view.table.isColumnHidden(LOOK)


def test_that_tables_are_saved_and_copies_made_elsewhere(panel, wait, card, tmp_path, monkeypatch):
    assert not panel.view.save.isEnabled()
    panel.predict([card])
    wait(lambda: is_done(panel))
    panel.save_file("csv", tmp_path / "out.csv")
    panel.save_file("json", tmp_path / "out.json")
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["a/1.jpg", "b/2.jpg", "b/broken.jpg"]
    results = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(results["images"]) == 3
    panel.save_file("csv", tmp_path / "out.json" / "no.csv")
    assert "cannot be written" in panel.message.text()
    panel.save_copies(card)
    wait(lambda: is_done(panel))
    assert "holds the pictures themselves" in panel.message.text()
    panel.save_copies(tmp_path / "copies")
    wait(lambda: is_done(panel))
    assert "The copies are in" in panel.message.text()
    copies = sorted(path.name for path in (tmp_path / "copies").rglob("*.jpg"))
    assert copies == ["1_detections.jpg", "2_detections.jpg"]
    assert panel.view.rows.rowCount() == 3 and panel.view.headline.text().startswith("3 pictures")
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    QTest.mouseClick(panel.view.besides, Qt.MouseButton.LeftButton)
    assert opened == [str(card / "a")]


def test_that_the_newest_run_is_chosen_and_a_bundle_folder_can_be(panel, wait, card, tmp_path):
    newer, older = runs.all_of(panel.session.project)
    assert panel.model.currentData() == newer.folder
    panel.model.use_bundle(tmp_path)
    assert "is no classifier bundle" in panel.message.text() and panel.model.currentData() == newer.folder
    older.model.rename(tmp_path / "from a colleague")
    panel.model.use_bundle(tmp_path / "from a colleague")
    assert panel.model.currentText() == "from a colleague"
    panel.predict([card / "b" / "2.jpg"])
    wait(lambda: is_done(panel))
    assert panel.session.last_jobs["predict"].options.model == tmp_path / "from a colleague"
    assert panel.view.viewer.current().boxes


def test_that_what_is_dropped_meanwhile_is_looked_at_next_and_saved_with_the_rest(
    panel, wait, card, tmp_path, trained
):
    rhino, gazelle = (next((trained / "crops" / name).iterdir()) for name in ("rhino", "gazelle"))
    panel.predict([card / "a"])
    drop(panel, card / "b" / "2.jpg")
    drop(panel, rhino, gazelle)
    assert "looked at next" in panel.message.text() and panel.start_button.isEnabled()
    wait(lambda: is_done(panel))
    names = [panel.view.rows.picture(place)["path"] for place in range(panel.view.rows.rowCount())]
    assert sorted(names) == sorted(map(str, (card / "a" / "1.jpg", card / "b" / "2.jpg", rhino, gazelle)))
    assert panel.view.headline.text().startswith("4 pictures · ")
    panel.save_file("csv", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        assert len({row["file"] for row in csv.DictReader(file)}) == 4
    drop(panel, rhino)
    wait(lambda: is_done(panel))
    assert panel.view.rows.rowCount() == 1


def test_that_cancelling_takes_the_added_pictures_along(panel, wait, card):
    wait(lambda: panel.session.short.running is None)
    panel.predict([card / "a"])
    first = panel._job
    panel.predict([card / "b"])
    panel.session.cancel(first)
    wait(lambda: panel.session.short.running is None)
    assert first.state in ("cancelled", "done")  # it may have been quicker
    assert panel._job.state == first.state


def test_that_wrong_thresholds_are_refused_in_a_sentence(panel, wait, card):
    panel.predict([card])
    wait(lambda: is_done(panel))
    panel.form.set_value("threshold", "much")
    panel.predict([card])
    assert panel.message.isVisible() and panel.view.rows.rowCount() == 3


def test_that_warming_up_is_not_shown_and_keeps_nobody_from_closing(panel, wait):
    warming = panel.session.short.running
    assert warming is not None and warming.quiet and not panel.session.busy()
    wait(lambda: warming.is_over())
    assert warming.state == "done"


def test_that_pictures_from_web_browsers_are_predicted_shown_saved_and_cancelled_when_they_are_slow(
    panel, wait, card, served, copies, tmp_path, monkeypatch
):
    served.files["far/zebra.jpg?size=2"] = (card / "a" / "1.jpg").read_bytes()
    data = QMimeData()
    data.setUrls([QUrl(served.url("far/zebra.jpg?size=2")), QUrl(served.url("far/nothing.jpg"))])
    drop_data(panel, data)
    assert panel.view.headline.text() == "Fetching…" and panel.view.viewer.current() is None
    wait(lambda: is_done(panel))
    first, second = (panel.view.rows.picture(place) for place in range(2))
    assert second["boxes"][0]["species"][0][0] == "zebra" and first["failure"].startswith("missing")
    panel.view.table.selectRow(1)
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    assert panel.view.besides.text() == "Open in web browser"
    QTest.mouseClick(panel.view.besides, Qt.MouseButton.LeftButton)
    assert opened == [served.url("far/zebra.jpg?size=2")]
    panel.save_copies(tmp_path / "out")
    wait(lambda: is_done(panel))
    [copy] = (tmp_path / "out").rglob("*")
    assert copy.name.startswith("zebra-") and copy.name.endswith("_detections.jpg")
    image = QImage(str(card / "b" / "2.jpg"))
    QGuiApplication.clipboard().setImage(image)
    QTest.keyClick(panel, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: is_done(panel))
    assert panel.view.rows.rowCount() == 1 and panel.view.headline.text().startswith("picture.png · 1 × ")
    assert panel.view.besides.text() == "Show in file manager"
    panel.predict([Path("https://me:secret@host/a.jpg")])
    wait(lambda: is_done(panel))
    assert "name or password" in panel.message.text()
    served.always["slow.jpg"] = serving.trickle
    panel.predict([Path(served.url("slow.jpg"))])
    job = panel.session.running("predict")
    wait(lambda: job.progress.get("note", "").startswith("waiting"))
    engine = panel.session.short.process_id
    panel.session.cancel(job)
    wait(job.is_over, 8)
    assert job.state == "cancelled" and panel.session.short.process_id == engine, "no engine had to be ended"


def test_that_without_a_classifier_the_way_to_one_is_shown(session, show, crop_project, tiny_models, card):
    panel = PredictPanel(session(crop_project))
    show(panel)
    went: list[str] = []
    panel.go_to.connect(went.append)
    assert not panel.start_button.isEnabled() and panel.session.short.running is None
    drop(panel, card)
    assert "Train a classifier first" in panel.message.text()
    QTest.mouseClick(panel.first_button, Qt.MouseButton.LeftButton)
    assert went == ["train"]


@pytest.mark.real
def test_that_animals_are_boxed_and_named(
    session, show, trained, installed_models, wait, tmp_path, monkeypatch
):
    from camtrap_gui import survey
    from camtrap_gui.models.classifiers import backbones

    known = backbones.registry()
    monkeypatch.setattr(backbones, "registry", lambda: {**known, "tiny": tiny.TINY})
    monkeypatch.setenv("CAMTRAP_MODELS", str(installed_models))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-c", TINY_ENGINE])
    survey.generate(tmp_path / "survey", 24, 0, lambda _: None)
    panel = PredictPanel(session(trained))
    show(panel)
    drop(panel, tmp_path / "survey")
    wait(lambda: is_done(panel))
    pictures = [panel.view.rows.picture(place) for place in range(panel.view.rows.rowCount())]
    animals = [box for picture in pictures for box in picture["boxes"] if box["category"] == "animal"]
    assert len(animals) > 3
    for box in animals:
        left, top, width, height = box["box"]
        assert 0 <= left < left + width <= 1.001 and 0 <= top < top + height <= 1.001
        assert len(box["species"]) == 4
    place = next(place for place, picture in enumerate(pictures) if picture["boxes"])
    panel.view.table.selectRow(place)
    wait(lambda: panel.view.viewer.canvas.visible_boxes())
    assert Image.open(panel.view.viewer.current().path).size


def test_that_what_the_classifier_looked_at_is_shown_with_the_training_crops_like_it(
    panel, wait, card, trained
):
    viewer = panel.view.viewer
    drop(panel, card / "a" / "1.jpg")
    wait(lambda: is_done(panel))
    assert not viewer.likest.isVisible()
    before = viewer.canvas.grab().toImage()
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_W)
    assert viewer.toolbar.explain.isChecked() and viewer.toolbar.strength.isVisible()
    wait(lambda: viewer.likest.grid.isVisible())
    assert viewer.likest.about.text() == "Colours: what spoke for zebra."
    assert viewer.canvas.grab().toImage() != before
    likest = viewer.likest.grid
    assert likest.count() == 5 and {one.species for one in likest.crops} == {"zebra"}
    folder = trained / "crops" / "zebra"
    assert all(one.path.parent == folder for one in likest.crops)
    assert "train-" in likest.words_of(0)
    QTest.mouseClick(
        likest.viewport(),
        Qt.MouseButton.LeftButton,
        pos=likest.visualRect(likest.model().index(0, 1)).center(),
    )
    opened = panel.explaining._dialog
    assert opened.isVisible() and opened.windowTitle() == "Training crop: zebra"
    opened.close()
    QTest.mouseClick(viewer.toolbar.explain, Qt.MouseButton.LeftButton)
    assert not viewer.likest.isVisible() and not viewer.toolbar.strength.isVisible()
    panel.save_copies(card.parent / "why", explain=True)
    wait(lambda: is_done(panel))
    assert sorted(path.name for path in (card.parent / "why").iterdir()) == [
        "1_explained.jpg",
        "explained.csv",
        "explained.json",
    ]


def test_that_a_row_says_whether_somebody_needs_to_look(app):
    def picture(name: str, *boxes: tuple[bool | None, bool | None]) -> dict:
        made = [
            {
                "category": "animal",
                "confidence": 0.9,
                "species": [["zebra", 0.8]],
                "box": [0.1, 0.1, 0.5, 0.5],
                "accepted": accepted,
                "unknown": unknown,
            }
            for accepted, unknown in boxes
        ]
        return {"name": name, "path": f"/{name}", "boxes": made, "failure": ""}

    rows = PredictionRows()
    table = PredictionTable(rows)
    rows.add([picture("no thresholds", (None, None))])
    assert table.isColumnHidden(LOOK)
    rows.add(
        [
            picture("sure", (True, False), (True, False)),
            picture("one is not", (True, False), (False, False)),
            picture("strange", (True, False), (False, True)),
            picture("empty"),
        ]
    )
    assert not table.isColumnHidden(LOOK)
    shown = [rows.index(row, LOOK).data() for row in range(rows.rowCount())]
    assert shown == ["", "not needed", "needed", "unknown?", ""]
    strange = of_prediction(rows.picture(3))
    assert [box.words for box in strange.boxes] == ["zebra 0.80", "zebra 0.80 · unknown?"]
