"""The figures of a real small run, and the way from a confusion to its pictures, by mouse and by keys."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from camtrap_gui.project import evaluations, predictions, runs
from camtrap_gui.ui import theme
from camtrap_gui.ui.panels.evaluate import EvaluatePanel


@pytest.fixture
def panel(session, show, trained: Path) -> EvaluatePanel:
    made = EvaluatePanel(session(trained))
    show(made)
    return made


def choose_run(panel: EvaluatePanel, place: int) -> runs.Run:
    """Choose a run in the form, newest first."""
    run = runs.all_of(panel.session.project)[place]
    box = panel.form.input("run")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(place)
    return run


def confusions(panel: EvaluatePanel, run: runs.Run) -> dict[tuple[str, str], int]:
    """The crops of every cell that has any, counted from the predictions themselves."""
    counted: dict[tuple[str, str], int] = {}
    for judged in predictions.judged(panel.session.project, run.id, "test"):
        cell = judged.truth, judged.top[0][0]
        counted[cell] = counted.get(cell, 0) + 1
    return counted


def click(panel: EvaluatePanel, cell: tuple[str, str]) -> None:
    place = panel.confusion.cell_rect(*cell).center().toPoint()
    QTest.mouseClick(panel.confusion.viewport(), Qt.MouseButton.LeftButton, pos=place)


def words_of(widget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_that_the_newest_run_is_shown_with_the_figures_of_its_evaluation(panel):
    newest = runs.newest(panel.session.project)
    evaluated = evaluations.of_run(newest, "test")
    assert evaluated is not None
    assert panel.form.value().run == newest.id
    said = words_of(panel.headline)
    assert f"{evaluated.figures.accuracy:.1%}" in said and f"{evaluated.figures.macro_f1:.3f}" in said
    assert "24 test crops" in said
    assert panel.species.rowCount() == len([c for c in evaluated.figures.classes if c.crops or c.predicted])
    assert panel.locations.rowCount() == len(evaluated.figures.locations) == 5


def test_that_another_run_shows_other_figures(panel):
    before = words_of(panel.headline)
    choose_run(panel, 1)
    assert words_of(panel.headline) != before


def test_that_a_split_without_an_evaluation_says_what_evaluating_is_for(panel):
    panel.form.set_value("split", "val")
    assert not panel.result.isVisible()
    assert "has not been evaluated" in words_of(panel)
    panel.form.set_value("split", "test")
    assert panel.result.isVisible()


def test_that_a_click_on_a_wrong_cell_shows_exactly_its_crops(panel, wait):
    run = choose_run(panel, 1)
    cell, count = next((cell, n) for cell, n in confusions(panel, run).items() if cell[0] != cell[1])
    click(panel, cell)
    assert panel.pages.currentIndex() == 1
    assert panel.viewer.strip.count() == count
    wait(lambda: panel.viewer.canvas.visible_boxes())
    box, shown = panel.viewer.canvas.visible_boxes()[0], panel.viewer.current()
    assert shown.path.is_file() and shown.path.parent.name == cell[0]
    assert box.top[0][0] == cell[1] and ("Is", cell[0]) in shown.facts
    confidences = [picture.boxes[0].confidence for picture in panel.viewer._pictures]
    assert confidences == sorted(confidences, reverse=True)


def test_that_escape_leads_back_from_the_pictures_to_the_matrix(panel):
    run = choose_run(panel, 1)
    click(panel, next(iter(confusions(panel, run))))
    QTest.keyClick(panel.viewer, Qt.Key.Key_Escape)
    assert panel.pages.currentIndex() == 0
    assert panel.confusion.hasFocus()


def test_that_the_keyboard_alone_reaches_every_cell_and_opens_it(panel):
    run = choose_run(panel, 1)
    found = confusions(panel, run)
    names, cells = panel.confusion._names, panel.confusion._cells
    panel.confusion.setFocus(Qt.FocusReason.TabFocusReason)
    assert panel.confusion.cursor_cell() == (names[0], names[0])
    visited = []
    for row in range(len(names)):
        for _ in names:
            visited.append(panel.confusion.cursor_cell())
            QTest.keyClick(panel.confusion, Qt.Key.Key_Right)
        QTest.keyClick(panel.confusion, Qt.Key.Key_Down)
        for _ in names:
            QTest.keyClick(panel.confusion, Qt.Key.Key_Left)
        assert cells[row].sum() == sum(n for (truth, _), n in found.items() if truth == names[row])
    assert visited == [(truth, said) for truth in names for said in names]
    while panel.confusion.cursor_cell() not in found:
        QTest.keyClick(panel.confusion, Qt.Key.Key_Right)
    QTest.keyClick(panel.confusion, Qt.Key.Key_Return)
    assert panel.pages.currentIndex() == 1


def test_that_hovering_says_the_cell_in_words_and_leaves_empty_cells_closed(panel):
    run = choose_run(panel, 1)
    found = confusions(panel, run)
    names = panel.confusion._names
    empty = next((t, p) for t in names for p in names if (t, p) not in found)
    for cell in (*found, empty):
        QTest.mouseMove(panel.confusion.viewport(), panel.confusion.cell_rect(*cell).center().toPoint())
        assert cell[0] in panel.pointed.text()
        said = panel.pointed.text()
        assert (
            f"{found.get(cell, 0):,} of 8 {cell[0]} crops" in said
            or said == f"There are no crops of {cell[0]}."
        )
        assert panel.confusion.accessibleDescription() == panel.pointed.text()
    click(panel, empty)
    assert panel.pages.currentIndex() == 0


def test_that_pictures_that_are_gone_are_explained(panel):
    run = choose_run(panel, 1)
    cell = next(iter(confusions(panel, run)))
    with panel.session.project.write() as db:
        db.execute("DELETE FROM predictions")
    click(panel, cell)
    assert panel.pages.currentIndex() == 0
    assert "Evaluate again" in panel.pointed.text()


def test_that_saved_copies_are_what_the_evaluation_wrote(panel, tmp_path):
    run = runs.newest(panel.session.project)
    for name in evaluations.FILES.values():
        panel.save_copy(name, tmp_path / f"copy-{name}")
        assert (tmp_path / f"copy-{name}").read_bytes() == (run.folder / "evaluation" / name).read_bytes()


def test_that_a_recall_of_nothing_and_an_unknown_recall_read_differently(panel):
    panel.species.fill(("Species", "recall"), [("seen, never recognised", 0.0), ("never seen", None)])
    assert [panel.species.item(row, 1).text() for row in (0, 1)] == ["0.000", "–"]


def test_that_large_matrices_scroll_to_the_cursor_with_their_names_in_sight(app, panel):
    names = [f"species {number}" for number in range(60)]
    panel.confusion.show_matrix(names, [[int(r == c) for c in range(60)] for r in range(60)])
    app.processEvents()
    panel.confusion.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(59):
        QTest.keyClick(panel.confusion, Qt.Key.Key_Right)
        QTest.keyClick(panel.confusion, Qt.Key.Key_Down)
    area = panel.confusion.cell_rect(*panel.confusion.cursor_cell())
    assert panel.confusion.cursor_cell() == ("species 59", "species 59")
    assert panel.confusion.viewport().rect().contains(area.toRect())


def test_that_evaluating_by_a_click_predicts_and_shows_the_figures(
    session: Callable, show, wait, trained: Path, tiny_models
):
    panel = EvaluatePanel(session(trained))
    show(panel)
    panel.form.set_value("split", "val")
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    assert not panel.start_button.isEnabled()
    wait(lambda: panel.start_button.isEnabled())
    assert panel.message.text() == ""
    assert panel.result.isVisible() and "24 val crops" in words_of(panel.headline)


def test_that_both_themes_paint_the_matrix(app, panel):
    pictures = []
    for preference in ("dark", "light"):
        theme.theme.apply(preference)
        app.processEvents()
        pictures.append(panel.confusion.grab().toImage())
    assert pictures[0] != pictures[1]


def test_that_the_run_chosen_stays_until_a_newer_one_is_trained(panel):
    older = choose_run(panel, 1)
    project = panel.session.project
    panel.session.changed.emit({"runs"})
    assert panel.form.value().run == older.id
    made = runs.start(project, "quick", "tiny", {}, older.data, {})
    panel.session.changed.emit({"runs"})
    assert panel.form.value().run == older.id, "a run without a classifier cannot be evaluated"
    shutil.copytree(older.model, made.model)
    panel.session.changed.emit({"runs"})
    assert panel.form.value().run == made.id
    assert not panel.result.isVisible()


def test_that_a_matrix_that_fits_has_no_scroll_bar(panel, app):
    for size in ((1100, 700), (1440, 900), (1203, 811)):
        panel.resize(*size)
        app.processEvents()
        assert panel.confusion.verticalScrollBar().maximum() == 0
        assert panel.confusion.horizontalScrollBar().maximum() == 0
