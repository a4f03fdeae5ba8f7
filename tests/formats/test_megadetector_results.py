import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import megadetector_results as md
from camtrap_gui.formats.megadetector_reading import VIDEO_ENDINGS, ResultsFile

SPECIES = ("empty", "lion", "Grant's gazelle", "zèbre", '"quoted"')
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\\\0"), min_size=1, max_size=20
).filter(lambda name: name.strip() and not name.lower().endswith(tuple(VIDEO_ENDINGS)))
fractions = st.floats(0, 1)
sizes = st.floats(0.01, 1)
NOBODY = md.Info()


@st.composite
def detections(draw):
    x, y = draw(st.floats(0, 0.98)), draw(st.floats(0, 0.98))
    ranked = draw(
        st.lists(st.tuples(st.sampled_from(SPECIES), fractions), max_size=4, unique_by=lambda p: p[0])
    )
    return md.Detection(
        draw(st.sampled_from(["animal", "person", "vehicle", "bird"])),
        draw(fractions),
        (x, y, min(draw(sizes), 1 - x), min(draw(sizes), 1 - y)),
        tuple(ranked),
    )


@st.composite
def images(draw):
    failure = draw(st.one_of(st.just(""), names))
    found = [] if failure else draw(st.lists(detections(), max_size=3))
    size = draw(st.one_of(st.none(), st.integers(1, 10_000)))
    return md.ImageResult(draw(names), tuple(found), failure, size, size)


def write(path, results, info=NOBODY, species=SPECIES, **others):
    with md.writing(path, info, species, ("animal", "person", "vehicle", "bird"), **others) as add:
        for image in results:
            add(image)


def read(path):
    return [image for batch in ResultsFile(path).batches() for image in batch.images]


@settings(deadline=None, max_examples=60)
@given(st.lists(images(), max_size=6, unique_by=lambda image: image.file))
def test_that_what_is_written_is_valid_and_read_back(tmp_path_factory, results):
    path = tmp_path_factory.mktemp("md") / "results.json"
    write(path, results)
    assert_valid(json.loads(path.read_text(encoding="utf-8")))

    back = read(path)
    assert [image.file for image in back] == [image.file for image in results]
    for image, source in zip(back, results, strict=True):
        assert (image.failure, image.width) == (source.failure, source.width)
        expected = sorted(source.detections, key=lambda detection: -detection.confidence)
        for found, meant in zip(image.detections, expected, strict=True):
            assert found.category == meant.category
            assert 0 <= meant.confidence - found.confidence < 0.001 or math.isclose(
                meant.confidence, found.confidence, abs_tol=1e-6
            )
            assert found.box == pytest.approx(meant.box, abs=1.01e-4)
            ranked = sorted(meant.classifications, key=lambda pair: -pair[1])
            assert [name for name, _ in found.classifications] == [name for name, _ in ranked]

    again = path.with_name("again.json")
    write(again, back)
    assert json.loads(again.read_text("utf-8"))["images"] == json.loads(path.read_text("utf-8"))["images"]


def assert_valid(content):
    """The rules of MegaDetector's own validate_batch_results.py."""
    info = content["info"]
    assert isinstance(info["format_version"], str) and float(info["format_version"]) == 1.6
    for table in ("detection_categories", "classification_categories"):
        for key, name in content.get(table, {}).items():
            assert isinstance(key, str) and int(key) >= 0
            assert isinstance(name, str) and name.strip()
    for image in content["images"]:
        assert isinstance(image["file"], str) and "\\" not in image["file"]
        if image.get("failure") is not None:
            assert isinstance(image["failure"], str) and image["detections"] is None
            continue
        confidences = [found["conf"] for found in image["detections"]]
        assert confidences == sorted(confidences, reverse=True)
        for found in image["detections"]:
            assert found["category"] in content["detection_categories"]
            assert isinstance(found["conf"], float) and len(found["bbox"]) == 4
            assert all(isinstance(value, float) and 0 <= value <= 1 for value in found["bbox"])
            ranks = [value for _, value in found.get("classifications", [])]
            assert ranks == sorted(ranks, reverse=True)
            for number, _ in found.get("classifications", []):
                assert isinstance(number, str) and number in content["classification_categories"]


def test_that_numbers_are_cut_and_not_rounded(tmp_path):
    found = md.Detection("animal", 0.79999, (0.12349, 0.0029, 1.0, 0.3), (("lion", 0.99999),))
    write(tmp_path / "r.json", [md.ImageResult("a.jpg", (found,))])
    written = json.loads((tmp_path / "r.json").read_text())["images"][0]["detections"][0]
    assert written["conf"] == 0.799
    assert written["bbox"] == [0.1234, 0.0029, 1.0, 0.3]
    assert written["classifications"] == [["1", 0.9999]]


def test_that_info_names_who_made_the_results_and_when(tmp_path):
    info = md.Info("yolo", {"typical_detection_threshold": 0.2}, "mine", {"x": 1})
    write(tmp_path / "r.json", [], info)
    written = json.loads((tmp_path / "r.json").read_text())["info"]
    assert written["detector"] == "yolo" and written["classifier_metadata"] == {"x": 1}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", written["classification_completion_time"])


@pytest.mark.parametrize(
    "image",
    [
        md.ImageResult("b.jpg", (md.Detection("bear", 0.5, (0, 0, 1, 1)),)),
        md.ImageResult("b.jpg", (md.Detection("animal", 1.5, (0, 0, 1, 1)),)),
        md.ImageResult("b.jpg", (md.Detection("animal", float("nan"), (0, 0, 1, 1)),)),
        md.ImageResult("b.jpg", (md.Detection("animal", 0.5, (-0.1, 0, 1, 1)),)),
        md.ImageResult("b.jpg", (md.Detection("animal", 0.5, (0, 0, 1, 1), (("dragon", 0.5),)),)),
        md.ImageResult("b.jpg", (md.Detection("animal", 0.5, (0, 0, 1, 1)),), "inference failure"),
        md.ImageResult("sub\\b.jpg"),
        md.ImageResult(""),
    ],
)
def test_that_the_writer_refuses_what_the_format_forbids_and_leaves_no_file(tmp_path, image):
    with pytest.raises(ValueError, match=r"."):
        write(tmp_path / "r.json", [md.ImageResult("a.jpg"), image])
    assert list(tmp_path.iterdir()) == []


def test_that_nothing_is_lost_where_that_is_asked_for(tmp_path):
    box = (1 / 3, 2 / 7, 0.123456789, 0.00001)
    found = md.Detection("animal", 0.123456, box, (("lion", 0.87654321),))
    write(tmp_path / "r.json", [md.ImageResult("a.jpg", (found,))], digits=md.EXACT)
    [[back]] = [image.detections for image in read(tmp_path / "r.json")]
    assert back.box == pytest.approx(box, abs=1e-7) and back.confidence == 0.123456
    assert back.classifications == (("lion", 0.876543),)


def test_that_species_may_come_as_they_are_met(tmp_path):
    found = md.Detection("animal", 0.5, (0, 0, 1, 1), (("aardvark", 0.5), ("lion", 0.4)))
    write(tmp_path / "r.json", [md.ImageResult("a.jpg", (found,))], species=("lion",), more_species=True)
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["classification_categories"] == {"0": "lion", "1": "aardvark"}
    assert_valid(content)
