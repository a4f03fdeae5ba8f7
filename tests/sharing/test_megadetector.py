"""Projects as MegaDetector results: valid by every published rule, and the same when they come back."""

import json
import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, detections
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import file_names, megadetector
from camtrap_gui.steps import results
from tests import reviewable


def quiet(_):
    pass


def written(project, path, rules=None):
    made = megadetector.write(project, path, quiet, rules)
    return made, json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def survey(tmp_path):
    """Suggestions, labels by a source and by people, boxes, a failure, an image nobody has seen."""
    with Project.open(reviewable.make(tmp_path)) as project:
        with project.write() as db:
            db.execute("UPDATE detected SET problem = 'truncated file' WHERE image_id = 6")
            db.execute("DELETE FROM detected WHERE image_id = 12")
            db.execute("UPDATE detections SET category = 'drone', confidence = 0.123456 WHERE id = 11")
            db.execute("UPDATE images SET problem = 'missing' WHERE id = 10")
            db.execute("DELETE FROM detections WHERE image_id = 10")
        decisions.label(project, [2], [Said("lion", 3)], author="Ana")
        decisions.move_box(project, 2, ("detection", 1002), (1 / 3, 0.5, 0.1, 0.1), author="Ana")
        decisions.label(project, [3], [Said("empty")], author="Ana")
        decisions.reject(project, [4])
        decisions.label(project, [5], [Said("okapi")], author="Ana")
        yield project


@pytest.fixture
def content(survey, tmp_path):
    return written(survey, tmp_path / "r.json")[1]


def all_detections(content):
    return [(image, one) for image in content["images"] for one in image["detections"] or ()]


# The rules of MegaDetector's own validator and of the description of format 1.6, one by one.


def test_rule_that_info_says_the_version_as_text(content):
    assert isinstance(content["info"], dict) and content["info"]["format_version"] == "1.6"


def test_rule_that_times_are_written_as_they_should(content):
    for name in ("detection_completion_time", "classification_completion_time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", content["info"][name])


def test_rule_that_there_is_nothing_beside_the_members_that_are_known(content):
    assert set(content) <= {"info", "images", "detection_categories", "classification_categories"}


@pytest.mark.parametrize("table", ["detection_categories", "classification_categories"])
def test_rule_that_categories_are_whole_numbers_as_text_with_names(content, table):
    assert content[table]
    for number, name in content[table].items():
        assert re.fullmatch(r"0|[1-9]\d*", number) and isinstance(name, str) and name.strip()


def test_rule_that_zero_is_no_category_of_detections(content):
    assert "0" not in content["detection_categories"]
    assert {"animal": "1", "person": "2", "vehicle": "3"}.items() <= {
        name: number for number, name in content["detection_categories"].items()
    }.items()


def test_rule_that_each_image_has_a_file_name_of_its_own_with_forward_slashes(content):
    names = [image["file"] for image in content["images"]]
    assert len(set(names)) == len(names) and all(name and "\\" not in name for name in names)


def test_rule_that_an_image_has_either_a_failure_or_a_list_of_detections(content):
    for image in content["images"]:
        if "failure" in image:
            assert isinstance(image["failure"], str) and image["failure"] and image["detections"] is None
        else:
            assert isinstance(image["detections"], list)
    assert sum("failure" in image for image in content["images"]) == 2


def test_rule_that_detections_are_of_known_categories(content):
    assert all(one["category"] in content["detection_categories"] for _, one in all_detections(content))


def test_rule_that_confidences_are_fractions_and_not_whole_numbers(content):
    assert all(isinstance(one["conf"], float) and 0 <= one["conf"] <= 1 for _, one in all_detections(content))


def test_rule_that_boxes_are_four_fractions_inside_the_picture(content):
    for _, one in all_detections(content):
        x, y, width, height = one["bbox"]
        assert min(x, y) >= 0 and min(width, height) > 0 and x + width <= 1 and y + height <= 1


def test_rule_that_detections_fall_in_confidence(content):
    for image in content["images"]:
        confidences = [one["conf"] for one in image["detections"] or ()]
        assert confidences == sorted(confidences, reverse=True)


def test_rule_that_classifications_are_known_and_fall_in_confidence(content):
    said = [one["classifications"] for _, one in all_detections(content) if "classifications" in one]
    assert said
    for pairs in said:
        assert [share for _, share in pairs] == sorted((share for _, share in pairs), reverse=True)
        for number, share in pairs:
            assert isinstance(number, str) and number in content["classification_categories"]
            assert isinstance(share, int | float) and 0 <= share <= 1


def test_rule_that_nothing_is_said_of_videos(content):
    assert not any("frame_rate" in image for image in content["images"])


def test_that_the_file_says_who_found_it_and_from_which_confidence_on(content):
    info = content["info"]
    assert info["detector"] == "d" and info["classifier"] == "labels, a-run"
    assert info["detector_metadata"] == {
        "typical_detection_threshold": 0.5,
        "conservative_detection_threshold": 0.1,
        "sha256": "x",
    }


def test_that_people_have_the_last_word(content):
    names = content["classification_categories"]
    by_file = {image["file"]: image for image in content["images"]}

    def said(number):
        return [
            (one["category"], one["conf"], [(names[n], share) for n, share in one.get("classifications", [])])
            for one in by_file[f"{number:03}.jpg"]["detections"]
        ]

    assert said(2) == [("1", 1.0, [("lion", 1.0)])] * 3
    assert [0.3333333, 0.5, 0.1, 0.1] in [one["bbox"] for one in by_file["002.jpg"]["detections"]]
    assert said(3) == said(4) == []
    assert said(5) == [("1", 0.9, [("okapi", 1.0)])]
    assert said(7)[0][2] == [("lion", 0.8), ("gnu", 0.15), ("zebra", 0.05)]
    [drone] = said(11)
    assert content["detection_categories"][drone[0]] == "drone" and drone[1] == 0.123456


def test_that_what_nobody_has_looked_at_is_left_out_and_counted(survey, tmp_path):
    made, content = written(survey, tmp_path / "r.json")
    assert "012.jpg" not in [image["file"] for image in content["images"]]
    assert (made.images, made.left_out, made.failures) == (11, 1, 2)
    assert made.detections == len(all_detections(content))


def test_that_a_threshold_can_be_given(survey, tmp_path):
    _, content = written(survey, tmp_path / "r.json", Rules(low=0.5))
    assert min(one["conf"] for _, one in all_detections(content)) >= 0.5


def test_that_without_anything_to_tell_no_file_is_written(project, tmp_path):
    with pytest.raises(Problem, match="camtrap detect"):
        megadetector.write(project, tmp_path / "r.json", quiet)
    assert not (tmp_path / "r.json").exists()


def test_that_images_of_several_folders_are_named_from_the_one_around_them(project, tmp_path):
    with project.write() as db:
        for number, place in enumerate(("wet/a", "dry"), start=1):
            db.execute("INSERT INTO roots VALUES (?, ?)", (number, str(tmp_path / place)))
            db.execute("INSERT INTO images (key, root_id, path) VALUES ('1', ?, 'C/1.jpg')", (number,))
        db.execute("INSERT INTO detectors VALUES (1, 'x', 'd', 'k', 0.5, 0.1, '')")
        db.execute("INSERT INTO detected SELECT 1, id, NULL FROM images")
    _, content = written(project, tmp_path / "r.json")
    assert [image["file"] for image in content["images"]] == ["wet/a/C/1.jpg", "dry/C/1.jpg"]
    assert file_names.start(project) == tmp_path


fractions = st.floats(0, 1, width=32)


@st.composite
def found(draw):
    x, y = draw(st.floats(0, 0.98)), draw(st.floats(0, 0.98))
    width, height = (draw(st.floats(1e-5, 1 - start)) for start in (x, y))
    top = draw(
        st.lists(st.tuples(st.sampled_from("abcde"), fractions), max_size=4, unique_by=lambda pair: pair[0])
    )
    return (
        draw(st.sampled_from(["animal", "person", "vehicle", "drone"])),
        draw(st.floats(0.1, 1)),
        (x, y, width, height),
        sorted(top, key=lambda pair: -pair[1]),
    )


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.lists(found(), max_size=4), min_size=1, max_size=6))
def test_that_every_project_comes_back_as_it_was(tmp_path_factory, images):
    """``images``: what was found in each, None where it could not be read."""
    folder = tmp_path_factory.mktemp("project")
    ids = count(1)
    with Project.create(folder / "one") as one, Project.create(folder / "other") as other:
        for project in (one, other):
            with project.write() as db:
                db.execute("INSERT INTO roots VALUES (1, '/pictures')")
                db.executemany(
                    "INSERT INTO images (key, root_id, path) VALUES (?1, 1, ?1)",
                    [(f"{number:02}.jpg",) for number in range(len(images))],
                )
        with one.write() as db:
            db.execute("INSERT INTO detectors VALUES (1, ?, 'd', 'k', 0.5, 0.1, '')", ("ab" * 32,))
            for image_id, some in enumerate(images, start=1):
                problem = "bad" if some is None else None
                db.execute("INSERT INTO detected VALUES (1, ?, ?)", (image_id, problem))
                for category, confidence, box, top in some or ():
                    number = next(ids)
                    db.execute(
                        "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
                        " VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
                        (number, image_id, category, confidence, *box),
                    )
                    if top and category == "animal" and confidence >= 0.5:
                        db.execute(
                            "INSERT INTO suggestions (detection_id, image_id, run_id, top) VALUES (?, ?, 'r', ?)",
                            (number, image_id, json.dumps(top)),
                        )
        megadetector.write(one, folder / "r.json", quiet)
        results.run(other, results.Options(folder / "r.json"), quiet)
        detector = detections.latest_detector(other)
        assert (detector.sha256, detector.name, detector.typical_threshold) == ("ab" * 32, "d", 0.5)
        assert content_of(other) == [approximately(row) for row in content_of(one)]


def content_of(project):
    rows = project.db.execute(
        "SELECT path, detected.problem, category, d.confidence, x, y, d.width, d.height, top FROM detected"
        " JOIN images ON images.id = detected.image_id LEFT JOIN detections AS d ON d.image_id = images.id"
        " LEFT JOIN suggestions ON detection_id = d.id"
        " ORDER BY path, d.confidence DESC, d.id"
    )
    told = []
    for *most, top in map(tuple, rows):
        told.append((*most, *(part for pair in json.loads(top or "[]") for part in pair)))
    return told


def approximately(row):
    return tuple(pytest.approx(value, abs=1.01e-6) if isinstance(value, float) else value for value in row)
