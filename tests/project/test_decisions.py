"""What people say of pictures, one edit each; that machines leave it alone; that it survives anything."""

import random
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, decisions, detections, edits, images, species
from camtrap_gui.project.decisions import Proposal, Said
from tests import decided, deciding

KILLS = 12


@pytest.fixture
def survey(tmp_path):
    with decided.make(tmp_path / "survey") as project:
        yield project


def rows(project, query, *values):
    return [tuple(row) for row in project.db.execute(query, values)]


def suggest(project, detection_id, species_id, confidence):
    with project.write() as db:
        db.execute(
            "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence)"
            " SELECT id, image_id, 'r', ?, ? FROM detections WHERE id = ?",
            (species_id, confidence, detection_id),
        )


def test_that_a_label_is_all_that_is_said_and_tells_who_when_and_on_whose_suggestion(survey):
    decisions.label(survey, [1, 8], [Said("lion", 2, "r", 0.75), Said("otter")], author="Ana")
    assert decided.labels(survey, 1) == decided.labels(survey, 8) == {"lion": 2, "otter": None}
    found = rows(survey, "SELECT author, made IS NOT NULL, run_id, confidence FROM labels WHERE image_id = 1")
    assert found == [("Ana", 1, "r", 0.75), ("Ana", 1, None, None)]
    assert rows(survey, "SELECT id FROM images WHERE reviewed IS NOT NULL") == [(1,), (8,)]
    assert images.species(survey)[-1] == "otter"
    assert [edit.note for edit in edits.history(survey)] == ["2 pictures: 2 lion, otter"]


def test_that_a_count_stays_where_the_species_does(survey):
    decisions.label(survey, [2], [Said("zebra")])
    assert rows(survey, "SELECT count, sequence_level FROM labels WHERE image_id = 2") == [(3, 0)]
    decisions.label(survey, [2], [Said("zebra", 5)])
    assert decided.labels(survey, 2) == {"zebra": 5}


def test_that_the_projects_own_word_is_used_for_a_special_name(survey):
    decisions.label(survey, [1], [Said("empty")])
    decisions.label(survey, [2], [Said("person")])
    assert (decided.labels(survey, 1), decided.labels(survey, 2)) == ({"blank": None}, {"person": None})


def test_that_species_are_added_and_removed_beside_others(survey):
    decisions.label(survey, [3], [Said("empty")])
    decisions.add_label(survey, [1, 3], Said("lion", 1))
    assert decided.labels(survey, 1) == {"lion": 1, "zebra": None}
    assert decided.labels(survey, 3) == {"lion": 1}
    decisions.remove_label(survey, [1, 3], "LION")
    assert (decided.labels(survey, 1), decided.labels(survey, 3)) == ({"zebra": None}, {})
    with pytest.raises(Problem, match="no species"):
        decisions.remove_label(survey, [1], "wolf")


def test_that_a_proposal_is_the_label_else_the_suggestion_else_what_the_detector_tells(survey):
    assert decisions.proposal(survey, 2) == Proposal((Said("zebra", 3),), "label")
    assert decisions.proposal(survey, 3) == Proposal((Said("empty"),), "detector")
    assert decisions.proposal(survey, 4) == Proposal((Said("person", 1),), "detector")
    assert decisions.proposal(survey, 5) == decisions.proposal(survey, 9) == Proposal()
    suggest(survey, 5, 2, 0.6)
    assert decisions.proposal(survey, 5) == Proposal((Said("lion", 1, "r", 0.6),), "model")
    species.merge(survey, "lion", "zebra")
    assert decisions.proposal(survey, 5).said[0].species == "zebra"
    decisions.reject(survey, [5], "a stone")
    assert decisions.proposal(survey, 5) == Proposal((Said("empty"),), "detector")


def test_that_accepting_says_of_each_image_what_is_proposed_for_it(survey):
    suggest(survey, 5, 2, 0.6)
    decisions.label(survey, [1], [Said("zebra")], author="Ben")
    decisions.accept(survey, range(1, 10), author="Ana")
    assert [decided.labels(survey, n) for n in (2, 3, 4, 5, 9)] == [
        {"zebra": 3},
        {"blank": None},
        {"person": 1},
        {"lion": 1},
        {},
    ]
    assert rows(survey, "SELECT DISTINCT author FROM labels WHERE image_id != 1") == [("Ana",)]
    assert rows(survey, "SELECT author FROM labels WHERE image_id = 1") == [("Ben",)]
    assert rows(survey, "SELECT run_id, confidence FROM labels WHERE image_id = 5") == [("r", 0.6)]
    assert rows(survey, "SELECT sequence_level FROM labels WHERE image_id = 2") == [(0,)]
    assert rows(survey, "SELECT id FROM images WHERE reviewed IS NULL") == [(9,)]


def test_that_a_flag_says_nothing_of_what_is_on_the_picture(survey):
    decisions.flag(survey, [1, 2], True)
    assert rows(survey, "SELECT id, reviewed FROM images WHERE flagged") == [(1, None), (2, None)]
    decisions.flag(survey, [2], False)
    assert rows(survey, "SELECT id FROM images WHERE flagged") == [(1,)]


def test_that_a_sequence_is_found_whole(survey):
    assert decisions.of_sequences(survey, [2, 9]) == [1, 2, 3, 7, 8, 9]
    with survey.write() as db:
        db.execute("UPDATE images SET sequence_id = NULL WHERE id = 9")
    assert decisions.of_sequences(survey, [9]) == [9]


def test_that_the_pace_is_that_of_the_last_hour(survey):
    assert decisions.left(survey) == decisions.Standing(0, 9, 0.0)
    decisions.accept(survey, [1, 2, 3])
    decisions.flag(survey, [4], True)
    with survey.write() as db:
        db.execute("UPDATE edits SET made = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-30 minutes')")
    standing = decisions.left(survey)
    assert (standing.reviewed, standing.left) == (3, 6)
    assert standing.per_hour == pytest.approx(6, abs=0.1)
    with survey.write() as db:
        db.execute("UPDATE edits SET made = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-61 minutes')")
    assert decisions.left(survey).per_hour == 0


def test_that_pictures_that_nobody_can_look_at_are_not_left_to_review(survey):
    with survey.write() as db:
        db.execute("UPDATE images SET problem = 'truncated' WHERE id IN (SELECT id FROM images LIMIT 2)")
    assert decisions.left(survey) == decisions.Standing(0, 7, 0.0)


def boxes(project, image_id):
    return rows(
        project,
        "SELECT detection_id, name, author FROM boxes LEFT JOIN species ON species.id = species_id WHERE image_id = ?"
        " ORDER BY boxes.id",
        image_id,
    )


def test_that_changing_one_detection_makes_boxes_of_all_that_are_shown(survey):
    decisions.relabel_box(survey, 2, ("detection", 3), "lion", author="Ana")
    assert boxes(survey, 2) == [(2, "zebra", "Ana"), (3, "lion", "Ana")]
    assert decided.labels(survey, 2) == {"lion": None, "zebra": 3}
    decisions.relabel_box(survey, 2, ("detection", 2), "lion")
    assert decided.labels(survey, 2) == {"lion": None}
    decisions.relabel_box(survey, 6, ("detection", 7), "zebra")
    assert [each[:2] for each in boxes(survey, 6)] == [(7, "zebra"), (8, "person")]
    decisions.move_box(survey, 5, ("detection", 5), (0, 0, 0.5, 0.5))
    assert len(boxes(survey, 5)) == 1  # the other one lies below the detector's threshold


def test_that_a_box_is_drawn_moved_and_deleted(survey):
    decisions.draw_box(survey, 3, (0.1, 0.2, 0.3, 0.4), "otter", author="Ana")
    assert boxes(survey, 3) == [(None, "otter", "Ana")]
    assert decided.labels(survey, 3) == {"otter": None}
    [number] = [each.id for each in images.boxes_of(survey, 3)]
    decisions.move_box(survey, 3, ("box", number), (0.5, 0.5, 0.5, 0.5))
    [moved] = images.boxes_of(survey, 3)
    assert (moved.x, moved.y, moved.width, moved.height) == (0.5, 0.5, 0.5, 0.5)
    decisions.delete_box(survey, 3, ("box", number))
    assert images.boxes_of(survey, 3) == []
    with pytest.raises(Problem, match="any more"):
        decisions.delete_box(survey, 3, ("box", number))
    with pytest.raises(Problem, match="inside the picture"):
        decisions.draw_box(survey, 3, (0.9, 0.9, 0.3, 0.3))
    with pytest.raises(Problem, match="no image number 99"):
        decisions.draw_box(survey, 99, (0.1, 0.1, 0.3, 0.3))


def test_that_deleting_the_last_box_leaves_a_labelled_image_without_regions(survey):
    decisions.delete_box(survey, 1, ("detection", 1))
    assert boxes(survey, 1) == []
    assert decided.labels(survey, 1) == {"zebra": None}
    assert [each.rejected for each in detections.of_image(survey, 1, 1)] == [True]


def test_that_boxes_follow_the_label_of_their_image(survey):
    decisions.label(survey, [8], [Said("lion")])
    assert [each.species for each in images.boxes_of(survey, 8)] == ["lion", "lion"]
    decisions.label(survey, [7, 8], [Said("zebra"), Said("otter")])
    assert [each.species for each in images.boxes_of(survey, 7)] == ["zebra"]
    assert [each.species for each in images.boxes_of(survey, 8)] == [None, None]
    decisions.label(survey, [7], [Said("empty")])
    assert images.boxes_of(survey, 7) == []


def test_that_a_box_deleted_and_brought_back_never_meets_another_of_its_number(survey):
    decisions.delete_box(survey, 8, ("box", 3))
    decisions.draw_box(survey, 7, (0.1, 0.1, 0.1, 0.1))
    assert [each.id for each in images.boxes_of(survey, 7)] == [1, 4]


def test_that_a_detector_that_looks_again_leaves_rejected_and_confirmed_detections_alone(survey):
    decisions.reject(survey, [1], "a stone")
    decisions.confirm(survey, [2])
    before = rows(survey, "SELECT * FROM detections")
    again = detections.register(survey, decided.Detector())
    detections.add(survey, again, [detections.Seen(1), detections.Seen(2)])
    assert rows(survey, "SELECT * FROM detections") == before
    edits.undo(survey)
    edits.undo(survey)
    assert rows(survey, "SELECT count(*) FROM detections WHERE rejected OR confirmed") == [(0,)]


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=12), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_any_decisions_undone_give_the_start_and_redone_the_end(tmp_path_factory, seeds, data):
    folder = tmp_path_factory.mktemp("decisions") / "survey"
    project = decided.make(folder)
    states, reopened = [decided.state(project)], data.draw(st.sets(st.integers(0, 24)))

    def step(number, what, expected):
        nonlocal project
        if number in reopened:
            project.close()
            project = Project.open(folder)
        assert what(project) is not None
        assert decided.state(project) == expected

    for seed in seeds:
        if deciding.decide(project, random.Random(seed)) is not None:
            states.append(decided.state(project))
        crops.data_hash(project)
        assert {*decided.crops(project).values()} <= {*crops.classes(project)}
    for number, expected in enumerate(reversed(states[:-1])):
        step(number, edits.undo, expected)
    assert edits.undo(project) is None
    for number, expected in enumerate(states[1:], len(states)):
        step(number, edits.redo, expected)
    assert edits.redo(project) is None
    assert project.db.execute("PRAGMA foreign_key_check").fetchall() == []
    project.close()


def test_that_a_process_killed_at_any_moment_loses_no_decision_it_told_of(tmp_path):
    decided.make(tmp_path / "survey").close()
    chance = random.Random(0)
    for _ in range(KILLS):
        deciding.kill_and_check(tmp_path / "survey", chance)


def test_that_a_script_of_decisions_ends_by_itself_when_it_is_not_killed(tmp_path):
    decided.make(tmp_path / "survey").close()
    command = [sys.executable, "-m", "tests.deciding", str(tmp_path / "survey"), "0", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 3
    assert done.returncode != -signal.SIGKILL
