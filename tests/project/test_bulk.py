"""Many rows go in with few statements, and nothing is different for it."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.project import bulk

VALUES = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "word", "it's", "12", "é", "x\0y"])
)


def table() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, a, b)")
    return db


@given(
    st.lists(st.tuples(VALUES, VALUES), max_size=8)
    | st.lists(st.tuples(VALUES, VALUES), max_size=1).map(lambda x: x * 7)
)
def test_that_what_comes_out_is_what_went_in(rows):
    db = table()
    columns = {"id": range(1, len(rows) + 1), "a": [a for a, _ in rows], "b": [b for _, b in rows]}
    assert bulk.insert(db, "INSERT INTO things", columns) == len(rows)
    assert db.execute("SELECT a, b FROM things ORDER BY id").fetchall() == rows


@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_that_no_row_is_lost_between_statements(count):
    db = table()
    numbers = [number * 3 for number in range(count)]
    assert bulk.insert(db, "INSERT INTO things", {"id": numbers, "a": numbers}) == count
    assert bulk.insert(db, "INSERT OR IGNORE INTO things", {"id": [3, 4], "a": [1, 1]}) == 1
    assert [row[0] for row in db.execute("SELECT id FROM things WHERE id % 3 = 0")] == numbers
