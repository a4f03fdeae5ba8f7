"""Names keep their numbers, however many they are and whatever their hashes are."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.project import Project, numbered_names
from camtrap_gui.project.importing import importing
from camtrap_gui.project.incoming import LEFT_OUT, Incoming
from camtrap_gui.project.known_images import NewImage
from camtrap_gui.project.numbered_names import NumberedNames

NAMES = st.lists(st.text(max_size=3), unique=True, max_size=60)


class Kept:
    """Names in a table of a database, as they are kept in a project, and the numbers that are asked of them."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT)")
        self.names = NumberedNames(self.db, "kept", "name")
        self.count = 0

    def add(self, names: list[str]) -> None:
        numbers = range(self.count + 1, self.count + 1 + len(names))
        self.db.executemany("INSERT INTO kept VALUES (?, ?)", zip(numbers, names, strict=True))
        self.names.add(names, numbers)
        self.count += len(names)


@given(one=NAMES, other=NAMES, bits=st.integers(1, 64))
@settings(deadline=None)
def test_that_names_are_told_apart_though_their_hashes_are_equal(one, other, bits):
    kept = Kept()
    other = [name for name in other if name not in one]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            numbered_names, "hash", lambda name: hash(name) % 2**bits - 2 ** (bits - 1), raising=False
        )
        kept.add(one)
        assert kept.names.find(one + other) == [*range(1, len(one) + 1)] + [None] * len(other)
        kept.add(other)
        expected = [*range(1, len(one) + len(other) + 1)]
        assert kept.names.find(one + other) == kept.names.find(one + other, surely=False) == expected


@given(one=NAMES, other=NAMES, bits=st.integers(1, 64), twice=st.booleans())
@settings(deadline=None)
def test_that_names_are_added_together_only_if_all_are_new(one, other, bits, twice):
    kept = Kept()
    given_names = other + other[:1] * twice
    numbers = range(len(one) + 1, len(one) + len(given_names) + 1)
    all_new = not set(one) & set(other) and len(given_names) == len(other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            numbered_names, "hash", lambda name: hash(name) % 2**bits - 2 ** (bits - 1), raising=False
        )
        kept.add(one)
        added = kept.names.add_if_new(given_names, numbers)
        assert all_new or not added
        assert added or not all_new or bits < 64  # names of equal hash are looked at by others
        assert kept.names.find(one, surely=False) == [*range(1, len(one) + 1)]
        assert not added or kept.names.find(other, surely=False) == [*numbers]


def test_that_a_hundred_thousand_names_keep_their_numbers_as_the_table_grows():
    kept, names = Kept(), [f"S{number % 11}/PICT{number:06d}" for number in range(100_000)]
    for start in range(0, len(names), 7_000):
        kept.add(names[start : start + 7_000])
    assert kept.names.find(names) == kept.names.find(names, surely=False) == [*range(1, len(names) + 1)]
    assert kept.names.find([f"{name}x" for name in names], surely=False) == [None] * len(names)
    again = NumberedNames(kept.db, "kept", "name")
    again.load(kept.db.execute("SELECT name, id FROM kept"))
    assert again.find(names[::3]) == [*range(1, len(names) + 1, 3)]


def test_that_a_name_can_be_given_another_number_or_none():
    kept = Kept()
    kept.add(["a", "b", "c"])
    kept.names.say("a", 0)
    kept.names.say("b", None)
    kept.names.say("c", 2)
    assert kept.names.find(["a", "b", "c", "d"]) == [0, None, 2, None]
    kept.db.execute("UPDATE kept SET name = 'b' WHERE id = 3")
    kept.names.add(["b"], [3])
    assert kept.names.find(["b"]) == kept.names.find(["b"], surely=False) == [3]


@pytest.mark.parametrize("before", [True, False])
def test_that_pictures_of_equal_hash_come_in_as_two_and_are_told_apart(tmp_path: Path, monkeypatch, before):
    monkeypatch.setattr(numbered_names, "hash", lambda _: 7, raising=False)
    doubts: list[tuple[str, str]] = []
    with Project.create(tmp_path / "project") as project:
        root_id = project.db.execute("INSERT INTO roots (path) VALUES ('/pictures')").lastrowid
        assert root_id is not None
        batches = [["a", "b"], ["c", "b"], ["d"]]
        for _ in range(1 + before):
            doubts.clear()
            with importing(project) as db:
                incoming = Incoming(db, root_id, "import", lambda *doubt: doubts.append(doubt))
                for batch in batches:
                    pictures = [NewImage(key, f"{key}.jpg", sequence=f"burst of {key}") for key in batch]
                    incoming.add_images(pictures)
                incoming.leave_out(["a", "e"])
                incoming.end_images()
                found = incoming.ids_of(["a", "b", "c", "d", "e", "f"])
                incoming.finish()
        assert found[4] == LEFT_OUT and doubts == [("image b", "image id used twice")]
        rows = project.db.execute(
            "SELECT images.id, key, name FROM images JOIN sequences ON sequences.id = sequence_id ORDER BY key"
        )
        assert [tuple(row) for row in rows] == [
            (image_id, key, f"burst of {key}") for image_id, key in zip(found[:4], "abcd", strict=True)
        ]
