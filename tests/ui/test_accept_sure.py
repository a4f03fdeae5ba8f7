"""Accepting what a classifier is sure of in the window: how many, a click, one undo; and the way to the thresholds."""

import json

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from camtrap_gui.project import Project, acceptance, runs
from camtrap_gui.thresholds import Answers
from camtrap_gui.ui.panels.evaluate import EvaluatePanel
from camtrap_gui.ui.panels.review import ReviewPanel
from camtrap_gui.ui.widgets.accept_sure import AcceptSure
from tests import reviewable


@pytest.fixture
def looked_at(tmp_path):
    """A survey whose run is sure of six pictures: two zebras and four gnus."""
    folder = reviewable.make(tmp_path)
    with Project.open(folder) as project:
        run = runs.start(
            project, "quick", "tiny", {}, {"classes": list(reviewable.SPECIES), "data_hash": ""}, {}
        )
        run.model.mkdir()
        (run.model / "bundle.json").write_text("{}")
        with project.write() as db:
            db.execute("UPDATE suggestions SET run_id = ?", (run.id,))
        said = np.repeat([0, 2], 60)
        answers = Answers(said, np.full(120, 0.7), np.ones(120, bool), np.arange(120) % 12)
        acceptance.keep_answers(run, answers)
        acceptance.make_thresholds(run, 0.95)
    return folder


@pytest.fixture
def dialog(session, show, wait, looked_at):
    opened = session(looked_at)
    made = AcceptSure(opened, runs.current(opened.project))
    show(made)
    wait(lambda: not made.is_counting())
    wait(lambda: made.headline.text() != "Counting…")
    return made


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def labelled(project: Project) -> int:
    return int(project.db.execute("SELECT count(*) FROM labels WHERE author = 'model'").fetchone()[0])


def test_that_nothing_is_labelled_before_it_was_said_how_much_that_is(dialog):
    assert dialog.headline.text() == "6 pictures would be labelled"
    rows = [[dialog.species.item(row, column).text() for column in (0, 1)] for row in (0, 1)]
    assert rows == [["gnu", "4"], ["zebra", "2"]]
    click(dialog.cancel)
    assert labelled(dialog._session.project) == 0


def test_that_a_click_labels_them_and_one_undo_takes_them_back(dialog, wait):
    session, told = dialog._session, []
    session.decided.connect(told.append)
    click(dialog.accept_button)
    wait(lambda: told)
    assert told == ["Accepted what is sure: 6 pictures"] and not dialog.isVisible()
    assert labelled(session.project) == 6
    assert "6 pictures" in session.undo()
    assert labelled(session.project) == 0


def test_that_a_run_that_has_not_looked_yet_leads_to_review(session, show, wait, looked_at):
    opened = session(looked_at)
    with opened.project.write() as db:
        db.execute("DELETE FROM suggestions")
    dialog, asked = AcceptSure(opened, runs.current(opened.project)), []
    dialog.go_to.connect(asked.append)
    show(dialog)
    wait(lambda: dialog.lead.isVisible())
    assert not dialog.accept_button.isEnabled()
    click(dialog.lead)
    assert asked == ["review"]


def test_that_review_asks_before_it_accepts(session, show, wait, looked_at):
    panel = ReviewPanel(session(looked_at))
    show(panel)
    click(panel.accept_sure)
    dialogs = panel.window().findChildren(AcceptSure)
    assert len(dialogs) == 1 and dialogs[0].isVisible()
    wait(lambda: dialogs[0].accept_button.isEnabled())
    click(dialogs[0].cancel)
    assert labelled(panel.session.project) == 0


def test_that_the_wanted_precision_makes_thresholds_and_says_what_they_do(
    session, show, wait, trained, tiny_models
):
    panel = EvaluatePanel(session(trained))
    show(panel)
    panel.tabs.setCurrentWidget(panel.automatic)
    view = panel.automatic
    run = runs.current(panel.session.project)
    view.wanted.setValue(55.0)
    click(view.find_button)
    assert not view.find_button.isEnabled()
    wait(lambda: view.find_button.isEnabled())
    made = acceptance.thresholds(run)
    assert made is not None and made.precision == pytest.approx(0.55)
    written = json.loads((run.folder / "evaluation" / "acceptance.json").read_text())
    assert written["precision_wanted"] == pytest.approx(0.55)
    assert "55%" in view.verdict.text()
    assert view.table.rowCount() == sum(each.called > 0 for each in made.classes)
    assert view.accept_button.isEnabled() == bool(made.accepting.least)
    assert "calibration error went from" in panel.calibrated.text()


def test_that_a_run_without_answers_says_why_there_are_no_thresholds(session, show, trained):
    opened = session(trained)
    run = runs.current(opened.project)
    for name in (acceptance.ANSWERS, acceptance.THRESHOLDS):
        (run.folder / name).unlink()
    panel = EvaluatePanel(opened)
    show(panel)
    assert "Train again" in panel.automatic.verdict.text()
    assert not panel.automatic.find_button.isEnabled() and not panel.automatic.accept_button.isEnabled()
