"""A survey is brought in again, moved, numbered anew, stopped, killed; what a person decided stays."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.steps import dataset
from tests.importable import contents, options, six_pictures, take_picture

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def survey(tmp_path) -> dict[str, Any]:
    return six_pictures(tmp_path / "pictures")


def test_that_importing_twice_changes_nothing(tmp_path, project, survey, quiet):
    dataset.run(project, options(tmp_path, survey), quiet)
    before = contents(project)
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.described, result.new, result.changed) == (6, 0, 0)
    assert contents(project) == before


def test_that_files_that_come_back_are_looked_at_again(tmp_path, project, survey, quiet):
    hidden = tmp_path / "hidden.jpg"
    picture = tmp_path / "pictures/S0/0.jpg"
    picture.rename(hidden)
    assert dataset.run(project, options(tmp_path, survey), quiet).unusable == {"missing": 1}
    hidden.rename(picture)
    assert dataset.run(project, options(tmp_path, survey), quiet).unusable == {}


def test_that_a_new_import_brings_what_is_new_and_keeps_what_a_person_decided(
    tmp_path, project, survey, quiet
):
    dataset.run(project, options(tmp_path, survey), quiet)
    box_id = images.boxes_of(project, 2)[0].id
    with project.write() as db:
        db.execute("UPDATE images SET reviewed = '2026-01-01' WHERE id = 1")
        db.execute("UPDATE labels SET species_id = 3, author = 'Ann' WHERE image_id = 1")
        db.execute("INSERT INTO labels (image_id, species_id, author) VALUES (3, 3, 'Ann')")
        db.execute("INSERT INTO boxes (image_id, x, y, width, height, author) VALUES (3, 0, 0, 1, 1, 'Ann')")
    take_picture(tmp_path / "pictures/S0/new.jpg")
    survey["images"].append({"id": "new", "file_name": "S0/new.jpg", "location": "new site"})
    survey["images"][3]["location"] = "moved"
    survey["categories"].insert(0, {"id": 11, "name": "lion"})
    survey["annotations"][0]["category_id"] = 5
    survey["annotations"][3]["category_id"] = 11
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.new, result.changed) == (1, 1)
    assert images.species(project) == ("zebra", "empty", "aardvark", "lion")
    said = {n: [(x.species, x.author) for x in images.labels_of(project, n)] for n in (1, 3, 4)}
    assert said[1] == [("aardvark", "Ann")]
    assert said[3] == [("empty", "import"), ("aardvark", "Ann")]
    assert said[4] == [("lion", "import")]
    assert images.get(project, 4).location == "moved"
    assert [box.author for box in images.boxes_of(project, 3)] == ["Ann"]
    assert images.boxes_of(project, 2)[0].id == box_id
    del survey["annotations"][-1]
    dataset.run(project, options(tmp_path, survey), quiet)
    assert images.boxes_of(project, 2) == []


def test_that_a_source_may_number_anew(tmp_path, project, survey, quiet):
    dataset.run(project, options(tmp_path, survey), quiet)
    before = {image.path: image.id for image in images.walk(project)}
    keys = [image["id"] for image in survey["images"]]
    for image, key in zip(survey["images"], keys[1:] + keys[:1], strict=True):
        image["id"] = key
    for _ in range(2):
        dataset.run(project, options(tmp_path, survey), quiet)
        assert {image.path: image.id for image in images.walk(project)} == before
        assert [image.key for image in images.walk(project)] == keys[1:] + keys[:1]


def test_that_two_surveys_may_use_the_same_numbers(tmp_path, project, quiet):
    for name in "ab":
        take_picture(tmp_path / name / f"{name}.jpg")
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"images": [{"id": 1, "file_name": f"{name}.jpg", "seq_id": 1}]}))
        dataset.run(project, dataset.Options(json=path, images=tmp_path / name), quiet)
    assert [image.path for image in images.walk(project)] == ["a.jpg", "b.jpg"]
    assert project.db.execute("SELECT count(*) FROM sequences").fetchone()[0] == 2


def test_that_a_survey_can_move(tmp_path, project, survey, quiet):
    dataset.run(project, options(tmp_path, survey), quiet)
    before = contents(project)
    (tmp_path / "pictures").rename(tmp_path / "elsewhere")
    moved = dataset.Options(json=tmp_path / "survey.json", images=tmp_path / "elsewhere")
    result = dataset.run(project, moved, quiet)
    assert (result.images, result.new, result.unusable) == (6, 0, {})
    assert images.path_of(project, 1) == tmp_path.resolve() / "elsewhere/S0/0.jpg"
    assert contents(project)["images"] == before["images"]


def test_that_a_copy_of_the_pictures_is_not_a_second_survey(tmp_path, project, survey, quiet):
    dataset.run(project, options(tmp_path, survey), quiet)
    copy = tmp_path / "copy"
    for image in survey["images"]:
        (copy / image["file_name"]).parent.mkdir(parents=True, exist_ok=True)
        (copy / image["file_name"]).write_bytes((tmp_path / "pictures" / image["file_name"]).read_bytes())
    with pytest.raises(Problem, match="already in the project"):
        dataset.run(project, dataset.Options(json=tmp_path / "survey.json", images=copy), quiet)


def test_that_stopping_leaves_nothing_of_the_records_and_all_of_the_checks(tmp_path, project, survey, quiet):
    def stop_at(phase):
        def report(progress):
            if progress.phase == phase:
                raise Cancelled

        return report

    with pytest.raises(Cancelled):
        dataset.run(project, options(tmp_path, survey), stop_at("Importing"))
    assert images.count(project) == 0
    with pytest.raises(Cancelled):
        dataset.run(project, options(tmp_path, survey), stop_at("Checking files"))
    assert project.db.execute("SELECT count(*) FROM images WHERE checked").fetchone()[0] == 6


def test_that_a_killed_import_ends_as_an_undisturbed_one(tmp_path):
    rng = random.Random(7)
    pictures = tmp_path / "pictures"
    names = [f"{number % 5}/{number:04d}.jpg" for number in range(1200)]
    take_picture(pictures / "model.jpg")
    for name in names:
        (pictures / name).parent.mkdir(exist_ok=True)
        if rng.random() < 0.95:
            os.link(pictures / "model.jpg", pictures / name)
    survey = {
        "images": [{"id": n, "file_name": name, "location": n % 5} for n, name in enumerate(names)],
        "categories": [{"id": 0, "name": "empty"}, {"id": 1, "name": "fox"}],
        "annotations": [{"id": n, "image_id": n, "category_id": n % 2} for n in range(1200)],
    }
    (tmp_path / "survey.json").write_text(json.dumps(survey))
    command = [sys.executable, "-m", "camtrap_gui", "dataset"]
    source = ["--json", str(tmp_path / "survey.json"), "--images", str(pictures)]
    subprocess.run([*command, str(tmp_path / "whole"), *source], cwd=ROOT, check=True, capture_output=True)
    killed, checked_at_kill = tmp_path / "killed", []
    for checked in (0, 1, 600):
        process = subprocess.Popen([*command, str(killed), *source], cwd=ROOT, stderr=subprocess.DEVNULL)
        wait_for_checked(killed / "project.sqlite", checked, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sqlite3.connect(killed / "project.sqlite") as db:
            checked_at_kill.append(db.execute("SELECT count(*) FROM images WHERE checked").fetchone()[0])
    assert 0 < checked_at_kill[1] <= checked_at_kill[2]
    subprocess.run([*command, str(killed), *source], cwd=ROOT, check=True, capture_output=True)
    with Project.open(killed) as one, Project.open(tmp_path / "whole") as other:
        assert contents(one) == contents(other)


def wait_for_checked(database: Path, number: int, process: subprocess.Popen) -> None:
    """Until so many files were looked at; 0: until the database is there."""
    while process.poll() is None:
        try:
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
                if db.execute("SELECT count(*) FROM images WHERE checked").fetchone()[0] >= number:
                    return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.002)
