"""What a project remembers of detectors and of what they found."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import Seen


@dataclass(frozen=True)
class SomeDetector:
    name: str = "one"
    kind: str = "frozen-graph"
    sha256: str = "a" * 64
    typical_threshold: float = 0.5
    conservative_threshold: float = 0.1


@dataclass(frozen=True)
class SomeBox:
    category: str = "animal"
    confidence: float = 0.9
    x: float = 0.1
    y: float = 0.2
    width: float = 0.3
    height: float = 0.4


@pytest.fixture
def survey(project: Project) -> Project:
    """Ten images, the seventh of which has a bad file."""
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        for number in range(1, 11):
            db.execute(
                "INSERT INTO images (id, key, root_id, path, problem) VALUES (?, ?, 1, ?, ?)",
                (number, f"k{number}", f"a/{number}.jpg", "truncated" if number == 7 else None),
            )
    return project


def unseen_ids(project: Project, detector_id: int, batch: int = 256) -> list[int]:
    return [image.id for page in detections.unseen(project, detector_id, batch) for image in page]


def test_that_a_detector_is_known_by_its_hash_whatever_its_name(survey):
    one = detections.register(survey, SomeDetector())
    assert detections.register(survey, SomeDetector(name="renamed")) == one
    assert detections.register(survey, SomeDetector(sha256="b" * 64)) != one
    known = detections.detector_by_name(survey, "renamed")
    assert known is not None and known.id == one and known.sha256 == "a" * 64


def test_that_the_latest_detector_is_the_one_last_set_to_work(survey):
    assert detections.latest_detector(survey) is None
    detections.register(survey, SomeDetector())
    detections.register(survey, SomeDetector(name="two", sha256="b" * 64))
    detections.register(survey, SomeDetector())
    latest = detections.latest_detector(survey)
    assert latest is not None and latest.name == "one" and latest.typical_threshold == 0.5


def test_that_unseen_images_are_those_neither_seen_nor_bad(survey):
    one = detections.register(survey, SomeDetector())
    two = detections.register(survey, SomeDetector(sha256="b" * 64))
    detections.add(survey, one, [Seen(2, [SomeBox()]), Seen(3), Seen(4, problem="missing")])
    assert unseen_ids(survey, one, batch=2) == [1, 5, 6, 8, 9, 10]
    assert detections.count_unseen(survey, one) == 6
    assert unseen_ids(survey, two) == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    first = next(detections.unseen(survey, one))[0]
    assert (first.root, first.path) == (Path("/pictures"), "a/1.jpg")


def test_that_images_added_while_walking_are_not_offered_twice(survey):
    one = detections.register(survey, SomeDetector())
    offered = []
    for page in detections.unseen(survey, one, batch=3):
        offered += [image.id for image in page]
        detections.add(survey, one, [Seen(image.id) for image in page])
    assert offered == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert detections.count_unseen(survey, one) == 0


def test_that_an_image_seen_twice_keeps_its_first_boxes_and_what_a_person_rejected(survey):
    one = detections.register(survey, SomeDetector())
    detections.add(survey, one, [Seen(1, [SomeBox(confidence=0.4), SomeBox(confidence=0.8)])])
    best = detections.of_image(survey, 1, one)[0]
    assert best.confidence == 0.8
    with survey.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE id = ?", (best.id,))
    detections.add(survey, one, [Seen(1, [SomeBox(confidence=0.9)])])
    assert detections.of_image(survey, 1, one)[0] == replace(best, rejected=True)
    assert len(detections.of_image(survey, 1, one)) == 2


def test_that_a_batch_is_stored_whole_or_not_at_all(survey):
    one = detections.register(survey, SomeDetector())
    with pytest.raises(Exception, match="FOREIGN KEY"):
        detections.add(survey, one, [Seen(1, [SomeBox()]), Seen(999)])
    assert detections.of_image(survey, 1, one) == []
    assert 1 in unseen_ids(survey, one)


def test_that_counts_follow_the_threshold_and_leave_out_rejected_boxes(survey):
    one = detections.register(survey, SomeDetector())
    detections.add(
        survey,
        one,
        [
            Seen(1, [SomeBox(), SomeBox(confidence=0.6)]),
            Seen(2, [SomeBox(), SomeBox("person")]),
            Seen(3, [SomeBox(confidence=0.3)]),
            Seen(4),
            Seen(5, problem="missing: there is no such file"),
            Seen(6, problem="truncated: cut off"),
            Seen(8, problem="truncated: also cut off"),
            Seen(9, [SomeBox("vehicle")]),
        ],
    )
    with survey.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE category = 'vehicle'")
    counts = detections.count(survey, one, 0.5)
    assert (counts.seen, counts.empty, counts.left_out) == (8, 3, 1)
    assert counts.images_with == {"animal": 2, "person": 1}
    assert counts.unreadable == {"truncated": 2, "missing": 1}
    assert detections.count(survey, one, 0.2).images_with["animal"] == 3


def test_that_unreadable_images_can_be_made_unseen_again(survey):
    one = detections.register(survey, SomeDetector())
    detections.add(survey, one, [Seen(1, [SomeBox()]), Seen(2, problem="missing")])
    assert list(detections.problems(survey, one)) == [(2, "missing")]
    assert detections.forget_unreadable(survey, one) == 1
    assert 2 in unseen_ids(survey, one) and 1 not in unseen_ids(survey, one)


def test_that_boxes_of_a_screen_of_images_come_without_faint_and_rejected_ones(survey):
    one = detections.register(survey, SomeDetector())
    other = detections.register(survey, SomeDetector(sha256="b" * 64))
    boxes = (SomeBox(confidence=0.9), SomeBox(confidence=0.6, category="person"), SomeBox(confidence=0.3))
    detections.add(survey, one, [Seen(number, boxes) for number in (1, 2, 3)])
    detections.add(survey, other, [Seen(4, boxes)])
    with survey.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE image_id = 2 AND confidence > 0.5")
    found = detections.of_images(survey, [1, 2, 4, 9], one, 0.5)
    assert list(found) == [1]
    assert [(box.category, box.confidence, box.x, box.rejected) for box in found[1]] == [
        ("person", 0.6, 0.1, False), ("animal", 0.9, 0.1, False),
    ]  # fmt: skip
