"""Looking through what a run said: fields, grid, pages, and the way to a picture and back, by mouse and by keys."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from camtrap_gui.project import inspection, predictions, runs
from camtrap_gui.project.inspection import RIGHT, WRONG
from camtrap_gui.ui.panels.evaluate import EvaluatePanel
from camtrap_gui.ui.widgets.inspection_view import SAMPLE, SUREST, UNSUREST, InspectionView


@pytest.fixture
def panel(session, show, trained: Path, tiny_models) -> EvaluatePanel:
    made = EvaluatePanel(session(trained))
    show(made)
    return made


@pytest.fixture
def view(panel, wait) -> InspectionView:
    """In front, with the older run, which is often wrong."""
    panel.run_box.setCurrentIndex(1)
    panel.tabs.setCurrentWidget(panel.inspection)
    settle(panel.inspection, wait)
    return panel.inspection


def settle(view: InspectionView, wait) -> None:
    wait(lambda: not view._asking and view.summary.text() != "Looking…")


def choose(view: InspectionView, wait, field: str, value: str) -> list[predictions.Judged]:
    box = getattr(view, field)
    box.setCurrentIndex(box.findData(value))
    settle(view, wait)
    return list(view.found)


def test_that_a_sample_of_each_species_comes_first_and_others_can_be_drawn(view, wait):
    assert view.order.currentData() == SAMPLE and view.others.isVisible()
    before = [one.crop_id for one in view.found]
    assert [one.truth for one in view.found] == ["zebra"] * 6 + ["gazelle"] * 6 + ["rhino"] * 6
    assert view.summary.text() == "24 crops, 6 of each species drawn at random"
    QTest.mouseClick(view.others, Qt.MouseButton.LeftButton)
    settle(view, wait)
    assert [one.crop_id for one in view.found] != before


def test_that_fields_say_which_crops_are_shown_and_in_which_order(view, wait, panel):
    run = panel.run_box.currentData()
    every = list(predictions.judged(panel.session.project, run, "test"))
    found = choose(view, wait, "order", SUREST)
    assert len(found) == len(every) == view.grid.count() and not view.others.isVisible()
    shares = [one.top[0][1] for one in found]
    assert shares == sorted(shares, reverse=True)
    assert [one.top[0][1] for one in choose(view, wait, "order", UNSUREST)] == sorted(shares)
    wrong = choose(view, wait, "verdict", WRONG)
    assert {one.crop_id for one in wrong} == {one.crop_id for one in every if one.truth != one.top[0][0]}
    assert wrong and view.summary.text() == f"{len(wrong):,} crops"
    choose(view, wait, "verdict", RIGHT)
    here = choose(view, wait, "location", "test-1")
    assert here and {one.location for one in here} == {"test-1"}
    assert {one.truth for one in choose(view, wait, "truth", "rhino")} <= {"rhino"}
    choose(view, wait, "called", "zebra")
    assert view.pages.currentWidget() is view.nothing and view.nothing.isVisible()


def test_that_more_crops_come_when_the_end_is_near(view, wait, monkeypatch):
    monkeypatch.setattr(inspection, "PAGE", 5)
    monkeypatch.setattr(inspection.page, "__defaults__", (None, 5))
    assert len(choose(view, wait, "order", SUREST)) == 5
    for expected in (10, 15, 20, 24, 24):
        view.grid.end_near.emit()
        settle(view, wait)
        assert view.grid.count() == len(view.found) == expected
    assert len({one.crop_id for one in view.found}) == 24
    view.grid.setFocus()
    QTest.keyClick(view.grid, Qt.Key.Key_End)
    assert view.grid.place() == 23
    shares = [one.top[0][1] for one in view.found]
    assert shares == sorted(shares, reverse=True)


def test_that_enter_opens_a_crop_and_escape_leads_back(view, wait, panel):
    choose(view, wait, "order", SUREST)
    view.grid.setFocus()
    QTest.keyClick(view.grid, Qt.Key.Key_Right)
    QTest.keyClick(view.grid, Qt.Key.Key_Return)
    assert panel.viewer.isVisible() and panel.viewer.place() == 1
    shown, judged = panel.viewer.current(), view.found[1]
    assert shown.path.as_posix().endswith(judged.file)
    assert ("Is", judged.truth) in shown.facts
    assert shown.boxes[0].top[0] == tuple(judged.top[0])
    wait(lambda: panel.viewer.canvas.chosen() is not None)
    QTest.keyClick(panel.viewer, Qt.Key.Key_W)
    wait(lambda: panel.viewer.likest.grid.isVisible())
    assert panel.viewer.likest.about.text() == f"Colours: what spoke for {judged.top[0][0]}."
    QTest.keyClick(panel.viewer, Qt.Key.Key_Escape)
    assert view.grid.isVisible() and view.grid.place() == 1
    assert runs.all_of(panel.session.project)[1].id == panel.run_box.currentData()


def test_that_a_tile_says_what_it_is_and_what_it_was_called(view, wait):
    [first, *_] = choose(view, wait, "order", SUREST)
    words = view.grid.words_of(0)
    assert (
        f"Is: {first.truth}" in words
        and f"Was called: {first.top[0][0]}" in words
        and first.location in words
    )
