"""Which images a filter lets pass, held against the same question asked one image at a time."""

from dataclasses import fields
from pathlib import Path

import pytest

from camtrap_gui.project import Project, browse, species
from camtrap_gui.project.browse import Filter


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "project") as made:
        with made.write() as db:
            db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
            db.executemany("INSERT INTO locations (id, name) VALUES (?, ?)", [(1, "B03"), (2, "C11")])
            db.executemany(
                "INSERT INTO species (id, name, position) VALUES (?, ?, ?)", [(1, "zebra", 0), (2, "lion", 1)]
            )
            db.executemany(
                "INSERT INTO images (id, key, root_id, path, location_id, taken, problem, reviewed)"
                " VALUES (?1, ?1, 1, ?2, ?3, ?4, ?5, ?6)",
                [
                    (1, "a_1.jpg", 1, "2020-01-01T10:00:00", None, None),
                    (2, "ab1.jpg", 1, "2020-01-02T23:59:59", "truncated", None),
                    (3, "b.jpg", 2, "2020-01-03T00:00:00", None, "2024-01-01T00:00:00Z"),
                    (4, "100%.jpg", 2, None, None, None),
                    (5, "c.jpg", None, "2020-02-01T00:00:00", None, None),
                ],
            )
            db.executemany(
                "INSERT INTO labels (image_id, species_id) VALUES (?, ?)", [(1, 1), (1, 2), (3, 2), (5, 1)]
            )
            db.execute("UPDATE labels SET author = 'anna' WHERE image_id = 3")
            db.execute("UPDATE images SET flagged = 1 WHERE id IN (2, 4)")
            db.execute("INSERT INTO detectors VALUES (1, 'x', 'd', 'k', 0.5, 0.1, '')")
            db.executemany(
                "INSERT INTO detected VALUES (1, ?, ?)", [(1, None), (2, "truncated"), (3, None), (4, None)]
            )
            db.executemany(
                "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height, rejected)"
                " VALUES (?, 1, ?, ?, 0, 0, 1, 1, ?)",
                [(1, "animal", 0.9, 0), (1, "animal", 0.8, 0), (3, "person", 0.6, 0), (4, "animal", 0.9, 1)],
            )
        yield made


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(location="B03"), [1, 2]),
        (Filter(location="nowhere"), []),
        (Filter(species="lion"), [1, 3]),
        (Filter(since="2020-01-02"), [2, 3, 5]),
        (Filter(until="2020-01-02"), [1, 2]),
        (Filter(state="unlabelled"), [2, 4]),
        (Filter(state="labelled"), [1, 3, 5]),
        (Filter(state="reviewed"), [3]),
        (Filter(state="not reviewed"), [1, 2, 4, 5]),
        (Filter(state="flagged"), [2, 4]),
        (Filter(author="anna"), [3]),
        (Filter(author="import", state="not reviewed"), [1, 5]),
        (Filter(state="detected"), [1, 3, 4]),
        (Filter(state="not detected"), [5]),
        (Filter(state="problem"), [2]),
        (Filter(text="A_1"), [1]),
        (Filter(text="%"), [4]),
        (Filter(species="zebra", location="B03"), [1]),
        (Filter(species="lion", since="2020-01-02", state="labelled", text="jpg"), [3]),
    ],
)
def test_that_a_filter_lets_exactly_its_images_pass(project, chosen, expected):
    assert list(browse.ids(project, chosen)) == expected


def test_that_a_filter_finds_a_species_by_the_names_it_had_before(project):
    species.rename(project, "lion", "simba")
    species.merge(project, "zebra", "simba")
    assert list(browse.ids(project, Filter(species="lion"))) == [1, 3, 5]
    assert list(browse.ids(project, Filter(species="zebra"))) == [1, 3, 5]


def test_that_an_image_is_found_by_its_path_before_another_by_its_key(project):
    with project.write() as db:
        db.execute("INSERT INTO images (id, key, root_id, path) VALUES (6, 'b.jpg', 1, 'd.jpg')")
    assert browse.called(project, "b.jpg") == [3]
    assert browse.called(project, "4") == [4]
    assert browse.called(project, "nothing") == []


def test_that_every_field_of_a_filter_matters(project):
    everything = list(browse.ids(project))
    odd = {"since": "2030-01-01", "until": "1990-01-01", "state": "problem"}
    for field in fields(Filter):
        assert (
            list(browse.ids(project, Filter(**{field.name: odd.get(field.name, "none of it")}))) != everything
        )


def test_that_images_that_are_gone_are_in_no_list(project):
    with project.write() as db:
        db.execute("DELETE FROM images WHERE id = 4")
    assert list(browse.ids(project)) == [1, 2, 3, 5]
    assert list(browse.ids(project, Filter(state="unlabelled"))) == [2]
    assert list(browse.ids(project, Filter(state="not detected"))) == [5]


def test_that_all_images_of_a_project_without_gaps_cost_no_list(project):
    assert browse.ids(project) == range(1, 6)


def test_that_the_span_is_from_the_first_to_the_last_picture(project):
    assert browse.span(project) == ("2020-01-01T10:00:00", "2020-02-01T00:00:00")


def test_that_detections_are_found_by_category_and_confidence_unless_rejected(project):
    assert list(browse.ids_with(project, 1, "", 0.5)) == [1, 3]
    assert list(browse.ids_with(project, 1, "animal", 0.5)) == [1]
    assert list(browse.ids_with(project, 1, "", 0.7)) == [1]
    assert list(browse.ids_without(project, 1, 0.7)) == [3, 4]
    assert list(browse.ids_without(project, 1, 0.5)) == [4]


@pytest.mark.parametrize("state", browse.STATES)
def test_that_an_empty_project_has_no_images_in_any_state(tmp_path, state):
    with Project.create(tmp_path / "empty") as project:
        assert list(browse.ids(project)) == list(browse.ids(project, Filter(state=state))) == []
        assert browse.span(project) == ("", "")
