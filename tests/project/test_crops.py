import hashlib
import random

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import crops
from camtrap_gui.project.crops import SPLITS, Row


@pytest.fixture
def known(project):
    """Three species, whose order in the source is not that of their ids, and six images."""
    with project.write() as db:
        db.execute("INSERT INTO roots VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(1, "zebra", 7), (2, "empty", 0), (3, "lion", 4)],
        )
        db.executemany(
            "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)",
            [(number, f"key {number}", f"{number}.jpg") for number in range(1, 7)],
        )
    return project


def row(number, species_id, split, location="A", sha256=None, file=None):
    file = file or f"{number}.jpg"
    sha256 = sha256 or hashlib.sha256(file.encode()).hexdigest()
    return Row(number, number, species_id, None, None, location, split, file, 0, 0, 10, 20, sha256)


DATA = [row(1, 3, "train"), row(2, 1, "train", "B"), row(3, 1, "train", "C"), row(4, 1, "test", "D")]


def test_that_the_class_list_has_all_species_in_the_order_of_the_source(known):
    assert crops.classes(known) == ("empty", "lion", "zebra")


def test_that_counts_and_locations_go_by_split_and_class(known):
    crops.replace_all(known, lambda: DATA, [])
    assert crops.counts(known) == {"train": [0, 1, 2], "val": [0, 0, 0], "test": [0, 0, 1]}
    assert crops.location_counts(known) == crops.counts(known)
    assert crops.locations(known, "train") == ("A", "B", "C")
    assert crops.locations(known, "val") == ()


def test_that_locations_are_counted_once_however_many_crops_they_have(known):
    chance = random.Random(0)
    rows = [
        row(1 + number % 6, chance.randint(1, 3), split, place, file=f"{number}.jpg")._replace(id=1 + number)
        for number, place in enumerate(chance.choices(["", "A", "a", "Ä", "B 1", "10", "9"], k=200))
        for split in [SPLITS[len(place) % 3]]
    ]
    crops.replace_all(known, lambda: rows, [])
    order = (2, 3, 1)  # species as in the class list
    for split in SPLITS:
        mine = [one for one in rows if one.split == split]
        assert crops.locations(known, split) == tuple(sorted({one.location for one in mine}))
        assert crops.location_counts(known)[split] == [
            len({one.location for one in mine if one.species_id == species_id}) for species_id in order
        ]
        assert {place: counts[split] for place, counts in crops.counts_at_locations(known).items()} == {
            one.location: sum(other.location == one.location for other in mine) for one in rows
        }


def test_that_a_split_is_read_whole_and_in_order(known, monkeypatch):
    monkeypatch.setattr(crops, "_PAGE", 2)
    crops.replace_all(known, lambda: DATA, [])
    train = list(crops.of_split(known, "train"))
    assert [(crop.id, crop.species, crop.location) for crop in train] == [
        (1, 1, "A"),
        (2, 2, "B"),
        (3, 2, "C"),
    ]
    assert train[0].window == (0, 0, 10, 20)
    assert crops.get(known, 2) == train[1]
    assert crops.path_of(known, train[1]) == known.folder / "crops" / "2.jpg"
    with pytest.raises(Problem, match="no crop 99"):
        crops.get(known, 99)


def test_that_what_was_said_about_a_crop_stays_as_long_as_the_crop(known):
    crops.replace_all(known, lambda: DATA, [(5, "no species is given")])
    with known.write() as db:
        db.execute(
            "INSERT INTO runs (id, started, state, preset, backbone, data_hash) VALUES ('r', '', 'done', '', '', '')"
        )
        db.executemany("INSERT INTO predictions VALUES ('r', ?, 1, 0.5, '[]')", [(1,), (2,)])
    crops.replace_all(
        known, lambda: [row(1, 3, "val", "Z"), row(5, 1, "test")], [(6, "excluded"), (2, "excluded")]
    )
    assert [tuple(each) for each in known.db.execute("SELECT crop_id FROM predictions")] == [(1,)]
    assert (crops.get(known, 1).split, crops.get(known, 1).location) == ("val", "Z")
    assert crops.left_out(known) == {"excluded": 2}


def test_that_a_failing_replacement_changes_nothing(known):
    crops.replace_all(known, lambda: DATA, [(5, "excluded")])

    def failing():
        yield row(6, 1, "test")
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        crops.replace_all(known, failing, [])
    assert [crop.id for split in crops.SPLITS for crop in crops.of_split(known, split)] == [1, 2, 3, 4]
    assert crops.left_out(known) == {"excluded": 1}
    crops.replace_all(known, lambda: DATA[:1], [])
    assert len(list(crops.of_split(known, "train"))) == 1


def test_that_the_data_hash_knows_every_change_but_not_the_order_of_making(known):
    def hash_of(rows):
        crops.replace_all(known, lambda: rows, [])
        return crops.data_hash(known)

    first = hash_of(DATA)
    renumbered = [each._replace(id=each.id + 10) for each in reversed(DATA)]
    assert hash_of(renumbered) == first
    changed = [
        [DATA[0]._replace(split="val"), *DATA[1:]],
        [DATA[0]._replace(sha256="0" * 64), *DATA[1:]],
        [DATA[0]._replace(species_id=1), *DATA[1:]],
        DATA[1:],
    ]
    assert len({first, *map(hash_of, changed)}) == 5
    assert hash_of(DATA) == first
    with known.write() as db:
        db.execute("INSERT INTO species (id, name, position) VALUES (4, 'aardwolf', 2)")
    assert crops.data_hash(known) != first
