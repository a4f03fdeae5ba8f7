"""The card that retrains: corrections are counted, a real engine trains and compares, a person decides."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from camtrap_gui.project import Project, decisions, edits, runs
from camtrap_gui.project.decisions import Said
from camtrap_gui.ui.panels.train import TrainPanel
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.retrain import Retrain
from camtrap_gui.ui.widgets.run_history import COLUMNS


def click(button) -> None:
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def card(session, show, trained, tiny_models) -> Retrain:
    with Project.open(trained) as project, project.write() as db:
        db.execute("INSERT INTO labels (image_id, species_id) SELECT image_id, species_id FROM crops")
    made = Retrain(session(trained))
    show(made)
    return made


def correct(card: Retrain, *images: int) -> None:
    decisions.label(card.session.project, images, [Said("rhino")])
    card.session.changed.emit({"labels"})


def test_that_the_button_says_how_much_was_corrected(card, wait):
    assert card.button.text() == "Retrain" and not card.button.isEnabled()
    assert "Nothing has been corrected" in card.about.text()
    correct(card, 1, 2, 3)
    wait(lambda: card.button.text() == "Retrain with 3 corrections")
    assert card.button.isEnabled()
    edits.undo(card.session.project)
    correct(card, 1)
    wait(lambda: card.button.text() == "Retrain with 1 correction")


def test_that_a_candidate_is_trained_and_compared_and_used_only_by_a_click(card, wait, session):
    before = runs.current(card.session.project)
    correct(card, 1, 2, 3)
    card.refresh()
    click(card.button)
    assert card.bar.isVisible() and not card.button.isEnabled()
    wait(lambda: card.comparison.isVisible())
    project = card.session.project
    newest = runs.newest(project)
    assert newest.id != before.id and runs.current(project).id == before.id
    assert card.comparison.verdict.text() and not card.message.isVisible()
    names = [card.figures.table.item(row, 0).text() for row in range(5)]
    assert names[:2] == ["Top-1 accuracy", "Macro-F1"]
    assert set(names[2:]) == {"zebra", "gazelle", "rhino"}
    after_restart = Retrain(session(project.folder))
    after_restart.refresh()
    assert after_restart.comparison.isVisibleTo(after_restart)
    click(card.use)
    assert runs.current(project).id == newest.id
    assert not card.comparison.isVisible() and "in use now" in card.message.text()
    assert card.button.text() == "Retrain"  # it has learnt from all corrections
    after_restart.refresh()
    assert not after_restart.comparison.isVisibleTo(after_restart)
    after_restart.deleteLater()


def test_that_the_current_model_can_be_kept_and_the_candidate_stays_in_the_history(card, wait):
    before = runs.current(card.session.project)
    correct(card, 5, 6)
    card.refresh()
    click(card.button)
    wait(lambda: card.comparison.isVisible())
    click(card.keep)
    assert not card.comparison.isVisible()
    assert runs.current(card.session.project).id == before.id
    assert len(runs.all_of(card.session.project)) == 3
    assert card.button.text() == "Retrain with 2 corrections"


def test_that_a_retraining_can_be_stopped(card, wait):
    correct(card, 5, 6)
    card.refresh()
    click(card.button)
    click(card.stop)
    wait(lambda: card.message.isVisible())
    assert "Stopped" in card.message.text() and card.button.isEnabled()
    assert not card.comparison.isVisible()


def test_that_pictures_without_a_crop_lead_to_the_crops(card):
    project = card.session.project
    correct(card, 1)
    decisions.draw_box(project, 1, (0.1, 0.1, 0.3, 0.3), "rhino")
    card.refresh()
    assert card.uncut.isVisible() and card.uncut.text().startswith("1 corrected picture has")
    asked: list[str] = []
    card.go_to.connect(asked.append)
    click(card.cut)
    assert asked == ["crop"]


def test_that_without_a_model_it_leads_to_the_first_training(session, show, crop_project, tiny_models):
    card = Retrain(session(crop_project))
    show(card)
    asked: list[str] = []
    card.go_to.connect(asked.append)
    assert not card.button.isEnabled()
    click(card.first)
    assert asked == ["train"]


def test_that_the_history_shows_the_model_in_use_and_another_can_be_chosen(
    session, show, trained, tiny_models
):
    panel = TrainPanel(session(trained))
    show(panel)
    project = panel.session.project
    newer, older = runs.all_of(project)
    column = COLUMNS.index("Model")
    assert [panel.history.item(row, column).text() for row in (0, 1)] == ["in use", ""]
    assert not panel.use.isVisible()
    panel.history.choose([1])
    click(panel.use)
    assert runs.current(project).id == older.id != newer.id
    assert [panel.history.item(row, column).text() for row in (0, 1)] == ["", "in use"]
    assert not panel.use.isVisible()


def test_that_lists_of_runs_begin_with_the_one_in_use(trained):
    with Project.open(trained) as project:
        newer, older = runs.all_of(project)
        assert [value for value, _ in run_choice.choices(runs.all_of(project))] == [newer.id, older.id]
        runs.promote(project, older.id)
        (first, words), (second, others) = run_choice.choices(runs.all_of(project))
    assert (first, second) == (older.id, newer.id)
    assert words.endswith("in use") and not others.endswith("in use")
