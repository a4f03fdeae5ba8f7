"""Models in the window: what there is, what comes and goes, and what is said when it cannot come."""

import socket
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shiboken6 import isValid

from camtrap_gui.models import store
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.panels.train import TrainPanel
from tests.models.detectors.networks import answering
from tests.models.detectors.networks import cells as cells_of
from tests.test_cli_models import DETECTION_GRAPH
from tests.ui.hands import button

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(app, tmp_path, monkeypatch) -> Iterator[ModelsDialog]:
    """On an empty store."""
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_RETRIES", "1")
    made = ModelsDialog()
    made.show()
    assert QTest.qWaitForWindowExposed(made)
    yield made
    if isValid(made):  # a dialog that is closed is gone
        made.models.close_threads()


def cells(dialog: ModelsDialog, name: str) -> list[str]:
    """The row of a model."""
    table = dialog.models.table
    row = next(place for place, model in enumerate(dialog.models._shown) if model.name == name)
    table.selectRow(row)
    return [table.item(row, column).text().strip() for column in range(table.columnCount())]


def test_that_every_model_is_listed_with_purpose_size_licence_and_state(dialog):
    assert dialog.models.table.rowCount() == len(store.OFFERS) + len(store.TO_EXPORT)
    title, purpose, size, licence, state = cells(dialog, "efficientnet-lite1")
    assert (purpose, size, licence, state) == ("Learns species", "20 MB", "Apache-2.0", "Can be installed")
    assert "EfficientNet-Lite1" in title
    assert dialog.models.install.isEnabled() and not dialog.models.remove.isEnabled()


def test_that_the_list_says_what_nobody_promises(dialog):
    _, _, size, licence, state = cells(dialog, "megadetector-v4.1")
    assert (size, licence, state) == ("", "MIT", "Can be installed (no published checksum)")
    _, _, size, licence, state = cells(dialog, "megadetector-v5a.0.0")
    assert (size, licence, state) == (
        "281 MB",
        "MIT AND GPL-3.0-only",
        "Can be installed, with PyTorch (up to 7 GB more)",
    )


def test_that_what_has_to_be_exported_says_how_as_long_as_it_is_chosen(dialog):
    title, _, size, licence, state = cells(dialog, "megadetector-v6-rtdetr-c")
    assert (title, size, licence) == ("MegaDetector v6 RT-DETR compact", "", "AGPL-3.0-only")
    assert state == "Has to be exported first" and not dialog.models.install.isEnabled()
    assert "yolo export model=MDV6-rtdetr-c.pt format=onnx" in dialog.models.words.text()
    assert cells(dialog, "megadetector-v6-yolov9-c")[-1] == "Can be installed"
    assert dialog.models.install.isEnabled() and dialog.models.words.text() == ""


def test_that_a_file_is_added_and_removed_again(dialog, wait, tmp_path):
    (tmp_path / "ours.pb").write_bytes(DETECTION_GRAPH)
    told: list[str] = []
    dialog.models.changed.connect(told.append)
    dialog.models.add_file(tmp_path / "ours.pb")
    wait(lambda: dialog.models.dialog)
    assert store.entries() == [] and "a frozen TensorFlow graph" in dialog.models.dialog.facts.text()
    QTest.mouseClick(dialog.models.dialog.add, LEFT)
    wait(lambda: dialog.models.dialog is None and dialog.models.job is None)
    assert cells(dialog, "ours")[-1] == "Installed" and "ours is added" in dialog.models.words.text()
    QTest.mouseClick(dialog.models.remove, LEFT)
    wait(lambda: dialog.models.job is None)
    assert store.entries() == [] and dialog.models.table.rowCount() == len(store.OFFERS) + len(
        store.TO_EXPORT
    )
    assert told == ["ours", "ours"]


def test_that_a_file_that_is_no_detector_is_refused_in_a_sentence(dialog, wait, tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"anything")
    dialog.models.add_file(tmp_path / "weights.pt")
    wait(lambda: dialog.models.job is None)
    assert "weights.pt is not used" in dialog.models.words.text() and store.entries() == []


def test_that_a_backbone_that_is_not_here_can_be_brought_as_a_file(dialog, wait, tmp_path):
    cells(dialog, "megadetector-v4.1")
    assert dialog.models.add.text() == "Add a file…"
    cells(dialog, "convnext-tiny")
    assert dialog.models.add.text() == "Weights from a file…"
    (tmp_path / "weights.keras").write_bytes(b"anything")
    dialog.models.add_weights(tmp_path / "weights.keras", "convnext-tiny")
    wait(lambda: dialog.models.job is None)
    assert "weights.keras holds no weights" in dialog.models.words.text() and store.entries() == []


def test_that_without_a_network_the_reason_is_said(dialog, wait, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    cells(dialog, "efficientnet-lite1")
    QTest.mouseClick(dialog.models.install, LEFT)
    assert dialog.models.bar.isVisible() and dialog.models.cancel.isVisible()
    wait(lambda: dialog.models.job is None)
    assert "Check the network connection" in dialog.models.words.text()
    assert not dialog.models.bar.isVisible() and dialog.models.install.isEnabled()


def test_that_installing_can_be_cancelled_and_closing_cancels(dialog, wait, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        cells(dialog, "efficientnet-lite1")
        QTest.mouseClick(dialog.models.install, LEFT)
        job = dialog.models.job
        assert job is not None
        wait(lambda: job.progress.get("phase", "").startswith("Downloading"))
        QTest.mouseClick(dialog.models.cancel, LEFT)
        wait(lambda: dialog.models.job is None)
        assert job.state == "cancelled" and "Nothing was changed" in dialog.models.words.text()
        assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]
        dialog.models.install.click()
        again = dialog.models.job
        assert again is not None
        dialog.reject()
        closed: list[int] = []
        dialog.finished.connect(closed.append)
        assert dialog.isVisible()
        wait(lambda: closed)
        assert again.is_over()


def test_that_the_train_form_offers_backbones_with_their_size(session, show, crop_project, tiny_models):
    panel = TrainPanel(session(crop_project))
    show(panel)
    box = panel.form.input("backbone")
    words = [box.itemText(place) for place in range(box.count())]
    place = words.index("EfficientNet-Lite1 · 20 MB")
    tip = box.itemData(place, Qt.ItemDataRole.ToolTipRole)
    assert "downloaded when it is first used (20 MB, licence Apache-2.0)" in tip
    assert not box.itemIcon(place).isNull() and box.itemIcon(0).isNull()
    need = max(box.fontMetrics().horizontalAdvance(one) for one in words)
    assert need + box.iconSize().width() < box.width() - 24


def test_that_what_was_recognised_of_a_file_is_shown_and_can_be_corrected(dialog, wait, tmp_path):
    dialog.models.add_file(answering(tmp_path / "md_v5a.0.0.onnx", cells_of("yolov5", 3 * 84, 3)))
    wait(lambda: dialog.models.dialog)
    asked = dialog.models.dialog
    assert asked.layout_box.currentData() == "yolov5" and asked.letterbox.currentData() == "centre"
    assert asked.input_size.value() == 64 and asked.categories.text() == "1=animal, 2=person, 3=vehicle"
    assert (asked.typical.value(), asked.conservative.value()) == (0.2, 0.05)
    asked.categories.setText("1=fox, two=fish")
    QTest.mouseClick(asked.add, LEFT)
    assert asked.message.isVisible() and "“two=fish” is no category" in asked.message.text()
    asked.categories.setText("1=fox, 4=fish")
    QTest.mouseClick(asked.add, LEFT)
    wait(lambda: asked.add.isEnabled())
    assert "do not fit 1, 4" in asked.message.text() and store.entries() == []
    asked.categories.setText("1=fox, 2=fish")
    asked.letterbox.setCurrentIndex(asked.letterbox.findData("corner"))
    QTest.mouseClick(asked.again, LEFT)
    wait(lambda: asked.add.isEnabled())
    assert "upper left corner" in asked.facts.text() and store.entries() == []
    asked.name.setText("foxes")
    asked.typical.setValue(0.4)
    QTest.mouseClick(asked.add, LEFT)
    wait(lambda: dialog.models.dialog is None and dialog.models.job is None)
    (entry,) = store.entries()
    assert (entry.name, entry.typical_threshold, entry.letterbox) == ("foxes", 0.4, "corner")
    assert entry.categories == {"1": "fox", "2": "fish"}


def test_that_a_file_that_leaves_its_classes_open_is_asked_about_them(dialog, wait, tmp_path):
    dialog.models.add_file(answering(tmp_path / "many.onnx", cells_of("yolov8", 84, 7)))
    wait(lambda: dialog.models.dialog)
    asked = dialog.models.dialog
    assert (
        "Name those you want: “Categories” 1=animal" in asked.message.text() and not asked.typical.isVisible()
    )
    asked.categories.setText("3=hare")
    QTest.mouseClick(button(asked, "Look again"), LEFT)
    wait(lambda: asked.typical.isVisible())
    QTest.mouseClick(asked.add, LEFT)
    wait(lambda: dialog.models.dialog is None and dialog.models.job is None)
    assert store.entries()[0].categories == {"3": "hare"}
