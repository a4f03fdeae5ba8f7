import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.cli import run as camtrap
from camtrap_gui.geometry import crop_window
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import detectors
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.models.detectors import Detection
from camtrap_gui.models.prediction import predictions
from camtrap_gui.problem import Problem
from camtrap_gui.steps import predict
from camtrap_gui.steps.predict import Options

LINES = re.compile(
    r'Prediction finished\. Most likely classes:\n(    "[a-z]+" with confidence \d{1,3}\.\d\d%\n?){4}'
)


@pytest.fixture(scope="session")
def classifier(small_bundle):
    return bundle.load(small_bundle)


@pytest.fixture(autouse=True)
def read_once(classifier, monkeypatch):
    """Building the network takes seconds; reading bundles has tests of its own."""
    monkeypatch.setattr(bundle, "load", lambda folder: classifier)


@pytest.fixture
def survey(tmp_path):
    """Three good pictures, one upside down by EXIF, one broken, and a copy of an earlier run."""
    folder = tmp_path / "survey"
    random = np.random.default_rng(4)
    for name in ("b.jpg", "a/c.jpg", "a/d.png", "a/c_detections.jpg"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
        exif = Image.Exif()
        exif[0x0112] = 6 if name == "a/c.jpg" else 1
        small.resize((240, 160)).save(path, exif=exif)
    (folder / "a" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    return folder


class Corners:
    """A detector that finds an animal left above, a weak one right below and a person in between, in every picture."""

    name, kind, sha256 = "corners", "corners", "0" * 64
    typical_threshold, conservative_threshold = 0.3, 0.05
    categories = ("animal", "person")
    at_least, batch = 64, 2

    def prepare(self, picture):
        return picture.size

    def detect(self, prepared):
        return [
            [
                Detection("animal", 0.9, 0.1, 0.1, 0.2, 0.3),
                Detection("person", 0.5, 0.4, 0.4, 0.1, 0.2),
                Detection("animal", 0.1, 0.7, 0.7, 0.3, 0.3),
            ]
            for _ in prepared
        ]


@pytest.fixture
def corners(monkeypatch):
    monkeypatch.setattr(detectors, "load", lambda name: Corners())


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_that_one_picture_is_answered_in_the_words_of_the_tutorial(small_bundle, survey, capsys, classifier):
    assert camtrap(["predict", str(small_bundle), str(survey / "b.jpg")]) == 0
    said = capsys.readouterr().out
    assert LINES.fullmatch(said)
    scores = classifier.predict([Image.open(survey / "b.jpg")])[0]
    best = classifier.classes[scores.argmax()]
    assert said.splitlines()[1] == f'    "{best}" with confidence {scores.max():.2%}'


def test_that_several_pictures_are_answered_each_after_its_name(small_bundle, survey, capsys):
    assert camtrap(["predict", str(small_bundle), str(survey), "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith((".jpg", ".png"))] == [
        "b.jpg",
        "a/broken.jpg",
        "a/c.jpg",
        "a/d.png",
    ]
    assert lines[lines.index("a/broken.jpg") + 1].startswith("Could not be read: ")
    assert sum("with confidence" in line for line in lines) == 6


def test_that_many_pictures_are_summed_up_by_species(small_bundle, survey, quiet):
    for number in range(25):
        Image.new("RGB", (20, 20), (number * 9, 80, 200 - number * 7)).save(survey / f"{number}.png")
    result = predict.run(None, Options(small_bundle, (survey,)), quiet)
    assert (result.pictures, result.failures, sum(result.species.values())) == (29, 1, 28)
    assert len(result.shown) == 20
    assert "Prediction finished for 29 pictures." in result.text()
    assert "Most likely classes" not in result.text() and "a/broken.jpg" in result.text()


def test_that_only_animals_above_the_threshold_are_classified(
    small_bundle, survey, corners, classifier, quiet
):
    options = Options(small_bundle, (survey / "b.jpg",), detect=True)
    boxes = predict.run(None, options, quiet).shown[0].boxes
    assert [(box.category, round(box.confidence, 2), len(box.species)) for box in boxes] == [
        ("animal", 0.9, 4),
        ("person", 0.5, 0),
    ]
    picture = Image.open(survey / "b.jpg")
    crop = picture.crop(crop_window((0.1, 0.1, 0.2, 0.3), picture.size, classifier.padding))
    scores = classifier.predict([crop])[0]
    assert dict(boxes[0].species) == pytest.approx(
        dict(zip(classifier.classes, scores, strict=True)), abs=1e-5
    )
    lower = predict.run(None, Options(small_bundle, (survey / "b.jpg",), detect=True, threshold=0.05), quiet)
    assert len(lower.shown[0].boxes) == 3


def test_that_table_and_results_tell_the_same(small_bundle, survey, corners, tmp_path):
    table, results = tmp_path / "out" / "boxes.csv", tmp_path / "out" / "results.json"
    command = [
        "predict",
        str(small_bundle),
        str(survey),
        "--detect",
        "--csv",
        str(table),
        "--json",
        str(results),
    ]
    assert camtrap(command) == 0
    content = json.loads(results.read_text(encoding="utf-8"))
    images = {image["file"]: image for image in content["images"]}
    assert set(images) == {"b.jpg", "a/broken.jpg", "a/c.jpg", "a/d.png"}
    assert images["a/broken.jpg"]["failure"].startswith("image access failure: ")
    assert (images["a/c.jpg"]["width"], images["a/c.jpg"]["height"]) == (160, 240), "upright"
    assert content["info"]["detector"] == "corners" and content["info"]["format_version"] == "1.6"

    rows = rows_of(table)
    assert len(rows) == 7
    species = content["classification_categories"]
    for row in rows:
        if row["failure"]:
            assert row["file"] == "a/broken.jpg" and not row["box"]
            continue
        found = images[row["file"]]["detections"][int(row["box"]) - 1]
        assert content["detection_categories"][found["category"]] == row["category"]
        assert float(row["detection_confidence"]) == pytest.approx(found["conf"], abs=0.0011)
        assert float(row["x"]) == pytest.approx(found["bbox"][0], abs=0.0002)
        if row["category"] == "animal":
            assert species[found["classifications"][0][0]] == row["species_1"]
        else:
            assert "classifications" not in found and not row["species_1"]


def test_that_a_whole_picture_is_one_box_in_the_results(small_bundle, survey, tmp_path, quiet):
    predict.run(None, Options(small_bundle, (survey / "b.jpg",), json=tmp_path / "r.json"), quiet)
    content = json.loads((tmp_path / "r.json").read_text())
    (found,) = content["images"][0]["detections"]
    assert (found["conf"], found["bbox"]) == (1.0, [0.0, 0.0, 1.0, 1.0])
    assert len(found["classifications"]) == 4


def test_that_copies_with_boxes_go_to_the_folder_asked_for(small_bundle, survey, corners, tmp_path, quiet):
    before = {path: path.read_bytes() for path in survey.rglob("*.*")}
    predict.run(None, Options(small_bundle, (survey,), detect=True, output=tmp_path / "copies"), quiet)
    copies = {path.relative_to(tmp_path / "copies").as_posix() for path in (tmp_path / "copies").rglob("*.*")}
    assert copies == {"b_detections.jpg", "a/c_detections.jpg", "a/d_detections.png"}
    assert {path: path.read_bytes() for path in survey.rglob("*.*")} == before
    with Image.open(tmp_path / "copies" / "a" / "c_detections.jpg") as copy:
        assert copy.width / copy.height == pytest.approx(160 / 240) and not copy.getexif()


def test_that_copies_never_go_beside_the_originals_unless_asked(small_bundle, survey, quiet):
    before = sorted(survey.rglob("*"))
    with pytest.raises(Problem, match="--beside"):
        predict.run(None, Options(small_bundle, (survey,), output=survey), quiet)
    assert sorted(survey.rglob("*")) == before
    predict.run(None, Options(small_bundle, (survey / "b.jpg",), beside=True), quiet)
    assert (survey / "b_detections.jpg").is_file()


def test_that_stopping_leaves_whole_copies_only(small_bundle, survey, tmp_path):
    def report(progress):
        if progress.done == 2:
            raise Cancelled

    out = tmp_path / "out"
    options = Options(small_bundle, (survey,), output=out / "copies", csv=out / "t.csv", json=out / "r.json")
    with pytest.raises(Cancelled):
        predict.run(None, options, report)
    left = [path for path in out.rglob("*") if path.is_file()]
    assert all("_detections" in path.name for path in left)
    for path in left:
        with Image.open(path) as copy:
            copy.load()


@pytest.mark.parametrize("images", [(), ("nowhere.jpg",), ("empty",)])
def test_that_pictures_that_are_not_there_are_a_problem(small_bundle, tmp_path, images):
    (tmp_path / "empty").mkdir()
    assert camtrap(["predict", str(small_bundle), *(str(tmp_path / name) for name in images)]) == 2


def test_that_a_folder_that_is_no_classifier_is_a_problem(tmp_path, survey, monkeypatch):
    monkeypatch.undo()
    assert camtrap(["predict", str(tmp_path), str(survey)]) == 2
    assert camtrap(["predict", str(tmp_path / "none"), str(survey)]) == 2


def test_that_the_pictures_are_handed_out_for_those_who_ask(classifier, survey):
    found = list(predictions(classifier, [survey / "b.jpg", survey / "a" / "broken.jpg"], keep_pictures=True))
    assert [None if picture is None else picture.size for _, picture in found] == [(240, 160), None]
    assert [picture for _, picture in predictions(classifier, [survey / "b.jpg"])] == [None]


def test_that_real_animals_are_found_and_classified(small_bundle, testdata, installed_models, quiet):
    """With the default detector on the awkward files: greyscale, CMYK, rotated and truncated pictures."""
    options = Options(small_bundle, (testdata / "images" / "awkward_files",), detect=True, threshold=0.5)
    result = predict.run(None, options, quiet)
    animals = {picture.name: sum(bool(box.species) for box in picture.boxes) for picture in result.shown}
    for name in ("", "_bw", "_cmyk", "_with_exif_orientation"):
        assert animals[f"african_elephants{name}.jpg"] >= 3
    assert animals["blank.jpg"] == 0
    assert [name for name, _ in result.failed] == ["african_elephants_truncated_file.jpg"]


def test_that_a_kept_answer_is_not_asked_for_again_until_picture_or_question_change(
    survey, classifier, small_bundle, corners, monkeypatch, tmp_path, quiet
):
    looked = []
    prepare = Corners.prepare
    monkeypatch.setattr(Corners, "prepare", lambda self, it: looked.append(it) or prepare(self, it))
    options = Options(
        small_bundle, (survey,), detect=True, answers=tmp_path / "answers", csv=tmp_path / "table.csv"
    )

    def stop_at_the_second(progress):
        if progress.done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        predict.run(None, options, stop_at_the_second)
    looked.clear()
    first = predict.run(None, options, quiet)
    assert 0 < len(looked) < 3 and first.failures == 1
    looked.clear()
    table = (tmp_path / "table.csv").read_bytes()
    again = predict.run(None, replace(options, output=tmp_path / "copies"), quiet)
    assert looked == [] and again.shown == first.shown
    assert (tmp_path / "table.csv").read_bytes() == table
    assert len(list((tmp_path / "copies").rglob("*.*"))) == 3
    Image.new("RGB", (30, 20)).save(survey / "b.jpg")
    predict.run(None, options, quiet)
    assert len(looked) == 1
    looked.clear()
    predict.run(None, replace(options, threshold=0.05), quiet)
    assert len(looked) == 3


def test_that_answers_are_not_kept_in_a_file_of_another_kind(
    survey, classifier, small_bundle, tmp_path, quiet
):
    (tmp_path / "notes.txt").write_text("dear diary, " * 200)
    with pytest.raises(Problem, match="Choose another file"):
        predict.run(None, Options(small_bundle, (survey,), answers=tmp_path / "notes.txt"), quiet)
    assert (tmp_path / "notes.txt").read_text().startswith("dear diary")


def test_that_copies_show_what_was_looked_at_with_a_table(small_bundle, survey, corners, tmp_path, quiet):
    folder = tmp_path / "why"
    result = predict.run(None, Options(small_bundle, (survey,), detect=True, explain=folder), quiet)
    assert folder in result.written
    made = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert made == [
        "a/c_explained.jpg",
        "a/d_explained.png",
        "b_explained.jpg",
        "explained.csv",
        "explained.json",
    ]
    rows = rows_of(folder / "explained.csv")
    said = {picture.name: picture.boxes[0].species[0] for picture in result.shown if picture.boxes}
    assert {row["file"]: (row["box"], row["species"], row["confidence"]) for row in rows} == {
        name: ("1", species, f"{confidence:.4f}") for name, (species, confidence) in said.items()
    }
    assert {row["like_1"] for row in rows} == {""}  # the bundle is of no project
    for row, plain in zip(
        rows, json.loads((folder / "explained.json").read_text())["explanations"], strict=True
    ):
        assert (plain["file"], plain["box"], plain["species"]) == (
            row["file"],
            int(row["box"]),
            row["species"],
        )
        assert 0 <= np.min(plain["heat"]) <= np.max(plain["heat"]) == 1 and len(plain["area"]) == 4
        assert plain["likest"] == [] and plain["confidence"] == pytest.approx(float(row["confidence"]))
    with Image.open(folder / "a" / "d_explained.png") as copy, Image.open(survey / "a" / "d.png") as picture:
        assert np.asarray(copy).shape[2] == 3 and copy.size[0] >= picture.size[0]
    assert len(list(predict.ChosenPictures((folder,)))) == 0


def test_that_explanations_do_not_go_among_the_pictures(small_bundle, survey, quiet):
    with pytest.raises(Problem, match="--explain"):
        predict.run(None, Options(small_bundle, (survey,), explain=survey), quiet)
