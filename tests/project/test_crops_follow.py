"""Crops go with what people say, at once and back again, whatever the crop step does in between."""

import json

import pytest

from camtrap_gui.geometry import crop_window
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_choice, crops, decisions, edits, species
from camtrap_gui.project.crops import Row
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import crop
from tests import decided
from tests.croppable import Survey


@pytest.fixture
def survey(tmp_path):
    with decided.make(tmp_path / "survey") as project:
        yield project


START = {1: "zebra", 2: "zebra", 3: "zebra", 4: "lion", 5: "zebra", 6: "zebra", 7: "lion"}


def cropped_anew(project):
    """As the crop step leaves the data set: with the crops it has, the first under another number."""
    rows = [Row(*row) for row in project.db.execute("SELECT * FROM crops").fetchall()]
    rows[0] = rows[0]._replace(id=100)
    crops.replace_all(project, lambda: rows, [])


def test_that_a_crop_takes_the_species_of_its_image(survey):
    decisions.label(survey, [1, 2], [Said("lion")])
    assert decided.crops(survey) == START | {1: "lion", 2: "lion", 3: "lion"}
    edits.undo(survey)
    assert decided.crops(survey) == START


@pytest.mark.parametrize("said", [["empty"], ["person"], ["unknown"], ["zebra", "lion"], []])
def test_that_a_crop_without_a_species_leaves_the_data_set_and_comes_back_as_it_was(survey, said):
    before = decided.state(survey)
    decisions.label(survey, [2], [Said(name) for name in said])
    assert (decided.aside(survey), set(decided.crops(survey))) == ([2, 3], {1, 4, 5, 6, 7})
    after = decided.state(survey)
    edits.undo(survey)
    assert decided.state(survey) == before  # predictions and doubts are back, too
    edits.redo(survey)
    assert decided.state(survey) == after
    decisions.label(survey, [2], [Said("lion")])
    assert decided.aside(survey) == []
    assert decided.crops(survey)[2] == "lion"


def test_that_a_rejected_detection_takes_its_crop_along(survey):
    decisions.reject(survey, [2], "a stone")
    assert decided.aside(survey) == [2]
    decisions.confirm(survey, [2])
    assert decided.crops(survey) == START


def test_that_a_crop_of_a_detection_stays_when_that_becomes_a_box(survey):
    decisions.relabel_box(survey, 2, ("detection", 2), "lion")
    assert decided.crops(survey) == START | {2: "lion"}
    decisions.move_box(survey, 2, ("detection", 3), (0.1, 0.1, 0.3, 0.3))
    assert decided.aside(survey) == [3]
    decisions.relabel_box(survey, 2, ("detection", 3), "lion")
    assert decided.aside(survey) == [3]
    decisions.move_box(survey, 2, ("detection", 3), (0.6, 0.5, 0.2, 0.3))
    assert decided.crops(survey) == START | {2: "lion", 3: "lion"}


def test_that_a_crop_of_a_box_that_moved_or_went_is_set_aside(survey):
    decisions.move_box(survey, 8, ("box", 2), (0.1, 0.2, 0.3, 0.35))
    assert decided.aside(survey) == [6]
    decisions.delete_box(survey, 8, ("box", 3))
    assert decided.aside(survey) == [6, 7]
    decisions.move_box(survey, 8, ("box", 2), (0.1, 0.2, 0.3, 0.3))
    assert decided.aside(survey) == [7]
    for _ in range(3):
        edits.undo(survey)
    assert decided.crops(survey) == START


def test_that_the_window_is_that_of_the_last_crop_steps_padding(survey):
    with survey.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', ?, '', 'done')",
            (json.dumps({"padding": 2.5, "exclude": ["lion"]}),),
        )
        for number, *box in db.execute("SELECT id, x, y, width, height FROM boxes").fetchall():
            db.execute(
                "UPDATE crops SET left = ?, top = ?, right = ?, bottom = ? WHERE box_id = ?",
                (*crop_window((box[0], box[1], box[2], box[3]), decided.SIZE, 2.5), number),
            )
    decisions.label(survey, [7], [Said("otter")])
    assert decided.crops(survey)[5] == "otter"
    decisions.label(survey, [7], [Said("lion")])  # which the step was told to leave out
    assert decided.aside(survey) == [5]


def test_that_all_crops_of_a_merged_species_become_the_others(survey):
    decisions.label(survey, [1], [Said("empty")])
    species.merge(survey, "zebra", "lion")
    assert {*decided.crops(survey).values()} == {"lion"}
    assert survey.db.execute("SELECT species_id FROM set_aside").fetchall()[0][0] == 2
    edits.undo(survey)
    edits.undo(survey)
    assert decided.crops(survey) == START


def test_that_a_flag_moves_no_crop_and_other_images_keep_theirs(survey):
    with survey.write() as db:
        db.execute(
            "DELETE FROM labels WHERE image_id = 1"
        )  # a later import said so; the crop step has not run since
    decisions.flag(survey, [1], True)
    decisions.label(survey, [2], [Said("lion")])
    assert decided.crops(survey)[1] == "zebra"


def test_that_after_a_new_crop_step_undo_lets_the_new_crops_follow(survey):
    decisions.label(survey, [1], [Said("lion")])
    decisions.label(survey, [2], [Said("empty")])
    cropped_anew(survey)
    assert decided.aside(survey) == []
    edits.undo(survey)
    edits.undo(survey)
    assert decided.labels(survey, 1) == {"zebra": None}
    assert decided.crops(survey) == {4: "lion", 5: "zebra", 6: "zebra", 7: "lion", 100: "zebra"}
    edits.redo(survey)
    assert decided.crops(survey)[100] == "lion"
    assert survey.db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_that_a_box_made_before_a_new_crop_step_takes_its_crop_along_when_undone(survey):
    decisions.draw_box(survey, 3, (0.2, 0.2, 0.4, 0.4), "otter")
    [box_id] = [row[0] for row in survey.db.execute("SELECT id FROM boxes WHERE image_id = 3")]
    rows = [Row(*row) for row in survey.db.execute("SELECT * FROM crops").fetchall()]
    window = crop_window((0.2, 0.2, 0.4, 0.4), decided.SIZE)
    rows.append(Row(8, 3, 4, None, box_id, "A", "train", "8.jpg", *window, "8"))
    crops.replace_all(survey, lambda: rows, [])
    assert decided.crops(survey)[8] == "otter"
    edits.undo(survey)
    assert (decided.crops(survey), decided.aside(survey)) == (START, [8])
    edits.redo(survey)
    assert decided.crops(survey)[8] == "otter"


def test_that_what_is_decided_while_crops_are_made_holds_for_them(tmp_path):
    with Project.create(tmp_path / "project") as project:
        survey = Survey(project, tmp_path / "pictures")
        survey.cover()
        one, other, third = (
            survey.add(f"{name}.jpg", labels=("lion",), location="A") for name in ("x", "y", "z")
        )
        with project.write() as db:
            db.execute("UPDATE images SET width = 160, height = 120")
            db.execute(
                "INSERT INTO boxes (id, image_id, species_id, x, y, width, height) VALUES (9, ?, 2, .1, .1, .5, .5)",
                (third,),
            )
        said = False

        def report(progress):
            nonlocal said
            if progress.phase == "Writing records" and not said:
                said = True
                decisions.label(project, [one], [Said("zebra")])
                decisions.label(project, [other], [Said("empty")])
                decisions.delete_box(project, third, ("box", 9))

        crop.run(project, crop.Options(), report)
        names = dict(
            project.db.execute(
                "SELECT image_id, name FROM crops JOIN species ON species.id = species_id WHERE image_id >= ?",
                (one,),
            ).fetchall()
        )
        assert said
        assert names == {one: "zebra"}
        crop.run(project, crop.Options(), lambda _: None)
        assert crops.left_out(project)[crop_choice.EXCLUDED] == 1
        assert project.db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_that_a_species_merged_while_crops_are_cut_is_told_and_the_next_run_goes_on(tmp_path):
    with Project.create(tmp_path / "project") as project:
        survey = Survey(project, tmp_path / "pictures")
        survey.cover()
        said = False

        def report(progress):
            nonlocal said
            if progress.phase == "Cutting" and not said:
                said = True
                species.merge(project, "zebra", "lion")

        with pytest.raises(Problem, match="Run the step again"):
            crop.run(project, crop.Options(), report)
        result = crop.run(project, crop.Options(), lambda _: None)
        assert set(result.classes) == {"lion"}
        assert not (project.folder / "crops" / "zebra").exists()


def test_that_making_crops_again_changes_nothing_a_person_said(tmp_path):
    with Project.create(tmp_path / "project") as project:
        survey = Survey(project, tmp_path / "pictures")
        survey.cover()
        decisions.label(project, [1], [Said("zebra")], author="Ana")
        decisions.reject(project, [2], "a stone")
        decisions.draw_box(project, 3, (0.2, 0.2, 0.4, 0.4), "lion", author="Ana")
        tables = ("labels", "boxes", "detections", "images")

        def said():
            return [[tuple(row) for row in project.db.execute(f"SELECT * FROM {table}")] for table in tables]

        before = said()
        crop.run(project, crop.Options(), lambda _: None)
        crop.run(project, crop.Options(), lambda _: None)
        assert said() == before
