"""The figures of a real small run, and the way from a confusion to its pictures, by mouse and by keys."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from camtrap_gui.project import comparisons, evaluations, predictions, runs
from camtrap_gui.ui import theme
from camtrap_gui.ui.panels.evaluate import EvaluatePanel
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets.run_comparison import CHANGES


@pytest.fixture
def panel(session, show, trained: Path) -> EvaluatePanel:
    made = EvaluatePanel(session(trained))
    show(made)
    return made


def choose_run(panel: EvaluatePanel, place: int) -> runs.Run:
    """Choose a run in the form, newest first."""
    run = runs.all_of(panel.session.project)[place]
    panel.run_box.setCurrentIndex(place)
    QTest.qWait(1)  # what was made anew becomes visible
    return run


def open_tab(panel: EvaluatePanel, name: str) -> None:
    """Click on the name of a tab."""
    bar = panel.tabs.tabBar()
    place = next(place for place in range(bar.count()) if bar.tabText(place) == name)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(place).center())
    assert panel.tabs.currentIndex() == place


def press(button) -> None:
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


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


def test_that_figures_stand_with_their_intervals(panel):
    evaluated = evaluations.of_run(runs.newest(panel.session.project), "test")
    assert evaluated is not None
    figures = evaluated.figures
    said = words_of(panel.headline)
    for interval, form in (
        (figures.interval, ".0%"),
        (figures.top_k_interval, ".0%"),
        (figures.macro_f1_interval, ".3f"),
        (figures.balanced_accuracy_interval, ".0%"),
    ):
        assert interval is not None
        assert f"{interval[0]:{form}} to {interval[1]:{form}}" in said
    zebra = next(c for c in figures.classes if c.name == "zebra")
    assert zebra.f1_interval is not None
    row = next(n for n in range(panel.species.rowCount()) if panel.species.item(n, 0).text() == "zebra")
    low, high = zebra.f1_interval
    assert panel.species.item(row, 6).text() == f"{zebra.f1:.3f} ({low:.3f} to {high:.3f})"


def lines_of(table) -> dict[str, tuple[str, str]]:
    """Number and accuracy by what the row is."""
    return {
        table.item(n, 0).text(): (table.item(n, 1).text(), table.item(n, 3).text())
        for n in range(table.rowCount())
    }


def test_that_a_random_split_is_asked_for_by_a_click_and_known_from_then_on(panel, wait, tiny_models):
    open_tab(panel, "Checks")
    newest = runs.newest(panel.session.project)
    assert "What would a random split have claimed?" in panel.parts.verdict.text()
    assert list(lines_of(panel.parts.parts)) == ["All crops", "By day"], "discs have colours and no time"
    assert not panel.parts.splits.isVisible()
    press(panel.parts.button)
    assert not panel.parts.button.isEnabled()
    wait(lambda: panel.parts.splits.isVisible() and panel.parts.button.isEnabled())
    known = evaluations.leakage(newest)
    assert known is not None and panel.parts.verdict.text() == known.sentence()
    lines = lines_of(panel.parts.splits)
    assert lines["New cameras"][0] == lines["Split at random"][0] == "24"
    assert lines["New cameras"][1].startswith(f"{known.cameras.accuracy:.3f}")
    choose_run(panel, 1)
    open_tab(panel, "Checks")
    assert not panel.parts.splits.isVisible()
    choose_run(panel, 0)
    assert panel.parts.splits.isVisible()


def test_that_a_random_split_that_cannot_be_made_says_why(panel, wait, tiny_models):
    open_tab(panel, "Checks")
    with panel.session.project.write() as db:
        db.execute("UPDATE crops SET split = 'train' WHERE split = 'test'")
    press(panel.parts.button)
    wait(lambda: panel.parts.button.isEnabled())
    assert "test split has no crops" in panel.parts.hint.text()
    assert not panel.parts.splits.isVisible()


def test_that_an_evaluation_from_before_intervals_is_shown_without_them(panel):
    run = choose_run(panel, 1)
    kept = run.folder / "evaluation" / "metrics.json"
    plain = json.loads(kept.read_text(encoding="utf-8"))
    for name in (
        *("top_k_interval", "macro_f1_interval", "balanced_accuracy_interval"),
        *("sequences", "day_night"),
    ):
        del plain[name]
    plain["classes"] = [
        {key: value for key, value in row.items() if not key.endswith("_interval")}
        for row in plain["classes"]
    ]
    kept.write_text(json.dumps(plain), encoding="utf-8")
    panel.session.changed.emit({"runs"})
    QTest.qWait(1)
    open_tab(panel, "Checks")
    assert "Evaluate again" in panel.parts.about.text()
    assert list(lines_of(panel.parts.parts)) == ["All crops"]
    assert "(" not in panel.species.item(0, 6).text()


def test_that_columns_of_little_weight_give_way_where_it_is_narrow_and_lines_share_the_room(panel, app):
    open_tab(panel, "Checks")
    for width, hidden in ((908, True), (1900, False)):
        panel.resize(width, 900)
        app.processEvents()
        assert panel.parts.parts.isColumnHidden(2) is hidden
        assert panel.parts.parts.columnWidth(3) == panel.parts.parts.columnWidth(4)
        assert panel.parts.parts.verticalScrollBar().maximum() == 0


def test_that_another_run_shows_other_figures(panel):
    before = words_of(panel.headline)
    evaluated = evaluations.of_run(choose_run(panel, 1), "test")
    assert evaluated is not None
    after = words_of(panel.headline)
    assert after != before and f"{evaluated.figures.accuracy:.1%}" in after


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
        panel.save.save_copy(name, tmp_path / f"copy-{name}")
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
    wait(lambda: panel.result.isVisible() and "24 val crops" in words_of(panel.headline))


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


def test_that_the_reliability_diagram_is_of_the_run_shown_and_can_be_taken_along(panel, tmp_path, wait):
    newer = runs.newest(panel.session.project)
    open_tab(panel, "Reliability")
    chart = panel.reliability.chart
    wait(lambda: chart._figure is not None)
    evaluated = evaluations.of_run(newer, "test")
    assert evaluated is not None and evaluated.figures.calibration is not None
    assert evaluated.figures.calibration.sentence() in chart.accessibleDescription()
    before = chart.accessibleDescription()
    for ending, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        chart.save_chart(tmp_path / f"chart{ending}")
        assert (tmp_path / f"chart{ending}").read_bytes().startswith(magic)
    chart._save_table(tmp_path / "bins.csv")
    with (tmp_path / "bins.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["crops"]) for row in rows) == 24
    panel.run_box.setCurrentIndex(1)
    assert chart.accessibleDescription() != before


def test_that_the_reliability_diagram_follows_the_theme(panel, wait):
    open_tab(panel, "Reliability")
    chart = panel.reliability.chart
    wait(lambda: chart._figure is not None)
    for preference in ("dark", "light"):
        before = chart._figure.get_facecolor()
        theme.theme.apply(preference)
        wait(lambda before=before: chart._figure.get_facecolor() != before)


def test_that_an_evaluation_from_before_reliability_asks_to_evaluate_again(panel):
    run = choose_run(panel, 1)
    kept = run.folder / "evaluation" / "metrics.json"
    plain = json.loads(kept.read_text(encoding="utf-8"))
    del plain["calibration"]
    kept.write_text(json.dumps(plain), encoding="utf-8")
    (kept.parent / "reliability.png").unlink()
    panel.session.changed.emit({"runs"})
    QTest.qWait(1)
    open_tab(panel, "Reliability")
    assert panel.reliability.older.isVisible() and "Evaluate again" in panel.reliability.older.text()
    assert "24 test crops" in words_of(panel.headline)
    enabled = {name: action.isEnabled() for name, action in panel.save._actions.items()}
    assert not enabled["reliability.png"] and enabled["metrics.json"]


def test_that_a_copy_that_cannot_be_written_is_said(panel, tmp_path):
    panel.save.save_copy("metrics.json", tmp_path / "no such folder" / "x" / "y.json")
    (tmp_path / "file").write_text("")
    panel.save.save_copy("metrics.json", tmp_path / "file" / "y.json")
    assert "cannot be written" in panel.message.text()


@pytest.fixture
def compared(panel, wait, tiny_models) -> EvaluatePanel:
    """The panel after its two runs were compared by a click."""
    open_tab(panel, "Compare")
    assert "have not been compared yet" in panel.comparison.hint.text()
    assert not panel.comparison.figures.isVisible()
    press(panel.comparison.button)
    assert not panel.comparison.button.isEnabled()
    wait(lambda: panel.comparison.figures.isVisible() and panel.comparison.button.isEnabled())
    return panel


def test_that_two_runs_are_compared_by_a_click_and_what_changed_is_seen_in_pictures(
    compared, wait, session, show
):
    panel, project = compared, compared.session.project
    newer, older = runs.all_of(project)
    found = comparisons.of_runs(project, older, newer)
    assert found is not None and (found.result["current"], found.result["candidate"]) == (older.id, newer.id)
    assert panel.comparison.figures.verdict.text() == found.result["figures"]["sentence"]
    assert not panel.comparison.hint.isVisible()
    before, after = (
        {judged.crop_id: judged for judged in predictions.judged(project, run.id, "test")}
        for run in (older, newer)
    )
    mended = {
        judged.file
        for number, judged in after.items()
        if judged.top[0][0] == judged.truth != before[number].top[0][0]
    }
    assert mended, "a run of a single epoch is often wrong"
    button = panel.comparison.changes["mended"]
    assert button.text() == f"{CHANGES['mended'][0]}  {len(mended):,}"
    press(button)
    assert panel.pages.currentWidget() is panel.pictures
    shown = panel.viewer._pictures
    assert {f"{picture.path.parent.name}/{picture.path.name}" for picture in shown} == mended
    facts = dict(panel.viewer.current().facts)
    assert facts["Candidate"].startswith(facts["Is"]) and not facts["Current"].startswith(facts["Is"])
    confidences = [picture.boxes[0].confidence for picture in shown]
    assert confidences == sorted(confidences, reverse=True)
    QTest.keyClick(panel.viewer, Qt.Key.Key_Escape)
    assert button.hasFocus() and panel.tabs.currentWidget() is panel.comparison


def test_that_a_comparison_is_known_after_a_restart_and_from_either_run(compared, session, show):
    again = EvaluatePanel(session(compared.session.project.folder))
    show(again)
    for place in (0, 1):
        choose_run(again, place)
        open_tab(again, "Compare")
        assert again.comparison.figures.isVisible()
        assert again.comparison.figures.verdict.text() == compared.comparison.figures.verdict.text()
        assert again.comparison.other.currentData() != again.form.value().run


def test_that_pictures_of_changes_that_are_gone_are_explained(compared):
    with compared.session.project.write() as db:
        db.execute("DELETE FROM predictions")
    press(compared.comparison.changes["mended"])
    assert compared.pages.currentIndex() == 0
    assert "Compare again" in compared.comparison.hint.text()


def test_that_a_comparison_that_cannot_be_made_says_why(panel, wait, tiny_models):
    open_tab(panel, "Compare")
    with panel.session.project.write() as db:
        db.execute("UPDATE crops SET split = 'train' WHERE split = 'test'")
    press(panel.comparison.button)
    wait(lambda: panel.comparison.button.isEnabled())
    assert "test split has no crops" in panel.comparison.hint.text()
    assert not panel.comparison.figures.isVisible()


def test_that_a_single_run_has_nothing_to_be_compared_with(panel):
    shutil.rmtree(runs.all_of(panel.session.project)[1].model)
    panel.session.changed.emit({"runs"})
    open_tab(panel, "Compare")
    assert "no other model" in panel.comparison.hint.text()
    assert not panel.comparison.button.isVisible()


@pytest.mark.parametrize("size", [(1100, 700), (1440, 900)])
def test_that_all_tabs_fit_beside_each_other(panel, app, size):
    panel.resize(*size)
    app.processEvents()
    bar = panel.tabs.tabBar()
    assert bar.tabRect(bar.count() - 1).right() <= bar.width()


def test_that_the_figures_leave_a_small_window_small(panel):
    rail = 192
    assert panel.minimumSizeHint().width() <= 1100 - rail


def test_that_no_tab_has_to_be_scrolled_to_on_a_small_laptop(panel):
    panel.tabs.setTabText(panel.tabs.count() - 1, "Notes (7)")
    panel.resize(908, 600)
    QTest.qWait(1)
    bar = panel.tabs.tabBar()
    assert bar.tabRect(bar.count() - 1).right() <= bar.width()
    assert bar.tabRect(0).left() >= 0
    panel.resize(1600, 600)
    QTest.qWait(1)
    assert bar.tabRect(0).width() > bar.fontMetrics().horizontalAdvance(bar.tabText(0)) + GRID * 2
