"""Static objects: what repeats at a place of a camera is asked about once, what only rests there is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from camtrap_gui.geometry import iou
from camtrap_gui.jobs import Cancelled
from camtrap_gui.project import Project, decisions, edits, static_objects
from camtrap_gui.project.static_rules import Rules
from tests.repeating import DAILY, START, STUMP, add, prepare

FEW = Rules(occurrences=5, days=2)


@pytest.fixture
def survey(project: Project) -> Project:
    return prepare(project)


def test_that_what_repeats_is_one_place_with_all_that_is_known_of_it(survey):
    stump = add(survey, DAILY)
    shifted = add(survey, [DAILY[0] + timedelta(hours=1)], (0.302, 0.501, 0.2, 0.151), confidence=0.8)
    add(survey, DAILY, (0.1, 0.1, 0.05, 0.05))  # and another one
    first, other = static_objects.find(survey)
    assert first.location == "C01" and first.category == "animal" and first.box == pytest.approx(STUMP)
    assert set(first.detection_ids) == {*stump, *shifted} and len(other.detection_ids) == 25
    assert first.detection_ids[:3] == (stump[0], shifted[0], stump[1])  # in the order of time
    assert len(first.image_ids) == 26 and first.days == 25 and first.occurrences == 26
    assert (first.first, first.last) == ("2024-03-01T06:00:00", "2024-03-25T06:00:00")
    assert first.confidence == pytest.approx((25 * 0.5 + 0.8) / 26)
    assert iou(first.box, (0.302, 0.501, 0.2, 0.151)) >= 0.9


def test_that_too_few_occurrences_are_no_place(survey):
    add(survey, DAILY[:19])
    assert static_objects.find(survey) == []
    add(survey, DAILY[19:20])
    assert len(static_objects.find(survey)) == 1


def test_that_cameras_and_categories_are_told_apart(survey):
    add(survey, DAILY[:12], camera=1)
    add(survey, DAILY[:12], camera=2)
    add(survey, DAILY[:12], camera=1, category="vehicle")
    assert static_objects.find(survey) == []
    found = static_objects.find(survey, Rules(occurrences=12))
    assert {(place.location, place.category) for place in found} == {
        ("C01", "animal"), ("C02", "animal"), ("C01", "vehicle"),
    }  # fmt: skip


def test_that_a_resting_animal_is_no_static_object(survey):
    minutes = [START + timedelta(minutes=minute) for minute in range(0, 600, 5)]
    add(survey, minutes)
    assert static_objects.find(survey) == []  # a single day
    assert len(static_objects.find(survey, Rules(days=1))) == 1


def test_that_a_burst_counts_once_with_a_sequence_or_without(survey):
    for day in range(4):
        frames = [START + timedelta(days=day, seconds=second) for second in range(8)]
        add(survey, frames, camera=1, sequence=f"burst {day}")
        add(survey, frames, camera=2)
    rules = Rules(occurrences=5)
    assert static_objects.find(survey, rules) == []
    places = static_objects.find(survey, replace(rules, occurrences=4))
    assert [(place.location, place.occurrences, len(place.detection_ids)) for place in places] == [
        ("C01", 4, 32), ("C02", 4, 32),
    ]  # fmt: skip
    assert [
        place.occurrences for place in static_objects.find(survey, replace(rules, bursts_once=False))
    ] == [32, 32]


def test_that_two_boxes_of_one_picture_are_one_occurrence(survey):
    add(survey, DAILY[:15])
    with survey.write() as db:
        db.execute(
            "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
            " SELECT image_id, detector_id, category, confidence, x, y, width, height FROM detections"
        )
    assert static_objects.find(survey) == []


@pytest.mark.parametrize(
    "different", [{"confidence": 0.05}, {"box": (0.1, 0.1, 0.6, 0.6)}, {"box": (0.1, 0.1, 0.0, 0.2)}]
)
def test_that_faint_and_large_and_empty_boxes_are_left_out(survey, different):
    add(survey, DAILY, **different)
    assert static_objects.find(survey) == []


def test_that_pictures_without_a_time_can_be_static_too(survey):
    add(survey, [None] * 25)
    (place,) = static_objects.find(survey)
    assert (place.first, place.last, place.days, place.occurrences) == ("", "", 0, 25)


def test_that_pictures_without_a_location_are_told_apart_by_folder(survey):
    add(survey, DAILY, camera=None, folder="north/")
    add(survey, DAILY[:10], camera=None, folder="north/card 2/")
    add(survey, DAILY[:12], camera=None)
    assert [place.location for place in static_objects.find(survey)] == ["north"]
    found = static_objects.find(survey, Rules(occurrences=10))
    assert [(place.location, len(place.image_ids)) for place in found] == [
        ("north", 25), ("", 12), ("north/card 2", 10),
    ]  # fmt: skip


def test_that_only_the_latest_detector_counts(survey):
    add(survey, DAILY)
    with survey.write() as db:
        db.execute("INSERT INTO detectors VALUES (2, 'def', 'a newer one', 'none', 0.25, 0.05, '2025')")
    assert static_objects.find(survey) == []


def test_that_nothing_is_found_before_anything_was_detected(project):
    assert static_objects.find(project) == [] and static_objects.rejected_places(project) == []


def test_that_rejecting_is_one_edit_that_can_be_taken_back(survey):
    add(survey, DAILY)
    add(survey, DAILY, camera=2)
    places = static_objects.find(survey)
    static_objects.reject(survey, places, author="Ana")
    rejected = "SELECT count(*) FROM detections WHERE rejected"
    assert survey.db.execute(rejected).fetchone()[0] == 50
    assert static_objects.find(survey) == []
    (edit,) = edits.history(survey)
    assert edit.author == "Ana" and "2 places" in edit.note
    assert sorted(static_objects.rejected_places(survey), key=lambda place: place.location) == [
        replace(place, rejected=25) for place in sorted(places, key=lambda place: place.location)
    ]
    edits.undo(survey)
    assert static_objects.find(survey) == places and static_objects.rejected_places(survey) == []


def test_that_what_was_confirmed_is_not_asked_about_again_even_when_there_is_more_of_it(survey):
    add(survey, DAILY[:20])
    static_objects.confirm(survey, static_objects.find(survey))
    assert static_objects.find(survey) == []
    add(survey, DAILY[20:])
    assert static_objects.find(survey) == []


def test_that_one_animal_at_a_stump_leaves_the_stump_to_be_asked_about(survey):
    stump = add(survey, DAILY)
    decisions.confirm(survey, stump[:1])
    (place,) = static_objects.find(survey)
    assert set(place.detection_ids) == set(stump[1:])


def test_that_more_of_what_was_rejected_is_asked_about_at_once(survey):
    add(survey, DAILY[:20])
    static_objects.reject(survey, static_objects.find(survey))
    new = add(survey, DAILY[20:21])
    (place,) = static_objects.find(survey)
    assert place.detection_ids == tuple(new) and place.rejected == 20 and place.occurrences == 21


def test_that_something_rejected_by_mistake_comes_back_when_it_is_confirmed(survey):
    made = add(survey, DAILY)
    static_objects.reject(survey, static_objects.find(survey))
    static_objects.confirm(survey, static_objects.rejected_places(survey))
    rows = survey.db.execute(
        "SELECT rejected, confirmed FROM detections WHERE id IN (?, ?)", (made[0], made[-1])
    )
    assert [tuple(row) for row in rows] == [(0, 1), (0, 1)]
    assert static_objects.find(survey) == [] and static_objects.rejected_places(survey) == []


def test_that_looking_can_be_watched_and_stopped(survey):
    add(survey, DAILY)
    seen = []
    static_objects.find(survey, FEW, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        static_objects.find(survey, FEW, stop)
