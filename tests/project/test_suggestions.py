"""What is kept of suggestions and doubts, and what is told of them."""

import numpy as np
import pytest

from camtrap_gui.project import Project, crops, detections, doubts, suggestions
from camtrap_gui.project.suggestions import Said
from tests import tiny


@pytest.fixture
def survey(project) -> Project:
    tiny.add_survey(project, 6, locations=2)
    return project


def add(project: Project, detection_id: int, *top: tuple[str, float], made_with: str = "m") -> None:
    suggestions.add(project, "run", made_with, [Said(detection_id, b"\1", top)])


def pending(project: Project) -> list[tuple[int, list[int]]]:
    detector = detections.latest_detector(project)
    found = suggestions.pending(project, detector, "m", use_crops=True)
    told = [(one.image_id, [animal.detection_id for animal in one.animals]) for one in found]
    assert suggestions.count_pending(project, detector, "m") == sum(len(ids) for _, ids in told)
    return told


def test_that_what_is_pending_is_every_visible_animal_without_a_suggestion_of_this_model(survey):
    everything = pending(survey)
    assert everything == [(n, [4 * n - 3, 4 * n - 2]) for n in range(1, 7)]
    add(survey, 1, ("zebra", 1.0))
    add(survey, 5, ("zebra", 1.0), made_with="older")
    with survey.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE id = 2")
        db.execute("UPDATE images SET problem = 'gone' WHERE id = 3")
    assert pending(survey) == [pair for pair in everything if pair[0] not in (1, 3)]
    suggestions.prune(survey, detections.latest_detector(survey))
    assert suggestions.count(survey) == 2
    with survey.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE id = 1")
    suggestions.prune(survey, detections.latest_detector(survey))
    assert suggestions.count(survey) == 1


def test_that_merged_species_are_suggested_as_one(survey):
    add(survey, 1, ("zebra", 0.4), ("gazelle", 0.35), ("lion", 0.25))
    one = suggestions.of_image(survey, 1)[1]
    assert (one.species, one.confidence) == ("zebra", 0.4) and one.margin == pytest.approx(0.05)
    with survey.write() as db:
        ids = dict(db.execute("SELECT name, id FROM species").fetchall())
        db.execute("UPDATE species SET merged_into = ? WHERE name = 'lion'", (ids["gazelle"],))
    one = suggestions.of_image(survey, 1)[1]
    assert (one.species, one.run_id) == ("gazelle", "run") and one.confidence == pytest.approx(0.6)
    add(survey, 2, ("lion", 0.9), ("zebra", 0.1))
    row = survey.db.execute("SELECT species_id FROM suggestions WHERE detection_id = 2").fetchone()
    assert row[0] == ids["gazelle"]


def test_that_a_suggestion_for_a_detection_that_is_gone_is_passed_over(survey):
    add(survey, 999, ("zebra", 1.0))
    assert suggestions.count(survey) == 0


def test_that_places_are_kept_and_taken_away(survey):
    for detection_id in (1, 2, 5):
        add(survey, detection_id, ("zebra", 1.0))
    known = suggestions.known(survey)
    assert known.ids.tolist() == [1, 2, 5] and [*map(bytes, known.keys)] == [b"\1" + bytes(31)] * 3
    assert known.state.tolist() == [suggestions.LABELLED] * 3
    heard: list[int] = []
    suggestions.set_orders(survey, known.ids, np.array([2, -1, 0]), np.array([0, 1, 2]), heard.append)
    query = "SELECT teaches, alike FROM suggestions ORDER BY detection_id"
    assert [tuple(row) for row in survey.db.execute(query)] == [(2, 0), (None, 1), (0, 2)]
    suggestions.set_orders(survey, known.ids, np.array([-1, 1, 0]), np.array([0, 1, 2]), heard.append)
    assert [tuple(row) for row in survey.db.execute(query)] == [(None, 0), (1, 1), (0, 2)]
    assert heard == [3, 3]


def test_that_doubts_are_replaced_and_end_with_the_label(cropped):
    rows = [
        doubts.Row(1, 11, 12, 0.1, 0.8, 2.0, 0),
        doubts.Row(2, 11, 12, 0.2, 0.7, 1.0, 1),
        doubts.Row(3, 11, 11, 0.9, 0.9, -2.0, 2),
    ]
    doubts.replace_all(cropped, [*rows, doubts.Row(99, 11, 12, 0.1, 0.8, 2.0, 3)])
    told = suggestions.doubt_of(cropped, 1)
    assert told is not None and (told.crop_id, told.label, told.species, told.score) == (
        1,
        "zebra",
        "gazelle",
        2.0,
    )
    assert suggestions.doubt_of(cropped, 3) is None
    with cropped.write() as db:
        db.execute("UPDATE crops SET species_id = 12 WHERE id = 1")
    assert suggestions.doubt_of(cropped, 1) is None
    doubts.replace_all(cropped, rows[1:2])
    assert [row[0] for row in cropped.db.execute("SELECT crop_id FROM doubts")] == [2]


def test_that_crops_are_grouped_by_location_or_where_there_are_too_few_by_what_is_finer(cropped):
    by_location = doubts.labelled(cropped, 5)
    assert len(set(by_location.groups.tolist())) == 5 and len(by_location.ids) == 22
    assert by_location.labels.tolist().count(crops.classes(cropped).index("zebra")) == 13
    with cropped.write() as db:
        db.execute("INSERT INTO sequences (id, root_id, name) VALUES (1, 1, 'burst')")
        db.execute("UPDATE images SET sequence_id = 1 WHERE id < 10")
    finer = doubts.labelled(cropped, 6).groups
    assert len(set(finer[:9].tolist())) == 1 and len(set(finer.tolist())) == 14
    assert len(set(doubts.labelled(cropped, 20).groups.tolist())) == 22
