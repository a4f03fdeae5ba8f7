"""Exporting from the window: formats and folder by hand, the check in the table, a real export by a real engine."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from camtrap_gui.project import runs
from camtrap_gui.ui.panels.export import ExportPanel


@pytest.fixture
def panel(session, show, trained: Path, tiny_models) -> ExportPanel:
    made = ExportPanel(session(trained))
    show(made)
    return made


def test_that_the_folder_follows_the_run_until_another_is_typed(panel):
    newer, older = runs.all_of(panel.session.project)
    exports = panel.session.project.folder / "exports"
    box = panel.form.input("run")
    assert isinstance(box, QComboBox)
    assert panel.folder.text() == str(exports / newer.id)
    box.setCurrentIndex(1)
    assert panel.folder.text() == str(exports / older.id)
    panel.folder.setText("/elsewhere")
    box.setCurrentIndex(0)
    assert panel.folder.text() == "/elsewhere"


def test_that_an_export_is_shown_with_its_check_and_its_folder(panel, wait, monkeypatch, tmp_path):
    assert not panel.result.isVisible()
    target = tmp_path / "for the field"
    panel.folder.setText(str(target))
    assert panel.formats.chosen() == ("bundle", "frozen-graph", "saved-model")
    for name in ("bundle", "saved-model"):
        QTest.keyClick(panel.formats.boxes[name], Qt.Key.Key_Space)
    assert panel.formats.chosen() == ("frozen-graph",)
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    wait(lambda: panel.start_button.isEnabled())
    assert panel.message.text() == "", panel._job.message
    written = {path.name for path in target.iterdir()}
    assert written == {
        "frozen_inference_graph_w_preprocessing.pb",
        "classlist.txt",
        "export.json",
        "MODEL_CARD.md",
        "model_card.html",
    }
    shown = panel.written
    assert shown.table.rowCount() == 1
    row = [shown.table.item(0, column).text() for column in range(5)]
    assert (
        row[0].startswith("Frozen graph") and float(row[1]) > 0 and int(row[2]) > 0 and float(row[3]) < 0.05
    )
    assert str(target) in shown.where.text() and "every decision the same" in shown.where.text()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    for button in (shown.folder_button, shown.card_button):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened == [str(target), str(target / "model_card.html")]


def test_that_no_format_and_a_folder_of_others_are_refused_in_a_sentence(panel, wait, tmp_path):
    for box in panel.formats.boxes.values():
        box.setChecked(False)
    panel.start()
    wait(lambda: panel.start_button.isEnabled())
    assert "Nothing to export" in panel.message.text()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    panel.formats.boxes["bundle"].setChecked(True)
    panel.folder.setText(str(tmp_path / "mine"))
    panel.start()
    wait(lambda: panel.start_button.isEnabled())
    assert "thesis.txt" in panel.message.text()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_that_an_export_that_was_deleted_is_told(panel, tmp_path):
    result = {"folder": str(tmp_path / "gone"), "run": "r", "classes": 4, "checked": []}
    with panel.session.project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, finished, state, result)"
            " VALUES ('export', '{}', '2024-01-01T00:00:00+00:00', '2024-01-01T00:00:01+00:00', 'done', ?)",
            (json.dumps(result),),
        )
    panel.session.changed.emit({"exports"})
    assert panel.result.isVisible()
    shown = panel.written
    assert "no longer there" in shown.where.text()
    assert not shown.folder_button.isEnabled() and not shown.card_button.isEnabled()
