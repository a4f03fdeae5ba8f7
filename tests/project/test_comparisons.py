"""What is read from the history of comparisons, with runs and jobs as the steps leave them."""

import pytest

from camtrap_gui.jobs import recorded
from camtrap_gui.project import Project, comparisons, predictions, runs
from camtrap_gui.project.predictions import Prediction
from camtrap_gui.steps import compare
from tests import tiny


def trained(project: Project) -> runs.Run:
    made = runs.start(project, "quick", "tiny", {}, {"classes": [], "data_hash": ""}, {})
    made.model.mkdir()
    (made.model / "bundle.json").write_text("{}")
    return made


def compared(project: Project, current: runs.Run, candidate: runs.Run, mended: int = 0) -> None:
    options = compare.Options(candidate=candidate.id, current=current.id)
    with recorded(project, "compare", options, alone=False) as job:
        job.result = {"current": current.id, "candidate": candidate.id, "mended": mended}


@pytest.fixture
def three(project) -> list[runs.Run]:
    """Three runs, oldest first."""
    return [trained(project) for _ in range(3)]


def test_that_the_newest_comparison_of_two_runs_is_found_whichever_was_the_candidate(project, three):
    old, middle, new = three
    assert comparisons.of_runs(project, old, new) is None
    compared(project, old, new, mended=1)
    compared(project, new, old, mended=2)
    compared(project, old, middle, mended=3)
    for pair in ((old, new), (new, old)):
        found = comparisons.of_runs(project, *pair)
        assert found is not None and found.result["mended"] == 2
    assert comparisons.of_runs(project, middle, new) is None


def test_that_the_younger_run_is_the_candidate_unless_a_person_has_chosen_it(project, three):
    old, _, new = three
    assert comparisons.roles(project, new, old) == comparisons.roles(project, old, new) == (old, new)
    runs.promote(project, new.id)
    current, candidate = comparisons.roles(project, new, old)
    assert (current.id, candidate.id) == (new.id, old.id)


def test_that_only_a_younger_run_than_the_current_one_waits_for_a_decision(project, three):
    old, middle, new = three
    runs.promote(project, middle.id)
    compared(project, middle, old)
    assert comparisons.undecided(project) is None
    compared(project, middle, new, mended=1)
    compared(project, middle, old)
    compared(project, old, new)
    waiting = comparisons.undecided(project)
    assert waiting is not None and waiting["candidate"] == new.id, "other comparisons leave it waiting"
    runs.promote(project, middle.id)
    assert comparisons.undecided(project) is None


def test_that_changes_are_of_the_crops_and_in_the_order_they_are_asked_for(project, three):
    old, _, new = three
    tiny.add_crops(project, {("zebra", "test"): 6, ("zebra", "val"): 1})
    said = {  # crop: what the old and the new run called it, all zebras; the seventh is of another split
        1: ("gazelle", "zebra", 0.6),
        2: ("gazelle", "zebra", 0.9),
        3: ("zebra", "rhino", 0.7),
        4: ("rhino", "gazelle", 0.8),
        5: ("zebra", "zebra", 0.9),
        6: ("rhino", "rhino", 0.9),
        7: ("gazelle", "zebra", 0.95),
    }
    predictions.add(project, old.id, [Prediction(n, [(before, 0.5)]) for n, (before, _, _) in said.items()])
    predictions.add(project, new.id, [Prediction(n, [(after, sure)]) for n, (_, after, sure) in said.items()])

    def changed(change: str, most: int = 10) -> list[int]:
        found = predictions.of_change(project, old.id, new.id, "test", change, most)
        assert all((before.top[0][0], after.top[0][0]) == said[after.crop_id][:2] for before, after in found)
        return [after.crop_id for _, after in found]

    assert {change: changed(change) for change in predictions.CHANGES} == {
        "mended": [2, 1],
        "broken": [3],
        "other": [4],
    }
    assert changed("mended", 1) == [2]
