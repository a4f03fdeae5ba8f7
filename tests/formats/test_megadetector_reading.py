"""Results of every age and of other programs: what is read, what is refused, and that nothing else ever happens."""

import copy
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import megadetector_reading
from camtrap_gui.formats.megadetector_reading import NO_BOX, NO_CATEGORY, NO_CONFIDENCE, VIDEO, ResultsFile
from camtrap_gui.formats.megadetector_results import Detection, ImageResult
from camtrap_gui.problem import Problem

BOX = [0.1, 0.2, 0.3, 0.4]
CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}


def read(path):
    images, refused = [], []
    for batch in ResultsFile(path).batches():
        images += batch.images
        refused += batch.refused
    return images, refused


def file_with(path, *images, **others):
    path.write_text(json.dumps({"images": list(images), "detection_categories": CATEGORIES, **others}))
    return path


def animal(**others):
    return {"category": "1", "conf": 0.9, "bbox": BOX, **others}


VERSIONS = {
    # 1.0 had vehicles as "4" before MegaDetector 4, always max_detection_conf, and no failures.
    "1.0": {
        "info": {"detector": "megadetector_v3", "format_version": "1.0"},
        "detection_categories": {"1": "animal", "2": "person", "4": "vehicle"},
        "images": [
            {"file": "a.jpg", "max_detection_conf": 0.9, "detections": [animal(), animal(category="4", conf=0.8)]},
        ],
    },
    "1.1": {
        "info": {"detector": "models/md_v4.1.0.pb", "format_version": "1.1", "classifier": "c"},
        "detection_categories": CATEGORIES,
        "classification_categories": {"0": "fox", "1": "elk"},
        "images": [
            {"file": "a.jpg", "meta": "", "max_detection_conf": 0.9,
             "detections": [animal(classifications=[["0", 0.9], ["1", 0.1]]), animal(category="3", conf=0.8)]},
            {"file": "b.jpg", "failure": "Failure image access", "max_detection_conf": 0.0, "detections": None},
        ],
    },
    "1.2": {
        "info": {
            "detector": "md_v5a.0.0.pt", "format_version": 1.2,
            "detector_metadata": {"megadetector_version": "v5a.0.0", "typical_detection_threshold": 0.2},
        },
        "detection_categories": CATEGORIES,
        "images": [
            {"file": "a.jpg", "max_detection_conf": 0.9, "detections": [animal(), animal(category="3", conf=0.8)]},
            {"file": "b.jpg", "failure": "Failure image access"},
        ],
    },
    "1.3": {
        "images": [
            {"file": "a.jpg", "detections": [animal(), animal(category="3", conf=0.8)]},
            {"file": "b.jpg", "failure": "image access failure", "detections": None},
        ],
        "detection_categories": CATEGORIES,
        "info": {"format_version": "1.3", "detector": "md_v5b.0.0.pt", "summary_report": "<html>"},
    },
    "1.4": {
        "images": [
            {"file": "a.jpg", "detections": [animal(), animal(category="3", conf=0.8)]},
            {"file": "clip.mp4", "frame_rate": 30.0, "detections": [animal(frame_number=5)]},
        ],
        "detection_categories": CATEGORIES,
        "info": {"format_version": "1.4"},
    },
    "1.5": {
        "images": [
            {"file": "a.jpg", "detections": [animal(), animal(category="3", conf=0.8)]},
            {"file": "clip.AVI", "frame_rate": 30.0, "frames_processed": [0, 30], "detections": []},
        ],
        "detection_categories": CATEGORIES,
        "info": {"format_version": "1.5"},
    },
    "1.6": {
        "images": [
            {"file": "a.jpg", "width": 640, "height": 480, "datetime": "2024-05-01 10:00:00",
             "detections": [animal(classifications=[["7", 0.75]]), animal(category="3", conf=0.8)]},
            {"file": "b.jpg", "failure": "inference failure", "detections": None},
        ],
        "detection_categories": CATEGORIES,
        "classification_categories": {"7": "red fox"},
        "classification_category_descriptions": {"7": "mammalia;carnivora;canidae;vulpes;vulpes"},
        "info": {"format_version": "1.6", "detector": "md_v1000.0.0-redwood.pt", "classifier": "speciesnet"},
    },
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_that_every_version_is_read(tmp_path, version):
    (tmp_path / "r.json").write_text(json.dumps(VERSIONS[version]))
    images, refused = read(tmp_path / "r.json")
    first = images[0]
    assert [(one.category, one.confidence, one.box) for one in first.detections] == [
        ("animal", 0.9, tuple(BOX)),
        ("vehicle", 0.8, tuple(BOX)),
    ]
    if version in ("1.4", "1.5"):
        assert [(one.subject[:4], one.reason) for one in refused] == [("clip", VIDEO)]
    else:
        assert refused == [] and [image.failure != "" for image in images[1:]] == [True] * (version != "1.0")
    said = {"1.1": (("fox", 0.9), ("elk", 0.1)), "1.6": (("red fox", 0.75),)}
    assert first.detections[0].classifications == said.get(version, ())


def test_that_the_file_says_who_made_it_without_the_folder(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(VERSIONS["1.1"]))
    results = ResultsFile(tmp_path / "r.json")
    assert (results.detector, results.classifier, results.count) == ("md_v4.1.0.pb", "c", 2)
    (tmp_path / "r.json").write_text(json.dumps(VERSIONS["1.2"]))
    assert ResultsFile(tmp_path / "r.json").metadata["typical_detection_threshold"] == 0.2
    assert (
        ResultsFile(file_with(tmp_path / "n.json", info={"detector": 3, "detector_metadata": []})).detector
        == ""
    )


def test_that_what_other_programs_write_is_understood(tmp_path):
    path = file_with(
        tmp_path / "r.json",
        {
            "file": "a\\b.jpg",
            "detections": [
                {"category": 1, "conf": "0.5", "bbox": [-0.01, 0.5, 0.2, 0.6], "classifications": [[7, 1]]},
                animal(category=2.0, conf=1, bbox=[0, 0, 1, 1], classifications=None),
                animal(category=1, conf=-0.7),
            ],
        },
        {"file": "d.jpg", "failure": None, "detections": []},
        {"file": "e.jpg"},
        classification_categories={"7": "lion"},
    )
    (first, empty, none), refused = read(path)
    assert first.file == "a/b.jpg" and refused == []
    assert first.detections == (
        Detection("person", 1.0, (0.0, 0.0, 1.0, 1.0)),
        Detection("animal", 0.7, tuple(BOX), rejected=True),
        Detection("animal", 0.5, (0.0, 0.5, pytest.approx(0.19), 0.5), (("lion", 1.0),)),
    )
    assert empty == ImageResult("d.jpg") and none.failure == "no detections were stored"


def test_that_what_cannot_be_meant_is_refused_piece_by_piece(tmp_path):
    path = file_with(
        tmp_path / "r.json",
        {
            "file": "a.jpg",
            "detections": [animal(category="9"), animal(bbox=[0, 0, 0, 1]), animal(conf=7), animal()],
        },
        {
            "file": "b.jpg",
            "detections": [animal(bbox=[1, 2, 3]), animal(conf="sure"), "box", animal(bbox="here")],
        },
        {"file": "c.jpg", "detections": {"1": 2}},
        {"file": ""},
        {"file": ["x"]},
        17,
    )
    images, refused = read(path)
    assert [(image.file, len(image.detections)) for image in images] == [
        ("a.jpg", 1),
        ("b.jpg", 0),
        ("c.jpg", 0),
    ]
    assert images[2].failure
    reasons = [one.reason for one in refused]
    assert (
        reasons.count(NO_BOX) == 3 and reasons.count(NO_CONFIDENCE) == 2 and reasons.count(NO_CATEGORY) == 1
    )
    assert reasons.count("no file name") == 3


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"images": 3}', "{" * 100_000, "\xff", '{"images": []}', '{"images": [], "detection_categories": []}',
     '{"images": [{"file": "a', '{"images": [{"file": "a"} {}], "detection_categories": {}}'],
)  # fmt: skip
def test_that_another_file_is_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "r.json").write_text(content, encoding="latin-1")
    with pytest.raises(Problem, match=r"r\.json"):
        read(tmp_path / "r.json")


def test_that_a_survey_is_sent_to_where_it_belongs(tmp_path):
    (tmp_path / "r.json").write_text('{"images": [], "annotations": [], "categories": []}')
    with pytest.raises(Problem, match="camtrap dataset"):
        ResultsFile(tmp_path / "r.json")


def test_that_a_large_file_is_read_piece_by_piece_and_sampled_all_over(tmp_path):
    images = ({"file": f"{n:05}.jpg", "detections": [animal()] * (n % 3)} for n in range(40_000))
    path = file_with(tmp_path / "r.json", *images)
    batches = list(ResultsFile(path).batches())
    assert len(batches) > 3 and sum(batch.count for batch in batches) == 40_000
    names = [image.file for image in ResultsFile(path).samples(pieces=10, each=5)]
    assert len(names) < 100 and names[0] == "00000.jpg" and names[-1] > "30000.jpg"


def test_that_a_results_file_is_known_at_a_glance(tmp_path):
    first = file_with(tmp_path / "first.json", {"file": "a"})
    survey = tmp_path / "survey.json"
    survey.write_text('{"images": [], "annotations": [], "categories": []}')
    known = megadetector_reading.is_results_file
    assert known(first) and not known(survey) and not known(tmp_path / "gone.json")


def test_that_the_detections_of_a_real_detector_are_read(testdata):
    images, refused = read(testdata / "expected" / "mdlite_results.json")
    assert len(images) > 60 and refused == [] and any(image.detections for image in images)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), value=plain, times=st.integers(1, 3))
def test_that_any_change_of_the_structure_is_read_or_refused_in_a_sentence(tmp_path, seed, value, times):
    chance = random.Random(seed)
    content = json.loads(json.dumps(chance.choice(list(VERSIONS.values()))))
    for _ in range(times):
        change_somewhere(content, value, chance)
    (tmp_path / "r.json").write_text(json.dumps(content))
    assert_sound(tmp_path / "r.json")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), noise=st.binary(min_size=1, max_size=4))
def test_that_any_change_of_the_bytes_is_read_or_refused_in_a_sentence(tmp_path, seed, noise):
    chance = random.Random(seed)
    content = bytearray(
        json.dumps(chance.choice(list(VERSIONS.values())), indent=chance.choice([None, 1])).encode()
    )
    start = chance.randrange(len(content))
    content[start : start + chance.choice([0, 1, len(noise), 40])] = noise * chance.choice([1, 1, 50])
    (tmp_path / "r.json").write_bytes(content[: chance.choice([None, None, start])])
    assert_sound(tmp_path / "r.json")


def change_somewhere(content, value, chance):
    """Replace, remove, double or rename something at a random depth."""
    here = content
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(here[key], dict | list) and chance.random() < 0.75:
            here = here[key]
            continue
        what = chance.choice(["replace", "remove", "double"])
        if what == "replace":
            here[key] = copy.deepcopy(value)
        elif what == "remove":
            del here[key]
        elif isinstance(here, list):
            here.append(copy.deepcopy(here[key]))
        else:
            here[f"{key}2"] = here.pop(key)
        return


def assert_sound(path):
    try:
        images, refused = read(path)
    except Problem as problem:
        assert str(problem)
        return
    for image in images:
        assert isinstance(image, ImageResult) and image.file.strip()
        image.file.encode()
        for one in image.detections:
            x, y, width, height = one.box
            assert 0 <= one.confidence <= 1 and width > 0 and height > 0
            assert x >= 0 and y >= 0 and x + width <= 1 + 1e-9 and y + height <= 1 + 1e-9
            assert all(0 <= share <= 1 for _, share in one.classifications)
    assert all(one.subject.encode() is not None and one.reason for one in refused)
