"""Questions about images have the same answer however many there are."""

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import images, problems
from camtrap_gui.project.sequences import group_by_time


@pytest.fixture
def filled(tmp_path, project):
    """1,300 images, more than two pages: two locations, one season in three, every seventh with a problem."""
    (tmp_path / "root").mkdir()
    with project.write() as db:
        db.execute("INSERT INTO roots VALUES (1, ?)", (str(tmp_path / "root"),))
        db.execute("INSERT INTO locations (id, name) VALUES (1, 'B'), (2, 'A')")
        db.execute(
            "INSERT INTO species (id, name, position) VALUES (1, 'zebra', 0), (2, 'aardvark', 1), (3, 'lion', 2)"
        )
        for n in range(1300):
            extra = f'{{"season": {n % 2}, "note": null, "boxes": [1]}}' if n % 3 == 0 else None
            problem = f"truncated: at byte {n}" if n % 7 == 0 else None
            db.execute(
                "INSERT INTO images (key, root_id, path, location_id, extra, problem) VALUES (?, 1, ?, ?, ?, ?)",
                (f"k{n}", f"{n}.jpg", n % 2 + 1, extra, problem),
            )
        db.execute("INSERT INTO labels (image_id, species_id) SELECT id, 2 FROM images WHERE id <= 10")
        db.execute("INSERT INTO labels (image_id, species_id, count) VALUES (1, 1, 4)")
    return project


def test_that_walking_meets_every_image_once_in_order(filled):
    assert [image.key for image in images.walk(filled)] == [f"k{n}" for n in range(1300)]
    assert len(images.page(filled, after=1290, size=100)) == 10
    assert images.count(filled) == 1300


def test_that_an_image_knows_its_file_and_refuses_to_lead_out(filled, tmp_path):
    assert images.path_of(filled, 3) == tmp_path / "root" / "2.jpg"
    (tmp_path / "secret.jpg").write_bytes(b"")
    (tmp_path / "root" / "2.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(Problem, match="leads out"):
        images.path_of(filled, 3)
    with pytest.raises(Problem, match="no image number 9999"):
        images.get(filled, 9999)


def test_that_species_keep_their_order_and_zeros(filled):
    assert images.species(filled) == ("zebra", "aardvark", "lion")
    assert images.images_per_species(filled) == {"zebra": 1, "aardvark": 10, "lion": 0}
    assert [label.species for label in images.labels_of(filled, 1)] == ["zebra", "aardvark"]
    assert images.locations(filled) == ("A", "B")


def test_that_any_field_of_the_source_can_be_a_location_key(filled):
    assert images.location_keys(filled) == {"location": 1300, "season": 434}
    places = dict(images.location_values(filled))
    assert (places[1], places[2], len(places)) == ("B", "A", 1300)
    seasons = dict(images.location_values(filled, "season"))
    assert (seasons[1], seasons[2], seasons[4]) == ("0", None, "1")
    assert set(dict(images.location_values(filled, "boxes")).values()) == {None}


def test_that_unchecked_images_are_found_while_they_are_checked(filled):
    met = []
    for image_id, _ in images.unchecked(filled, 1):
        met.append(image_id)
        if image_id % 2:
            images.set_checked(filled, [(image_id, 4, 3, None)])
        else:
            images.set_unusable(filled, [(image_id, "empty: nothing")])
    assert met == list(range(1, 1301))
    assert [*images.unchecked(filled, 1)] == []
    assert (images.get(filled, 1).problem, images.get(filled, 1).width) == (None, 4)
    assert problems.counts_of_images(filled) == {"empty": 650}


def test_that_problems_are_counted_by_kind(filled):
    assert problems.counts_of_images(filled) == {"truncated": 186}
    problems.add(filled, "dataset", [("a", "bad: 1"), ("b", "bad: 2"), ("c", "odd")])
    problems.add(filled, "crop", [("d", "bad: 3")])
    assert problems.counts(filled, "dataset") == {"bad": 2, "odd": 1}
    assert [*problems.of_step(filled, "dataset")] == [("a", "bad: 1"), ("b", "bad: 2"), ("c", "odd")]
    problems.clear(filled, "dataset")
    assert problems.counts(filled, "dataset") == {}
    assert problems.counts(filled, "crop") == {"bad": 1}


def test_that_a_gap_is_measured_to_the_picture_before(tmp_path, project):
    rows = [("A/1.jpg", 1, 0), ("A/2.jpg", 1, 50), ("A/3.jpg", 1, 100), ("A/4.jpg", 1, 161)]
    rows += [("B/1.jpg", 2, 10), ("x/1.jpg", None, 10), ("y/1.jpg", None, 10), ("y/2.jpg", None, None)]
    with project.write() as db:
        db.execute("INSERT INTO roots VALUES (1, ?)", (str(tmp_path),))
        db.execute("INSERT INTO locations (id, name) VALUES (1, 'A'), (2, 'B')")
        for path, location, second in rows:
            taken = None if second is None else f"2020-01-01T00:{second // 60:02d}:{second % 60:02d}"
            db.execute(
                "INSERT INTO images (key, root_id, path, location_id, taken) VALUES (?1, 1, ?1, ?2, ?3)",
                (path, location, taken),
            )
    for gap, expected in ((60, [3, 1, 1, 1, 1]), (61, [4, 1, 1, 1]), (0, [1] * 7)):
        group_by_time(project, 1, gap)
        found = [(image.sequence, image.frame, image.frames) for image in images.walk(project)]
        names = list(dict.fromkeys(name for name, _, _ in found if name))
        assert [sum(name == one for name, _, _ in found) for one in names] == expected
        assert all(frames == sum(name == one for one, _, _ in found) for name, _, frames in found if name)
        assert found[-1] == (None, None, None)
        assert project.db.execute("SELECT count(*) FROM sequences").fetchone()[0] == len(expected)
