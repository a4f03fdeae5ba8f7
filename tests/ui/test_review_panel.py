"""Looking at a sample of crops: what is shown, its errors alone, one of them large, and the sample as files."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from camtrap_gui.project import predictions, runs, sampling
from camtrap_gui.ui.panels.review import ReviewPanel


@pytest.fixture
def panel(session, show, trained: Path, tiny_models, wait) -> ReviewPanel:
    """On the older run, which is often wrong."""
    made = ReviewPanel(session(trained))
    show(made)
    box = made.form.input("run")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(1)
    wait(lambda: any(crop.top and crop.top[0][0] != crop.truth for crop in made._found))
    return made


def test_that_the_sample_of_the_step_is_shown_with_truth_and_prediction(panel, wait):
    project, run = panel.session.project, runs.all_of(panel.session.project)[1]
    panel.form.set_value("sample", 7)
    wait(lambda: len(panel._found) == 7)
    chosen = list(sampling.equal_per_class(project, "test", 7, 0))
    assert [crop.crop_id for crop in panel._found] == [crop.id for crop in chosen]
    cells = [
        index.data(Qt.ItemDataRole.AccessibleTextRole)
        for row in range(panel.grid.model().rowCount())
        for index in [
            panel.grid.model().index(row, column) for column in range(panel.grid.model().columnCount())
        ]
        if index.data(Qt.ItemDataRole.AccessibleTextRole)
    ]
    assert len(cells) == 7
    for crop, cell in zip(chosen, cells, strict=True):
        species, share = predictions.of_crop(project, run.id, crop.id)[0]
        assert crop.file in cell and f"Was called: {species} {share:.0%}" in cell
    assert panel.headline.text().startswith("7 crops") and not panel.evaluate.isVisible()


def test_that_errors_only_hides_what_was_right_and_escape_leads_back(panel):
    everything = len(panel._listed)
    QTest.mouseClick(
        panel.errors_only, Qt.MouseButton.LeftButton, pos=QPoint(8, panel.errors_only.height() // 2)
    )
    assert panel.errors_only.isChecked() and 0 < len(panel._listed) < everything
    assert all(crop.top[0][0] != crop.truth for crop in panel._listed)
    panel.grid.setFocus()
    panel.grid.setCurrentIndex(panel.grid.model().index(0, 0))
    QTest.keyClick(panel.grid, Qt.Key.Key_Return)
    shown = panel.viewer.current()
    assert panel.viewer.isVisible() and shown.path.name == Path(panel._listed[0].file).name
    assert dict(shown.facts)["Is"] == panel._listed[0].truth
    assert shown.boxes[0].top == tuple(panel._listed[0].top[:5])
    QTest.keyClick(panel.viewer, Qt.Key.Key_Escape)
    assert panel.grid.isVisible() and not panel.viewer.isVisible()


def test_that_saving_asks_the_classifier_for_what_is_not_known(panel, wait, tmp_path):
    panel.form.set_value("split", "val")
    panel.form.set_value("sample", 5)
    wait(lambda: len(panel._found) == 5)
    assert panel.headline.text() == "5 crops · 0 right · 0 wrong · 5 not asked yet"
    assert panel.evaluate.isVisible()
    panel.save_to(tmp_path / "sample")
    wait(lambda: panel.start_button.isEnabled())
    assert "5 crops and texts are in" in panel.message.text()
    assert (
        len(list((tmp_path / "sample").glob("*.jpg"))) == len(list((tmp_path / "sample").glob("*.txt"))) == 5
    )
    assert all(crop.top for crop in panel._found) and "not asked" not in panel.headline.text()


def test_that_a_project_without_a_classifier_says_what_comes_first(session, show, crop_project):
    panel = ReviewPanel(session(crop_project))
    show(panel)
    assert not panel.result.isVisible() and panel._empty.isVisible()


def test_that_the_fields_of_the_form_stand_below_each_other(panel):
    left = {
        panel.form.input(name).mapTo(panel.form, QPoint()).x() for name in ("run", "split", "sample", "seed")
    }
    assert len(left) == 1
