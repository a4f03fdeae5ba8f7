"""In which order queues give the images of a small survey, held against what the words of each kind say."""

import random
import sqlite3
from pathlib import Path

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, queues
from camtrap_gui.project.browse import Filter
from camtrap_gui.project.queues import Queue

REVIEWED = "2024-05-01T10:00:00+00:00"


@pytest.fixture
def project(tmp_path: Path):
    """Eight images: 1-3 labelled (3 by a person), 4-6 with suggestions, 7 empty to the detector, 8 unreadable.

    Detection n * 10 + k is the k-th of image n. Image 6 has two animals, the second one a zebra.
    """
    with Project.create(tmp_path / "project") as made:
        with made.write() as db:
            fill(db)
        yield made


def fill(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
    db.executemany("INSERT INTO locations (id, name) VALUES (?, ?)", [(1, "B03"), (2, "C11")])
    db.executemany(
        "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
        [(1, "zebra", 0), (2, "lion", 1), (3, "gnu", 2)],
    )
    db.executemany(
        "INSERT INTO images (id, key, root_id, path, location_id, taken, problem, reviewed)"
        " VALUES (?1, ?1, 1, ?1 || '.jpg', ?2, ?3, ?4, ?5)",
        [
            (1, 1, "2020-01-03", None, None),
            (2, 1, "2020-01-02", None, None),
            (3, 1, "2020-01-01", None, REVIEWED),
            (4, 1, "2020-01-01", None, None),
            (5, 2, "2020-01-01", None, None),
            (6, 2, None, None, None),
            (7, 2, "2020-01-01", None, None),
            (8, 2, "2020-01-01", "truncated", None),
        ],
    )
    db.executemany("INSERT INTO labels (image_id, species_id) VALUES (?, ?)", [(1, 1), (2, 1), (3, 2)])
    db.execute("INSERT INTO detectors VALUES (1, 'x', 'd', 'k', 0.5, 0.1, '')")
    db.executemany("INSERT INTO detected VALUES (1, ?, NULL)", [(number,) for number in range(1, 8)])
    db.executemany(
        "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
        " VALUES (?1, ?1 / 10, 1, 'animal', 0.9, 0, 0, 1, 1)",
        [(one,) for one in (11, 21, 31, 41, 51, 61, 62)],
    )
    db.executemany(
        "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top, teaches, alike)"
        " VALUES (?1, ?1 / 10, 'run', ?2, 0.6, ?3, '[[\"lion\",0.6]]', ?4, ?5)",
        [
            (11, 2, 0.9, 6, 0),
            (31, 2, 0.01, 0, 1),
            (41, 2, 0.5, 4, 5),
            (51, 2, 0.2, 3, 4),
            (61, 3, 0.6, 5, 2),
            (62, 1, 0.1, 1, 3),
        ],
    )
    db.executemany(
        "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
        " VALUES (?1, ?2, ?3, 'B03', 'train', ?1, 0, 0, 1, 1, '')",
        [(1, 1, 1), (2, 2, 1), (3, 3, 2), (4, 2, 1)],
    )
    db.executemany(
        "INSERT INTO doubts (crop_id, image_id, label_id, species_id, given, confidence, score)"
        " VALUES (?, ?, ?, ?, 0.1, 0.9, ?)",
        [(1, 1, 1, 2, 0.3), (2, 2, 1, 2, 0.2), (3, 3, 2, 1, 0.9), (4, 2, 1, 3, 0.7)],
    )


def ids(project, kind, value="", **more):
    return [int(number) for number in queues.ids(project, Queue(kind, value, **more))]


@pytest.mark.parametrize(
    ("kind", "value", "unreviewed", "every"),
    [
        ("unreviewed", "", [1, 2, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8]),
        ("teaches", "", [6, 5, 4, 1], [3, 6, 5, 4, 1]),
        ("least-sure", "", [6, 5, 4, 1], [3, 6, 5, 4, 1]),
        ("disagrees", "", [2, 1], [3, 2, 1]),
        ("alike", "", [1, 6, 5, 4], [1, 3, 6, 5, 4]),
        ("species", "zebra", [1, 2, 6], [1, 2, 6]),
        ("species", "lion", [4, 5], [3, 4, 5]),
        ("location", "B03", [4, 2, 1], [3, 4, 2, 1]),
        ("location", "C11", [6, 5, 7], [6, 5, 7, 8]),
        ("flagged", "", [], []),
    ],
)
def test_that_a_queue_has_its_images_in_its_order(project, kind, value, unreviewed, every):
    assert ids(project, kind, value) == unreviewed
    assert ids(project, kind, value, only_unreviewed=False) == every


def test_that_the_count_of_a_queue_is_its_length(project):
    project.db.execute("UPDATE images SET flagged = 1 WHERE id IN (3, 8)")
    for change in (
        "SELECT 1",
        "UPDATE detections SET rejected = 1 WHERE id IN (11, 62)",
        "UPDATE suggestions SET teaches = NULL WHERE teaches > 3",
        "UPDATE suggestions SET margin = NULL, species_id = NULL",
        "DELETE FROM images WHERE id = 5",
    ):
        project.db.execute(change)
        counted = queues.counts(project)
        assert set(counted) == {kind.name for kind in queues.KINDS if not kind.needs}
        assert counted == {kind: len(ids(project, kind)) for kind in counted}


def test_that_a_rejected_detection_is_no_reason_to_look(project):
    project.db.execute("UPDATE detections SET rejected = 1 WHERE id IN (62, 51)")
    assert ids(project, "least-sure") == [4, 6, 1]
    assert ids(project, "species", "zebra") == [1, 2]
    assert ids(project, "alike") == [1, 6, 4]


def test_that_a_doubt_about_a_label_that_was_changed_is_settled(project):
    project.db.execute("UPDATE crops SET species_id = 3 WHERE id = 4")
    assert ids(project, "disagrees") == [1, 2]
    project.db.execute("UPDATE doubts SET species_id = label_id WHERE crop_id = 1")
    assert ids(project, "disagrees") == [2]


def test_that_flagged_images_are_shown_although_they_are_reviewed(project):
    project.db.execute("UPDATE images SET flagged = 1 WHERE id IN (3, 1)")
    assert ids(project, "flagged") == [1, 3]


def test_that_random_order_is_fair_to_rare_species(project):
    db = project.db
    chance = random.Random(0)
    kinds = {1: 60, 2: 20, 3: 3}
    number = 100
    for species_id, many in kinds.items():
        for _ in range(many):
            number += 1
            db.execute("INSERT INTO images (id, key, root_id, path) VALUES (?1, ?1, 1, ?1)", (number,))
            if chance.random() < 0.5:
                db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, ?)", (number, species_id))
            else:
                db.execute(
                    "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
                    " VALUES (?1, ?2, 1, 'animal', 0.9, 0, 0, 1, 1)",
                    (number * 10, number),
                )
                db.execute(
                    "INSERT INTO suggestions (detection_id, image_id, run_id, species_id) VALUES (?, ?, '', ?)",
                    (number * 10, number, species_id),
                )
    db.execute("DELETE FROM images WHERE id < 100")
    order = [int(one) for one in queues.ids(project, Queue("random"), seed=4)]
    assert sorted(order) == list(range(101, 101 + sum(kinds.values())))

    def species_of(image_id):
        (found,) = db.execute(
            "SELECT coalesce((SELECT species_id FROM labels WHERE image_id = ?1),"
            " (SELECT species_id FROM suggestions WHERE image_id = ?1))",
            (image_id,),
        ).fetchone()
        return found

    drawn = [species_of(image_id) for image_id in order]
    assert sorted(drawn[:9]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert sorted(drawn[9:43]) == [1] * 17 + [2] * 17
    assert order == [int(one) for one in queues.ids(project, Queue("random"), seed=4)]
    assert order != [int(one) for one in queues.ids(project, Queue("random"), seed=5)]


def test_that_images_without_any_species_are_in_the_random_order_too(project):
    assert sorted(ids(project, "random")) == [1, 2, 4, 5, 6, 7]
    assert sorted(ids(project, "random")[:4]) != [1, 2, 4, 5]  # image 7 is the only one of its group


def test_that_empty_images_are_those_in_which_the_detector_found_nothing(project):
    decisions.label(project, [1], [decisions.Said("empty")])
    assert ids(project, "species", "empty") == [7]
    assert ids(project, "species", "empty", only_unreviewed=False) == [1, 7]


def test_that_a_person_counts_only_where_there_is_no_animal(project):
    decisions.label(project, [3], [decisions.Said("person")])
    for detection_id in (71, 42):
        project.db.execute(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
            " VALUES (?1, ?1 / 10, 1, 'person', 0.9, 0, 0, 1, 1)",
            (detection_id,),
        )
    assert ids(project, "species", "person") == [7]


def test_that_a_saved_search_is_a_queue_until_it_is_forgotten(project):
    chosen = Filter(location="B03", until="2020-01-02")
    queues.save_search(project, "early at B03", chosen)
    queues.save_search(project, "all", Filter())
    assert queues.searches(project) == {"all": Filter(), "early at B03": chosen}
    assert ids(project, "search", "early at B03") == [2, 4]
    assert ids(project, "search", "early at B03", only_unreviewed=False) == [2, 3, 4]
    queues.forget_search(project, "early at B03")
    with pytest.raises(Problem, match="There are: all"):
        ids(project, "search", "early at B03")


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("newest", "", "no queue “newest”. Choose one of unreviewed, teaches"),
        ("species", "", "needs a species, such as species:NAME"),
        ("species", "unicorn", "no species “unicorn”"),
        ("location", "D1", "no location “D1”"),
    ],
)
def test_that_a_queue_that_cannot_be_is_told_so(project, kind, value, sentence):
    with pytest.raises(Problem, match=sentence):
        queues.ids(project, Queue(kind, value))


def test_that_an_empty_project_has_empty_queues(tmp_path):
    with Project.create(tmp_path / "other") as other:
        assert set(queues.counts(other).values()) == {0}
        for kind in queues.KINDS:
            if not kind.needs:
                assert len(queues.ids(other, Queue(kind.name))) == 0


def test_that_lines_say_what_accepting_would(project):
    found = queues.lines(project, queues.ids(project, Queue("least-sure"))[:2])
    assert [line.path for line in found] == ["6.jpg", "5.jpg"]
    assert found[1].species == "lion"
    assert found[1].confidence == pytest.approx(0.6)
    assert found[1].source == "model"


def test_that_text_names_a_queue():
    assert queues.parse("teaches") == Queue("teaches")
    assert queues.parse("location: B:03") == Queue("location", "B:03")
