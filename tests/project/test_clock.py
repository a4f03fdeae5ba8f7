"""The order of what happened is kept although the computer's clock is set back."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from camtrap_gui.jobs import recorded
from camtrap_gui.project import clock, detections, edits, runs
from camtrap_gui.project.edits import Change
from camtrap_gui.steps import states


class Clock(datetime):
    """A computer's clock that tests can set."""

    shown = datetime(2026, 5, 1, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz=None):
        cls.shown += timedelta(seconds=1)
        return cls.shown


@pytest.fixture(autouse=True)
def computer(monkeypatch):
    monkeypatch.setattr(Clock, "shown", Clock.shown)
    monkeypatch.setattr(clock, "datetime", Clock)
    return Clock


def described(name):
    return SimpleNamespace(
        name=name, kind="test", sha256=name, typical_threshold=0.5, conservative_threshold=0.1
    )


def test_that_the_detector_that_worked_last_is_the_latest(project, computer):
    for name in ("first", "second"):
        detections.register(project, described(name))
        computer.shown -= timedelta(days=365)
    detections.register(project, described("first"))
    assert detections.latest_detector(project).name == "first"


def test_that_a_step_done_after_the_one_it_reads_is_not_stale(project, computer):
    for step in ("detect", "crop"):
        with recorded(project, step, {}):
            pass
        computer.shown -= timedelta(days=1)
    assert states(project)["crop"] == "done"
    with recorded(project, "detect", {}):
        pass
    assert states(project)["crop"] == "stale"


def test_that_runs_keep_their_order_and_never_share_a_folder(project, computer):
    data = {"classes": [], "data_hash": ""}
    made = []
    for _ in range(3):
        made.append(runs.start(project, "quick", "tiny", {}, data, {}).id)
        computer.shown -= timedelta(seconds=1)  # the same second again
    assert len(set(made)) == 3 and [run.id for run in runs.all_of(project)] == made[::-1]


def test_that_every_decision_is_noticed(project, computer):
    def name(word):
        edits.edit(project, word, [Change("species", {"id": 1}, {"name": word, "position": 0})])
        return edits.moment(project)

    moments = [name("lion")]
    computer.shown -= timedelta(days=1)
    moments.append(name("zebra"))
    edits.undo(project)
    moments.append(edits.moment(project))
    computer.shown -= timedelta(days=1)
    moments.append(name("rhino"))
    assert len(set(moments)) == 4
    made = [entry.made for entry in edits.history(project)]
    assert made == sorted(made, reverse=True)
