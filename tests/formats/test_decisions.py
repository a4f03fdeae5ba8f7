"""The file in which decisions go from one copy of a survey to another: written, read, refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import decisions as decisions_file
from camtrap_gui.problem import Problem
from camtrap_gui.project import decided, decisions, edits, merging
from camtrap_gui.project.decisions import Said
from tests.exchanging import everything, export, shown, two_copies


@pytest.fixture
def both(tmp_path: Path):
    with two_copies(tmp_path) as projects:
        yield projects


def test_that_only_what_was_decided_since_or_by_somebody_is_exported(both, tmp_path):
    anna, _ = both
    decisions.label(anna, [1], [Said("lion")], "anna")
    moment = datetime.now(UTC)
    decisions.label(anna, [2], [Said("lion")], "carla")
    decisions.flag(anna, [5], True, "anna")

    def paths(**which):
        file = decisions_file.DecisionsFile(export(anna, tmp_path / "some.json", **which))
        return [one.path for page in file.images() for one in page]

    assert paths() == ["B/1.jpg", "B/2.jpg", "B/5.jpg"]
    assert paths(since=moment) == ["B/2.jpg", "B/5.jpg"]
    assert paths(author="anna") == ["B/1.jpg"]
    assert paths(author="carla", since=moment + timedelta(days=1)) == []
    assert paths(author="nobody") == []


def test_that_an_image_that_comes_twice_changes_nothing(both, tmp_path):
    anna, ben = both
    decisions.label(anna, [1, 2], [Said("lion")], "anna")
    path = export(anna, tmp_path / "twice.json")
    content = json.loads(path.read_bytes())
    content["images"] *= 2
    path.write_text(json.dumps(content))
    before = everything(ben)
    file = decisions_file.DecisionsFile(path)
    with pytest.raises(Problem, match="comes twice"):
        merging.merge(ben, file.species, file.images())
    assert everything(ben) == before


def test_that_a_failed_export_leaves_the_earlier_file(both, tmp_path):
    anna, _ = both
    decisions.label(anna, [1, 2], [Said("lion")], "anna")
    path = export(anna, tmp_path / "kept.json")
    before = path.read_bytes()

    def pages():
        yield from decided.walk(anna)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        decisions_file.write(path, decisions_file.About(), [], pages())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if "kept" in entry.name] == ["kept.json"]


GOOD = {
    "about": {"format": "camtrap decisions", "version": 1, "survey": "a"},
    "species": [{"name": "lion", "aliases": ["simba"]}],
    "images": [
        {
            "root": "pictures",
            "path": "B/1.jpg",
            "key": "key 1",
            "reviewed": "2024-05-01T10:00:00Z",
            "labels": [{"species": "lion", "count": 2, "author": "anna", "made": "2024-05-01T10:00:00Z"}],
            "boxes": [{"box": [0.1, 0.2, 0.3, 0.4], "found": ["hash", "animal", [0.25, 0.1, 0.2, 0.3]]}],
            "rejected": [["hash", "animal", [0.5, 0.1, 0.2, 0.3]]],
        }
    ],
}


def test_that_the_documented_form_is_read_also_when_written_by_others(both, tmp_path):
    _, ben = both
    path = tmp_path / "by hand.json"
    path.write_text(json.dumps(GOOD, indent=3), encoding="utf-8")
    file = decisions_file.DecisionsFile(path)
    merged = merging.merge(ben, file.species, file.images())
    assert (merged.taken, merged.judged) == (1, 1)
    assert shown(ben, 1)[0] == [("lion", 2, "anna")]


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("about", "format"), "COCO", "about"),
        (("about", "version"), 2, "newer version"),
        (("about",), None, "no “about”"),
        (("images",), {}, "no “images”"),
        (("images", 0, "path"), 7, "images"),
        (("images", 0, "reviewed"), None, "nobody has reviewed it"),
        (("images", 0, "reviewed"), "yesterday", "images"),
        (("images", 0, "reviewed"), "2024-05-01T10:00:00", "is not one of UTC"),
        (("images", 0, "labels", 0, "species"), " ", "is no name"),
        (("images", 0, "labels", 0, "author"), "a\0b", "is no name"),
        (("images", 0, "labels", 0, "count"), -1, "a count of -1"),
        (("images", 0, "labels", 0, "count"), 2**70, "a count of"),
        (("images", 0, "labels", 0, "confidence"), 1.5, "a confidence of 1.5"),
        (("images", 0, "labels"), [{"species": "lion"}, {"species": "lion"}], "said twice"),
        (("images", 0, "boxes", 0, "box"), [0, 0, 0.1], "images"),
        (("images", 0, "boxes", 0, "box"), [0, 0, -0.1, 1], "outside the picture"),
        (("images", 0, "rejected", 0), ["hash", "animal", [0, 0, 1e300, 1]], "outside the picture"),
        (("images", 0, "colour"), "red", "colour"),
        (("species", 0, "name"), "", "is no name"),
    ],
)
def test_that_a_bad_file_is_refused_with_a_sentence_and_changes_nothing(
    both, tmp_path, where, value, sentence
):
    _, ben = both
    content = json.loads(json.dumps(GOOD))
    content["images"].insert(0, {"root": "", "path": "B/2.jpg", "key": "", "flagged": True})
    where = tuple(
        1 if step == 0 and where[0] == "images" and place == 1 else step for place, step in enumerate(where)
    )
    inner = content
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    before = everything(ben)
    with pytest.raises(Problem, match=sentence) as refused:
        file = decisions_file.DecisionsFile(path)
        merging.merge(ben, file.species, file.images())
    assert "bad.json" in str(refused.value)
    assert everything(ben) == before


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_that_a_damaged_file_either_counts_or_is_refused(both, tmp_path, data):
    _, ben = both
    text = json.dumps(GOOD).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 30))
    put = data.draw(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                [
                    b"NaN",
                    b"1e400",
                    b"null",
                    b"-1",
                    b'"\\ud800"',
                    b"[[[[",
                    b'"x"',
                    b"{}",
                    b"99999999999999999999",
                ]
            ),
        )
    )
    path = tmp_path / "damaged.json"
    path.write_bytes(text[:at] + put + text[at + length :])
    before = everything(ben)
    try:
        file = decisions_file.DecisionsFile(path)
        merged = merging.merge(ben, file.species, file.images())
    except Problem as problem:
        assert str(problem)
        assert everything(ben) == before
    else:
        if merged.edit_id is not None:
            edits.undo(ben)
        what = ("labels", "boxes", "images", "detections", "species", "aliases")
        assert everything(ben, what) == {table: before[table] for table in what}
