"""A window on a project that can only be looked at: everything is shown, and what would change it says why it cannot."""

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from camtrap_gui.project import DATABASE, edits, history, opening
from camtrap_gui.settings import Settings
from camtrap_gui.steps import STEPS
from camtrap_gui.ui.window import Window
from tests.ui.hands import windows

WHY = "its disk is read-only"


@pytest.fixture
def looking(trained, tiny_models, monkeypatch):
    """A window on a project with two runs, on what counts as a disk that cannot be written."""
    monkeypatch.setattr(Settings, "save", lambda _: None)
    monkeypatch.setattr(opening, "_why_not", lambda _: WHY)
    with windows(Window) as open_window:
        window = open_window(Settings())
        assert window.open_folder(trained)
        yield window


def test_that_one_can_look_at_everything_and_change_nothing(looking, trained, wait):
    before = (trained / DATABASE).read_bytes(), sorted(path.name for path in trained.iterdir())
    assert looking.place_bar.isVisible() and WHY in looking.place_bar.words.text()
    for name in ("undo", "redo"):
        assert not looking.actions_by_name[name].isEnabled()
    for step in STEPS:
        looking.show_step(step.name)
        panel = looking.panels[step.name]
        assert panel.isVisible()
        if step.changes:
            assert not panel.start_button.isEnabled() and WHY in panel.start_button.toolTip(), step.name
    assert looking.panels["export"].start_button.isEnabled()
    train, review, dataset = (looking.panels[name] for name in ("train", "review", "dataset"))
    for held in (
        train.use,
        train.go_on,
        review.pad.saying,
        review.accept_sure,
        review.retrain,
        dataset.preview_button,
    ):
        held.setEnabled(True)  # as the state of each may ask for
        assert not held.isEnabled() and WHY in held.toolTip()
    assert not review.menu.rows["import_decisions"].isEnabled() and not dataset.acceptDrops()
    assert not review.views.single.viewer.canvas.is_editable()
    review.deciding.say_species("zebra")
    assert "can only be looked at" in review.message.text() or not review.views.at_hand()
    assert not looking.cut_off_bar.isVisible()
    assert next(edits.history(looking.session.project), None) is None
    looking.close_project()
    assert not looking.place_bar.isVisible()
    assert before == ((trained / DATABASE).read_bytes(), sorted(path.name for path in trained.iterdir()))


def test_that_what_somebody_else_writes_meanwhile_is_shown(looking, trained, monkeypatch):
    from camtrap_gui.jobs import recorded
    from camtrap_gui.project import Project

    with monkeypatch.context() as there:
        there.setattr(opening, "_why_not", lambda _: "")
        with Project.open(trained) as other, recorded(other, "crop", {}):
            heard: list[set[str]] = []
            looking.session.changed.connect(heard.append)
            there.setattr(opening, "_why_not", lambda _: WHY)
            looking.session.look_elsewhere()
    assert heard and "crop" in history.last_started(looking.session.project)
    assert looking.session.project.read_only == WHY
    QTest.keySequence(looking, QKeySequence("Ctrl+Z"))
    assert looking.place_bar.isVisible()
