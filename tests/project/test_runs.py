import json
import subprocess
import sys

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import crops, runs


def start(project, **data):
    facts = {"classes": list(crops.classes(project)), "data_hash": crops.data_hash(project), **data}
    return runs.start(project, "quick", "tiny", {"preset": "quick", "seed": 3}, facts, {"python": "3"})


def finish(project, run):
    run.model.mkdir()
    (run.model / "bundle.json").write_text("{}")
    runs.set_state(project, run.id, "done", {"macro_f1": 0.5})


def test_that_a_run_keeps_what_it_was_started_with(cropped):
    run = start(cropped)
    assert run.state == "running" and run.finished is None
    assert run.id.endswith("_quick") and run.folder == cropped.folder / "runs" / run.id
    again = runs.get(cropped, run.id)
    assert again.options == {"preset": "quick", "seed": 3}
    assert again.classes == ("human", "zebra", "gazelle", "rhino")
    assert json.loads((run.folder / "environment.json").read_text()) == {"python": "3"}


def test_that_runs_of_the_same_second_have_folders_of_their_own(cropped):
    made = [start(cropped) for _ in range(3)]
    assert len({run.id for run in made}) == 3
    assert {run.id for run in runs.all_of(cropped)} == {run.id for run in made}


def test_that_the_newest_run_with_a_classifier_is_chosen(cropped):
    with pytest.raises(Problem, match="camtrap train"):
        runs.newest(cropped)
    first, _unfinished = start(cropped), start(cropped)
    finish(cropped, first)
    assert runs.newest(cropped).id == first.id
    assert runs.choose(cropped).id == first.id


def test_that_a_run_without_a_classifier_cannot_be_chosen(cropped):
    run = start(cropped)
    with pytest.raises(Problem, match=f"camtrap train --run {run.id}"):
        runs.choose(cropped, run.id)
    with pytest.raises(Problem, match="no run “nonsense”"):
        runs.choose(cropped, "nonsense")


def test_that_figures_are_added_to_those_known(cropped):
    run = start(cropped)
    finish(cropped, run)
    runs.add_figures(cropped, run.id, {"top1": 0.9})
    done = runs.get(cropped, run.id)
    assert done.figures == {"macro_f1": 0.5, "top1": 0.9}
    assert done.state == "done" and done.finished >= done.started


def test_that_a_run_fits_the_data_it_was_trained_on(cropped):
    runs.check_data(cropped, start(cropped))


def test_that_a_changed_split_is_noticed(cropped):
    run = start(cropped)
    with cropped.write() as db:
        db.execute("UPDATE crops SET split = 'val' WHERE id = 1")
    with pytest.raises(Problem, match="split have changed"):
        runs.check_data(cropped, run)


def test_that_a_changed_class_list_is_named(cropped):
    run = start(cropped)
    with cropped.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES ('okapi', 9)")
        db.execute("UPDATE species SET name = 'white rhino' WHERE name = 'rhino'")
    with pytest.raises(Problem, match="white rhino is new, okapi is new, rhino is gone"):
        runs.check_data(cropped, run)


def test_that_a_damaged_folder_is_a_problem(cropped):
    run = start(cropped)
    (run.folder / "data.json").write_text("[")
    with pytest.raises(Problem, match=r"data\.json"):
        _ = runs.get(cropped, run.id).classes


def test_that_only_one_process_holds_a_run_and_a_killed_one_lets_go(cropped):
    run = start(cropped)
    code = f"""
import os, sys
from pathlib import Path
from camtrap_gui.project import Project, runs
project = Project.open(Path({str(cropped.folder)!r}))
with runs.held(runs.get(project, {run.id!r})) as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None and other.stdout.readline().strip() == "True"
    with runs.held(run) as mine:
        assert not mine
    other.kill()
    other.wait()
    with runs.held(run) as mine:
        assert mine
