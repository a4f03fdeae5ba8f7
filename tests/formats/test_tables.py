import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.formats import tables


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "  =1", "\r=1", "＝1+1", "=cmd|' /C calc'!A0"]
)
def test_that_a_name_that_looks_like_a_formula_becomes_text(tmp_path, name):
    tables.write(tmp_path / "table.csv", ["species", "count"], [[name, -3]])
    cell, number = read(tmp_path / "table.csv")[1]
    assert cell == f"'{name}".replace("\r", "\n")
    assert number == "-3"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_that_any_text_is_read_back_or_differs_by_the_apostrophe_only(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    tables.write(path, ["a"] * len(texts), [texts])
    for text, cell in zip(texts, read(path)[1], strict=True):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        assert cell in (text, f"'{text}")
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_that_a_table_that_fails_half_way_leaves_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    tables.write(path, ["a"], [[1]])

    def rows():
        yield [2]
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="the disk went away"):
        tables.write(path, ["a"], rows())
    assert read(path) == [["a"], ["1"]]
    assert list(tmp_path.iterdir()) == [path]


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
def test_that_what_was_escaped_can_be_had_back(text):
    assert tables.unescaped(tables.escaped(text)) == text
