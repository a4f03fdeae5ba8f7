import json
import subprocess
import sys

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, runs, species


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


def test_that_the_current_run_stays_the_current_one_until_another_is_promoted(cropped):
    first = start(cropped)
    finish(cropped, first)
    second = start(cropped)
    finish(cropped, second)
    assert runs.current(cropped).id == second.id  # nobody has chosen yet
    runs.pin(cropped)
    candidate = start(cropped)
    finish(cropped, candidate)
    runs.pin(cropped)
    assert runs.newest(cropped).id == candidate.id
    assert runs.current(cropped).id == runs.choose(cropped).id == second.id
    with Project.open(cropped.folder) as again:
        assert runs.current(again).id == second.id
    runs.promote(cropped, candidate.id)
    assert runs.current(cropped).id == candidate.id
    runs.promote(cropped, first.id)
    assert runs.current(cropped).id == first.id


def test_that_a_run_without_a_classifier_is_never_the_current_one(cropped):
    run = start(cropped)
    with pytest.raises(Problem, match="no classifier yet"):
        runs.promote(cropped, run.id)
    runs.pin(cropped)
    with pytest.raises(Problem, match="camtrap train"):
        runs.current(cropped)


def test_that_an_older_run_is_only_sure_to_fit_the_very_data_it_was_trained_on(cropped):
    run = start(cropped)
    runs.check_data(cropped, run)
    runs.check_same_data(cropped, run)
    with cropped.write() as db:
        db.execute("UPDATE crops SET split = 'val' WHERE id = 1")
    for check in (runs.check_data, runs.check_same_data):
        with pytest.raises(Problem, match="split have changed"):
            check(cropped, run)


def knowing_its_cameras(project) -> runs.Run:
    """As the train step starts it."""
    locations = {split: list(crops.locations(project, split)) for split in ("train", "val")}
    return start(project, padding=1.69, location_key="location", locations=locations)


def test_that_a_run_stays_comparable_when_labels_are_corrected_and_crops_come_and_go(cropped):
    run = knowing_its_cameras(cropped)
    with cropped.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES ('okapi', 9)")
        db.execute("UPDATE crops SET species_id = 12 WHERE id IN (1, 13, 16)")
        db.execute("DELETE FROM crops WHERE id IN (2, 17)")
    runs.check_data(cropped, run)
    with pytest.raises(Problem, match="--fresh"):
        runs.check_same_data(cropped, run)


def test_that_a_run_is_refused_where_cameras_it_learnt_from_are_held_out_now(cropped):
    run = knowing_its_cameras(cropped)
    with cropped.write() as db:
        db.execute("UPDATE crops SET split = 'test' WHERE location IN ('B02', 'B03')")
    with pytest.raises(Problem, match=r"learnt from 2 of the cameras .*B02, B03"):
        runs.check_data(cropped, run)
    runs.check_data(cropped, run, "train")  # which promises nothing about other cameras


@pytest.mark.parametrize(
    ("options", "says"), [('{"padding": 1.2}', "padding 1.2"), ('{"location_key": "site"}', "key site")]
)
def test_that_a_run_is_refused_where_crops_are_made_in_another_way_now(cropped, options, says):
    run = knowing_its_cameras(cropped)
    with cropped.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', ?, '2024-05-01T00:00:00+00:00', 'done')",
            (options,),
        )
    with pytest.raises(Problem, match=says):
        runs.check_data(cropped, run)


def test_that_renamed_and_merged_species_are_those_of_now(cropped):
    run = knowing_its_cameras(cropped)
    species.rename(cropped, "rhino", "white rhino")
    species.merge(cropped, "zebra", "gazelle")
    assert runs.names_of_now(cropped, run) == ("human", "gazelle", "gazelle", "white rhino")
    runs.check_data(cropped, run)


def test_that_a_class_that_is_no_species_any_more_is_named(cropped):
    run = start(cropped)
    with cropped.write() as db:
        db.execute("UPDATE species SET name = 'white rhino' WHERE name = 'rhino'")
    with pytest.raises(Problem, match=r"knows “rhino”.*alias"):
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
