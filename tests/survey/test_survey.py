"""Surveys on disk: files, metadata, what is known about them, stopping and continuing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from camtrap_gui import pictures, survey
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.survey import ABOUT, awkward
from camtrap_gui.survey.plan import Plan

ROOT = Path(__file__).parents[2]


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_that_the_json_names_every_picture_and_only_the_missing_one_is_missing(small_survey):
    known = json.loads(small_survey.json.read_text())
    names = {image["file_name"] for image in known["images"]}
    there = {path.relative_to(small_survey.folder).as_posix() for path in small_survey.folder.rglob("*.JPG")}
    plan = Plan(24, 3)
    missing = {
        shot.file
        for camera in plan.cameras()
        for shot in plan.shots(camera)
        if awkward.kinds(plan).get(shot.index) == "missing"
    }
    assert len(names) == 24 and len(missing) == 1 and there == names - missing


def test_that_the_json_is_coco_camera_traps(small_survey):
    known = json.loads(small_survey.json.read_text())
    ids = {image["id"] for image in known["images"]}
    assert known["info"]["version"] and known["categories"][0] == {"id": 0, "name": "empty"}
    for image in known["images"]:
        assert image["location"] and image["seq_id"] and 0 <= image["frame_num"] < image["seq_num_frames"]
    assert {label["image_id"] for label in known["annotations"]} == ids
    assert len({label["id"] for label in known["annotations"]}) == len(known["annotations"])
    assert all(isinstance(label["sequence_level_annotation"], bool) for label in known["annotations"])


def test_that_pictures_are_what_the_json_says(small_survey):
    known = json.loads(small_survey.json.read_text())
    upright = {image["id"]: image for image in json.loads(small_survey.true_boxes.read_text())["images"]}
    turned = 0
    for image in known["images"]:
        path = small_survey.folder / image["file_name"]
        if not upright[image["id"]]["readable"]:
            with pytest.raises(pictures.Unreadable):
                pictures.read_header(path)
            continue
        with Image.open(path) as stored:
            assert stored.size == (image["width"], image["height"])
        header = pictures.read_header(path)
        assert (header.width, header.height) == (
            upright[image["id"]]["width"],
            upright[image["id"]]["height"],
        )
        assert header.taken is not None and str(header.taken) == image["datetime"]
        assert header.make and header.model
        assert pictures.read_upright(path).mode == "RGB"
        turned += (header.width, header.height) != (image["width"], image["height"])
    assert turned, "a camera is mounted on its side"


def test_that_true_boxes_lie_inside_their_readable_pictures(small_survey):
    known = json.loads(small_survey.true_boxes.read_text())
    sizes = {image["id"]: image for image in known["images"]}
    assert known["annotations"]
    for box in known["annotations"]:
        image = sizes[box["image_id"]]
        x, y, width, height = box["bbox"]
        assert image["readable"] and 0.2 < box["visible"] <= 1
        assert 0 <= x < x + width <= image["width"] and 0 <= y < y + height <= image["height"]
        assert width > 30 and height > 30


def test_that_visitors_stand_in_a_scene_that_reaches_from_the_camera_to_the_sky():
    from camtrap_gui.survey import drawing
    from camtrap_gui.survey.scenes import scene

    plan = Plan(24, 3)
    shot = next(s for c in plan.cameras() for s in plan.shots(c) if s.visitors)
    camera = shot.camera
    width, height = camera.upright
    place = scene(3, camera.number, camera.habitat, width, height)
    _, boxes = drawing.draw(shot, 3)
    assert len(boxes) <= len(shot.visitors) and boxes
    assert place.row.max() == height - 1 and place.row.min() == 0
    assert place.distance().min() >= 0 and place.distance().max() == 1


@pytest.mark.parametrize("kind", sorted(set(awkward.KINDS)))
def test_that_odd_files_are_odd_in_the_way_they_are_called(kind, tmp_path):
    plan = Plan(120, 0)
    index = next(place for place, what in awkward.kinds(plan).items() if what == kind)
    shot = next(s for c in plan.cameras() for s in plan.shots(c) if s.index == index)
    plain = Image.effect_noise(shot.camera.upright, 40).convert("RGB")
    data = awkward.encode(plain, plan, shot)
    if kind == "missing":
        assert data is None
        return
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    if kind in awkward.UNREADABLE:
        with pytest.raises(pictures.Unreadable, match="truncated" if kind == "truncated" else "empty"):
            pictures.read_header(path)
        return
    with Image.open(path) as stored:
        assert stored.mode == {"greyscale": "L", "cmyk": "CMYK"}.get(kind, "RGB")
        assert stored.getexif().get(0x0112) == (3 if kind == "rotated" else shot.camera.orientation)
    assert pictures.read_upright(path).size == shot.camera.upright


def test_that_the_same_seed_makes_the_same_files_also_after_being_killed(tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    survey.generate(calm, 6, 9, lambda _: None)
    code = f"from camtrap_gui import survey; from pathlib import Path; survey.generate(Path({str(killed)!r}), 6, 9, print)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(killed.rglob("IMG_*.JPG"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "survey.json").exists()
    half_written = next(killed.rglob("IMG_*.JPG")).with_name(".IMG_0001.abc.JPG")
    half_written.write_bytes(b"half")
    survey.generate(killed, 6, 9, lambda _: None)
    assert contents(killed) == contents(calm)


def test_that_a_cancelled_survey_continues(tmp_path):
    def stop(progress):
        if progress.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        survey.generate(tmp_path / "survey", 3, 0, stop)
    assert not (tmp_path / "survey" / "survey.json").exists()
    assert survey.generate(tmp_path / "survey", 3, 0, lambda _: None).json.exists()


def test_that_a_finished_survey_is_left_alone(small_survey):
    before = {path: path.stat().st_mtime_ns for path in small_survey.folder.rglob("*")}
    told = []
    assert survey.generate(small_survey.folder, 24, 3, told.append) == small_survey
    assert {path: path.stat().st_mtime_ns for path in small_survey.folder.rglob("*")} == before
    assert told[-1].done == told[-1].total == 24


@pytest.mark.parametrize(("images", "seed"), [(25, 3), (24, 4)])
def test_that_another_survey_in_the_same_folder_is_refused(small_survey, images, seed):
    with pytest.raises(Problem, match="other settings"):
        survey.generate(small_survey.folder, images, seed, lambda _: None)


def test_that_a_strangers_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(Problem, match="not empty"):
        survey.generate(tmp_path, 12, 0, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / ABOUT).write_text("{not json")
    with pytest.raises(Problem):
        survey.generate(tmp_path, 12, 0, lambda _: None)
