"""Training in the window: a real engine trains a tiny network while the panel watches, stops and continues it."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from camtrap_gui.models.training_options import completed
from camtrap_gui.project import epochs, runs
from camtrap_gui.project.epochs import Epoch
from camtrap_gui.ui.panels.train import TrainPanel
from camtrap_gui.ui.widgets.live_curves import _LOSS, LiveCurves


@pytest.fixture
def panel(session, show, trained: Path, tiny_models) -> TrainPanel:
    made = TrainPanel(session(trained))
    show(made)
    return made


def epoch(number: int, phase: str = "Training head", **figures: object) -> Epoch:
    plain = {"loss": 1.5, "accuracy": 0.5, "val_loss": 2.0, "val_accuracy": 0.6, "macro_f1": 0.4}
    return Epoch(phase, number, **{**plain, "is_best": False, **figures})  # type: ignore[arg-type]


def click_row(panel: TrainPanel, row: int, *, also: bool = False) -> None:
    place = panel.history.visualItemRect(panel.history.item(row, 0)).center()
    keys = Qt.KeyboardModifier.ControlModifier if also else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(panel.history.viewport(), Qt.MouseButton.LeftButton, keys, place)


def test_that_a_project_without_runs_says_what_training_is(session, show, crop_project, tiny_models):
    panel = TrainPanel(session(crop_project))
    show(panel)
    assert not panel.result.isVisible()
    assert panel.form.value().backbone == "tiny"


def test_that_a_click_trains_and_the_curves_are_those_of_the_run(
    session, show, wait, crop_project, tiny_models
):
    panel = TrainPanel(session(crop_project))
    show(panel)
    panel.form.set_value("epochs", 4)
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    assert panel.stop.isVisible() and panel.result.isVisible()
    assert panel.hasFocus(), "the keyboard is not given to another button"
    wait(lambda: panel.start_button.isEnabled())
    assert panel.start_button.hasFocus()
    assert panel.message.text() == ""
    (run,) = runs.all_of(panel.session.project)
    assert run.state == "done"
    found = epochs.of_run(run)
    assert panel.curves.cursor_epoch() == epochs.best(found)
    assert f"macro-F1 {run.figures['macro_f1']:.3f}" in panel.about.text()
    assert panel.history.item(0, 3).text() == "done"
    assert not panel.stop.isVisible() and panel.evaluate.isVisible()


def test_that_stopping_keeps_the_best_and_continuing_finishes_the_same_run(
    session, show, wait, crop_project, tiny_models
):
    panel = TrainPanel(session(crop_project))
    show(panel)
    panel.form.set_value("preset", "standard")
    panel.form.set_value("epochs", 30)
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    wait(lambda: (epoch := panel.curves.cursor_epoch()) is not None and epoch.phase == "Fine-tuning")
    assert "Best so far" in panel.about.text()
    QTest.mouseClick(panel.stop, Qt.MouseButton.LeftButton)
    wait(lambda: panel.start_button.isEnabled())
    (run,) = runs.all_of(panel.session.project)
    assert run.state == "stopped" and run.has_model
    assert 0 < sum(one.phase == "Fine-tuning" for one in epochs.of_run(run)) < 30
    assert panel.go_on.isVisible() and not panel.stop.isVisible()
    (run.folder / "options.json").write_text(json.dumps({**run.options, "epochs": 3}))
    QTest.mouseClick(panel.go_on, Qt.MouseButton.LeftButton)
    wait(lambda: panel.start_button.isEnabled())
    assert panel.message.text() == ""
    (same,) = runs.all_of(panel.session.project)
    assert same.id == run.id and same.state == "done"
    assert not panel.go_on.isVisible()


def test_that_a_training_cut_off_can_be_continued(panel):
    run = runs.all_of(panel.session.project)[0]
    runs.set_state(panel.session.project, run.id, "running", {})
    panel.session.changed.emit({"runs"})
    assert panel.history.item(0, 3).text() == "interrupted"
    assert panel.go_on.isVisible()


def test_that_two_runs_selected_are_compared(panel):
    newer, older = runs.all_of(panel.session.project)
    click_row(panel, 0)
    alone = panel.curves.grab().toImage()
    assert [run.id for run in panel.history.chosen_runs()] == [newer.id]
    click_row(panel, 1, also=True)
    assert [run.id for run in panel.history.chosen_runs()] == [newer.id, older.id]
    assert panel.headline.text() == "Two runs"
    assert panel.curves.grab().toImage() != alone
    assert len(panel.curves.accessibleDescription().split("; ")) == 2


def test_that_the_selection_survives_sorting_and_new_figures(panel):
    older = runs.all_of(panel.session.project)[1]
    click_row(panel, 1)
    panel.history.sortItems(0, Qt.SortOrder.AscendingOrder)
    assert panel.history.chosen_runs() == [older]
    runs.add_figures(panel.session.project, older.id, {"test_accuracy": 0.125})
    panel.session.changed.emit({"runs"})
    assert [run.id for run in panel.history.chosen_runs()] == [older.id]
    shown = [panel.history.item(row, 6).text() for row in range(panel.history.rowCount())]
    assert "0.125" in shown


@pytest.mark.parametrize("width", [900, 1250])
def test_that_the_time_of_a_run_is_not_cut(panel, app, width):
    panel.resize(width, 700)
    app.processEvents()
    assert panel.history.columnWidth(0) >= panel.history.sizeHintForColumn(0)


def test_that_the_evaluate_button_leads_there(panel):
    asked: list[str] = []
    panel.go_to.connect(asked.append)
    QTest.mouseClick(panel.evaluate, Qt.MouseButton.LeftButton)
    assert asked == ["evaluate"]


def test_that_many_reports_are_looked_at_twice_a_second_at_most(panel, app, monkeypatch):
    job = panel.session.start("train", panel.form.value())
    panel.watch(job)
    looks: list[None] = []
    monkeypatch.setattr(panel, "refresh", lambda: looks.append(None))
    for _ in range(40):
        job.changed.emit()
        QTest.qWait(25)
    assert 1 <= len(looks) <= 3
    panel.session.cancel(job)


def test_that_the_keys_read_off_every_epoch_of_both_stages(show):
    curves = LiveCurves()
    show(curves)
    first = [epoch(1), epoch(2), epoch(1, "Fine-tuning"), epoch(2, "Fine-tuning")]
    curves.show_runs(first)
    curves.setFocus()
    QTest.keyClick(curves, Qt.Key.Key_Home)
    read = []
    for _ in first:
        read.append(curves.cursor_epoch())
        QTest.keyClick(curves, Qt.Key.Key_Right)
    assert read == first
    QTest.keyClick(curves, Qt.Key.Key_Escape)
    assert curves.cursor_epoch() == (epochs.best(first) or first[-1])


def test_that_the_mouse_reads_off_the_epoch_below_it(show):
    curves = LiveCurves()
    show(curves)
    curves.show_runs([epoch(number) for number in range(1, 12)])
    loss, scores = curves._areas()
    for area in (loss, scores):
        for share, expected in ((0.0, 1), (0.5, 6), (1.0, 11)):
            x = area.left() + share * area.width()
            QTest.mouseMove(curves, QPoint(round(x), round(area.center().y())))
            found = curves.cursor_epoch()
            assert found is not None and found.epoch == expected


def test_that_curves_bear_any_figures(show, app):
    curves = LiveCurves()
    show(curves)
    for strange in ([], [epoch(1)], [epoch(1, loss=0.0, val_loss=0.0)], [epoch(1, loss=1e9), epoch(2)]):
        curves.show_runs(strange, [epoch(1), epoch(2), epoch(3)])
        assert not curves.grab().isNull()


def test_that_a_line_cut_short_is_no_epoch(trained, session):
    run = runs.all_of(session(trained).project)[0]
    whole = epochs.of_run(run)
    with (run.folder / epochs.FILE).open("a") as file:
        file.write('{"phase": "Training he')
    assert epochs.of_run(run) == whole
    with (run.folder / epochs.FILE).open("a") as file:
        file.write("\n")
    assert epochs.of_run(run) == whole
    assert epochs.best(whole) == max(whole, key=lambda one: (one.macro_f1, -one.val_loss))


@pytest.mark.parametrize("highest", [0.013, 0.9, 1.0, 2.1, 4.5, 31.0])
def test_that_the_axis_of_the_loss_ends_near_the_highest_loss(show, highest):
    curves = LiveCurves()
    show(curves)
    curves.show_runs([epoch(1, loss=highest, val_loss=highest / 2)])
    end = curves._highest(_LOSS)
    assert highest <= end * 1.000001 and end <= highest * 1.2


def test_that_the_figures_beside_the_curves_are_of_the_best_epoch(show):
    curves = LiveCurves()
    show(curves)
    curves.show_runs([epoch(1), epoch(2, is_best=True, macro_f1=0.7), epoch(3)])
    found = curves.cursor_epoch()
    assert found is not None and found.epoch == 2
    assert "macro-F1 0.700" in curves.accessibleDescription()


def test_that_the_tutorial_brings_its_network_and_says_what_it_takes_before_it_starts(panel):
    before = panel.form.value().backbone
    panel.form.set_value("preset", "tutorial")
    assert panel.form.value().backbone == "inception-v4"
    assert "Days" in panel.needs.text() and "downloaded" in panel.needs.text()
    panel.form.set_value("preset", "quick")
    assert panel.form.value().backbone == before
    assert "Minutes" in panel.needs.text() and "downloaded" not in panel.needs.text()


def test_that_a_network_chosen_for_the_tutorial_stays_with_the_next_preset(panel):
    panel.form.set_value("preset", "tutorial")
    panel.form.set_value("backbone", "tiny")
    panel.form.set_value("preset", "standard")
    assert panel.form.value().backbone == "tiny"


@pytest.mark.parametrize("preset", ["quick", "standard", "tutorial"])
def test_that_no_preset_is_given_what_it_refuses(panel, preset):
    for name, value in (("ema", 0.99), ("unfreeze", True), ("balance", "sampling"), ("as_original", True)):
        panel.form.set_value(name, value)
    panel.form.set_value("preset", preset)
    assert completed(panel.form.value()).preset == preset


def test_that_a_run_says_what_was_asked_for_and_what_was_found(panel):
    newer = runs.all_of(panel.session.project)[0]
    options = {**newer.options, "balance": "sampling", "epochs": 5, "input_size": 64}
    (newer.folder / "options.json").write_text(json.dumps(options))
    decided = {"batch_size": 64, "parts": 2, "precision": "bfloat16", "rate_factor": 1.4142}
    (newer.folder / "machine.json").write_text(json.dumps(decided))
    runs.add_figures(panel.session.project, newer.id, {"learning_rate": 0.00312})
    panel.session.changed.emit({"runs"})
    words = panel.about.text()
    assert "Chosen: input size 64 px, epochs 5, rare species sampling." in words
    assert (
        "64 crops per step in 2 parts, bfloat16, learning rates × 1.4, learning rate found: 0.0031" in words
    )
