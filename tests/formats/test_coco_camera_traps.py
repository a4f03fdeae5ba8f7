"""A COCO Camera Traps file is read whole and right, or refused in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import json_stream
from camtrap_gui.formats.coco_camera_traps import Survey
from camtrap_gui.formats.coco_records import AnnotationRecord
from camtrap_gui.formats.times import read_time, read_usual_times
from camtrap_gui.problem import Problem

SURVEY: dict[str, Any] = {
    "info": {"version": "1"},
    "images": [{"id": "a", "file_name": "a.jpg"}, {"id": "b", "file_name": "b.jpg", "location": 7}],
    "categories": [{"id": 0, "name": "empty"}],
    "annotations": [{"id": "1", "image_id": "a", "category_id": 0}],
}

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["},{", '"},{"', "]}", "\\", '\\"', "{[", "\n", "é\u2028"]
)
plain = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | texts
nested = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
elements = st.lists(st.dictionaries(texts, nested, max_size=4) | nested, max_size=30)
shapes = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"separators": (" ,\n ", " : ")}])


def written(tmp_path: Path, value: Any, **shape: Any) -> Path:
    path = tmp_path / "survey.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, **shape), encoding="utf-8")
    return path


def together(batches):
    records, refused = [], []
    for batch in batches:
        records += batch.records
        refused += [one.reason for one in batch.refused]
    return records, refused


@given(
    value=st.dictionaries(texts, elements | nested, max_size=5),
    shape=shapes,
    block=st.sampled_from([16, 64, 999]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_every_element_of_every_array_is_read_however_small_the_blocks(value, shape, block, tmp_path):
    path = written(tmp_path, value, **shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "BLOCK", block)
        members = json_stream.index(path)
    assert list(members) == list(value)
    with path.open("rb") as file:
        for name, member in members.items():
            if member.kind == "[":
                pieces = [json.loads(json_stream.read(file, span)) for span in member.spans]
                assert [element for piece in pieces for element in piece] == value[name]
                assert [len(piece) for piece in pieces] == [span.count for span in member.spans]


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_a_damaged_file_is_imported_or_refused_in_a_sentence(data, tmp_path):
    text = bytearray(json.dumps(SURVEY).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = tmp_path / "damaged.json"
    path.write_bytes(bytes(text))
    try:
        survey = Survey(path)
        for batches in (survey.categories(), survey.images(), survey.annotations()):
            for batch in batches:
                assert all(one.subject and one.reason for one in batch.refused)
    except Problem as problem:
        assert str(path) in str(problem)


def test_that_a_file_cut_off_anywhere_is_refused(tmp_path):
    text = json.dumps(SURVEY)
    for length in range(len(text)):
        with pytest.raises(Problem):
            Survey(written(tmp_path, text[:length]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("[]", "holds a list"),
        ("hello", "not a JSON"),
        ("{}", "no “images”"),
        ('{"type": "FeatureCollection", "features": []}', "no “images”, but “type”, “features”"),
        ('{"images": [], "detection_categories": {}}', "MegaDetector"),
        ('{"images": []}', "no image"),
        ('{"images": {"a": 1}}', "not a list"),
        ('{"images": [{"id": 1, "file_name": "a"}], "images": []}', "two members"),
        ('{"images": [{"id": 1, "file_name": "a"}]} more', "behind the end"),
        ('{"images": [{"id": 1, "file_name": "a"]}', "brackets do not match"),
        ('{"images": ' + "[" * 100_000, "nested"),
        ('{"info": ' + '{"a":' * 100_000, "nested"),
    ],
)
def test_that_what_is_no_survey_is_named(tmp_path, content, words):
    with pytest.raises(Problem, match=words):
        Survey(written(tmp_path, content))


def test_that_a_byte_order_mark_is_welcome_and_utf_16_is_not(tmp_path):
    path = tmp_path / "survey.json"
    path.write_text(json.dumps(SURVEY), encoding="utf-8-sig")
    assert Survey(path).count("images") == 2
    path.write_text(json.dumps(SURVEY), encoding="utf-16")
    with pytest.raises(Problem, match="UTF-8"):
        Survey(path)


def test_that_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "survey.json"
    path.write_bytes(json.dumps(SURVEY, ensure_ascii=False).replace("empty", "\u00e9lan").encode("latin-1"))
    with pytest.raises(Problem, match="UTF-8"):
        [*Survey(path).categories()]


def test_that_unknown_fields_of_images_are_kept_and_known_ones_may_be_of_any_usual_type(tmp_path):
    images = [
        {"id": 1, "file_name": "a.jpg", "season": "S1", "sites": [{"x": 1}, {"y": 2}]},
        {"id": "2", "file_name": "b.jpg", "location": 3.0, "frame_num": "4", "width": "2048", "corrupt": 1},
    ]
    [first, second], refused = together(Survey(written(tmp_path, {"images": images})).images())
    assert (first.key, first.extra) == (1, {"season": "S1", "sites": [{"x": 1}, {"y": 2}]})
    assert (second.location, second.frame, second.width, second.corrupt) == ("3", 4, 2048, True)
    assert refused == []


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"id": 1}, "no file name"),
        ({"id": 1, "file_name": ""}, "no file name"),
        ({"id": True, "file_name": "a"}, "no id"),
        ({"file_name": "a"}, "no id"),
        (["a"], "not a record"),
        ({"id": 1, "file_name": "a", "width": -1}, "width is impossible"),
        ({"id": 1, "file_name": "a", "frame_num": True}, "frame_num is impossible"),
        ({"id": 1, "file_name": "a", "frame_num": 10**30}, "frame_num is impossible"),
        ({"id": 1, "file_name": "a", "location": ["x"]}, "location is neither text nor number"),
    ],
)
def test_that_what_cannot_be_meant_is_refused_with_a_reason(tmp_path, image, reason):
    good = {"id": "good", "file_name": "good.jpg"}
    records, refused = together(Survey(written(tmp_path, {"images": [image, good]})).images())
    assert refused == [reason]
    assert records[-1].path == "good.jpg"


def test_that_nan_and_halves_of_characters_do_no_harm(tmp_path):
    text = r"""{"images": [{"id": 1, "file_name": "a", "location": NaN}, {"id": 2, "file_name": "\ud800"},
                {"id": 3, "file_name": "c", "note": "\udfff"}],
                "annotations": [{"image_id": 1, "category_id": 0, "bbox": [1, NaN, 2, 3], "count": "11-50"}]}"""
    survey = Survey(written(tmp_path, text))
    images, _ = together(survey.images())
    [annotation], refused = together(survey.annotations())
    kept = [(str(image.key), image.location, image.extra) for image in images]
    assert kept == [("1", None, None), ("3", None, None)]
    assert (annotation.bbox, annotation.count) == (None, 11)
    assert refused == ["box is not four numbers"]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((0, 0, -5, 5), "positive"),
        ((0, 0, 0, 5), "positive"),
        ((float("nan"), 0, 5, 5), "outside"),
        ((200, 0, 5, 5), "outside"),
        ((0.1, 0.1, 0.2, 0.2), "smaller than a pixel"),
    ],
)
def test_that_impossible_boxes_say_why(box, reason):
    with pytest.raises(ValueError, match=reason):
        AnnotationRecord(1, 1, bbox=box).box((100, 50))


@given(st.tuples(st.floats(0, 90), st.floats(0, 40), st.floats(1, 200), st.floats(1, 100)))
def test_that_a_box_lies_inside_its_picture(box):
    try:
        x, y, width, height = AnnotationRecord(1, 1, bbox=box).box((100, 50))
    except ValueError:
        return
    assert x >= 0 and y >= 0 and width > 0 and height > 0
    assert x + width <= 1 + 1e-9 and y + height <= 1 + 1e-9


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2010-07-18 16:26:14", "2010-07-18T16:26:14"),
        ("2010-07-18T16:26:14Z", "2010-07-18T16:26:14"),
        ("2010-07-18 16:26+02", "2010-07-18T16:26:00"),
        ("2010:07:18 16:26:14", "2010-07-18T16:26:14"),
        ("7/18/2010 4:26 PM", "2010-07-18T16:26:00"),
        ("18/07/2010 16:26", "2010-07-18T16:26:00"),
        ("18-JUL-10 16:26:14", "2010-07-18T16:26:14"),
        ("2010-07-18", "2010-07-18T00:00:00"),
        ("0000-00-00 00:00:00", None),
        ("2010-13-18 16:26:14", None),
        ("16:26", None),
        ("2010-07", None),
        ("yesterday", None),
        ("", None),
        ("02.03.2020 4:05", "2020-03-02T04:05:00"),
        ("18.7.13", "2013-07-18T00:00:00"),
        ("2/3/2020 4:05:06.5", "2020-02-03T04:05:06.500000"),
    ],
)
def test_that_times_of_all_usual_forms_are_read(text, time):
    assert read_time(text) == time


@given(st.text(max_size=40))
def test_that_no_text_breaks_the_reading_of_times(text):
    assert read_time(text) is None or "T" in read_time(text)


USUAL = st.datetimes().map(lambda time: time.replace(microsecond=0).isoformat(" "))
NEARLY = st.sampled_from(
    [
        "2012-W01-1 12:00:00",
        "2012-02-30 12:00:00",
        "2012-02-03 12:00",
        "2012-02-03T12:00:00",
        "2012-02-03 12:00:00.123",
    ]
)


@given(st.lists(USUAL | NEARLY | st.none() | st.text(max_size=40), min_size=1, max_size=4))
def test_that_many_times_are_read_as_each_of_them(texts):
    times = read_usual_times(texts)
    assert times is None or times == [read_time(text) for text in texts]


@given(st.lists(USUAL, min_size=1))
def test_that_usual_times_are_read_together(texts):
    assert read_usual_times(texts) == [read_time(text) for text in texts]
