"""A table of labels is dropped or chosen like any other description of pictures: shown first, then brought in."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from camtrap_gui.project import Project, images
from camtrap_gui.steps import dataset
from camtrap_gui.ui.new_project import NewProject
from camtrap_gui.ui.panels.dataset import DatasetPanel
from tests.importable import take_picture
from tests.ui.hands import drop


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def table(tmp_path):
    for name in ("N/1.jpg", "S/1.jpg"):
        take_picture(tmp_path / "pictures" / name)
    path = tmp_path / "pictures" / "labels.csv"
    path.write_text("file;Art;site\nN/1.jpg;fox;North\nS/1.jpg;lynx;South\n")
    return path


def test_that_a_table_that_is_dropped_is_shown_and_brought_in(session, show, table, tmp_path, wait):
    Project.create(tmp_path / "project").close()
    panel = DatasetPanel(session(tmp_path / "project"))
    show(panel)
    drop(panel, table)
    refused = panel.preview
    assert refused is not None and panel.kind == "csv"
    wait(lambda: not refused.preview.is_looking())
    assert "“file”, “Art”, “site”" in refused.preview.words.text()
    assert "“CSV columns”" in refused.preview.words.text() and not refused.import_button.isEnabled()
    refused.reject()
    panel.form.input("csv_columns").setText("species=Art")
    click(panel.preview_button)
    dialog = panel.preview
    wait(lambda: not dialog.preview.is_looking())
    assert dialog.preview.figures.accessibleDescription().startswith("2 pictures")
    assert images.count(panel.session.project) == 0
    click(dialog.import_button)
    wait(lambda: images.count(panel.session.project) and not panel.session.running("dataset"))
    assert images.locations(panel.session.project) == ("North", "South")
    assert images.species(panel.session.project) == ("fox", "lynx")


def test_that_a_new_project_can_start_from_a_table(app, table, tmp_path, wait):
    wizard = NewProject()
    wizard.finished.disconnect(wizard.deleteLater)
    wizard.open()
    drop(wizard, table)
    assert wizard.source.options() == dataset.Options(csv=table, images=tmp_path / "pictures")
    wizard.source.columns.setText("species=Art")
    assert wizard.source.options().csv_columns == ("species=Art",)
    click(wizard.next)
    wait(lambda: not wizard.preview.is_looking())
    assert wizard.preview.figures.accessibleDescription().startswith("2 pictures")
    wizard.reject()
    wizard.deleteLater()
