"""Surveys come in whole, again and again, whatever they look like; what a person decided stays."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui import cli
from camtrap_gui.formats import json_stream
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, history, images, problems
from camtrap_gui.steps import dataset

ROOT = Path(__file__).parent.parent.parent


def take_picture(path: Path, size=(40, 30), taken="", shade=100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif[306] = taken
    Image.new("L", size, shade).save(path, exif=exif)


@pytest.fixture
def survey(tmp_path) -> dict[str, Any]:
    """Six pictures at three locations in two seasons, one of them with a box, and two species of three."""
    pictures = []
    for number in range(6):
        name = f"S{number % 2}/{number}.jpg"
        take_picture(tmp_path / "pictures" / name, taken=f"2020:01:0{number + 1} 12:00:00")
        pictures.append(
            {"id": f"image {number}", "file_name": name, "location": number % 3, "season": f"S{number % 2}"}
            | {"seq_id": f"burst {number // 2}", "frame_num": number % 2, "seq_num_frames": 2}
        )
    return {
        "images": pictures,
        "categories": [{"id": 5, "name": "zebra"}, {"id": 0, "name": "empty"}, {"id": 9, "name": "aardvark"}],
        "annotations": [
            {"id": n, "image_id": f"image {n}", "category_id": 5 * (n % 2), "sequence_level_annotation": True}
            for n in range(6)
        ]
        + [{"id": "box", "image_id": "image 1", "category_id": 5, "bbox": [4, 3, 20, 15], "count": 2}],
    }


def options(tmp_path, survey, **more) -> dataset.Options:
    path = tmp_path / "survey.json"
    path.write_text(survey if isinstance(survey, str) else json.dumps(survey), encoding="utf-8")
    return dataset.Options(json=path, images=tmp_path / "pictures", **more)


def contents(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("roots", "locations", "sequences", "species", "images", "labels", "boxes", "problems")
    return {
        table: [tuple(row) for row in project.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in tables
    }


def test_that_everything_the_file_says_is_in_the_project(tmp_path, project, survey, quiet):
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.images, result.new, result.locations, result.sequences) == (6, 6, 3, 3)
    assert images.species(project) == ("zebra", "empty", "aardvark")
    assert images.images_per_species(project) == {"zebra": 3, "empty": 3, "aardvark": 0}
    first, second = images.page(project)[:2]
    assert (second.key, second.path, second.location, second.sequence) == (
        "image 1",
        "S1/1.jpg",
        "1",
        "burst 0",
    )
    assert (second.frame, second.frames, second.width, second.height) == (1, 2, 40, 30)
    assert (first.taken, result.first, result.last) == (
        "2020-01-01T12:00:00",
        "2020-01-01T12:00:00",
        "2020-01-06T12:00:00",
    )
    assert second.file.is_file()
    [label] = images.labels_of(project, second.id)
    assert (label.species, label.count, label.sequence_level) == ("zebra", 2, False)
    [box] = images.boxes_of(project, second.id)
    assert (box.species, box.x, box.y, box.width, box.height) == ("zebra", 0.1, 0.1, 0.5, 0.5)
    assert images.location_keys(project) == {"location": 6, "sequence": 6, "season": 6}
    assert dict(images.location_values(project, "season"))[second.id] == "S1"


def test_that_importing_twice_changes_nothing(tmp_path, project, survey, quiet):
    dataset.run(project, options(tmp_path, survey), quiet)
    before = contents(project)
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.described, result.new, result.changed) == (6, 0, 0)
    assert contents(project) == before


def test_that_any_order_and_layout_of_the_file_gives_the_same(tmp_path, survey, quiet):
    found = []
    for names in (list(survey), list(reversed(survey)), ["annotations", "images", "categories"]):
        for indent in (None, 1):
            with Project.create(tmp_path / f"project {len(found)}") as project:
                text = json.dumps({name: survey[name] for name in names}, indent=indent)
                dataset.run(project, options(tmp_path, text), quiet)
                found.append(contents(project))
    assert all(one == found[0] for one in found)


def test_that_everything_that_does_not_fit_is_listed_and_the_rest_comes_in(tmp_path, project, survey, quiet):
    survey["images"] += [
        {"id": "image 0", "file_name": "again.jpg"},
        {"id": "twin", "file_name": "S0\\0.jpg"},
        {"id": "out", "file_name": "../secret.jpg"},
        {"id": "root", "file_name": "/etc/passwd"},
        {"id": "drive", "file_name": "C:\\secret.jpg"},
        {"id": "share", "file_name": "\\\\server\\share\\secret.jpg"},
        {"id": "late", "file_name": "S0/2.jpg/", "datetime": "some day"},
        {"id": "old", "file_name": "old.jpg", "datetime": "some day"},
    ]
    survey["categories"] += [{"id": 5, "name": "lion"}, {"id": 6, "name": "zebra"}, {"id": 8, "name": " "}]
    survey["annotations"] += [
        {"id": "a", "image_id": "image 0", "category_id": 77},
        {"id": "b", "image_id": "nobody", "category_id": 5},
        {"id": "c", "image_id": "out", "category_id": 5},
        {"id": "d", "image_id": "twin", "category_id": 5},
        {"id": "e", "image_id": "image 2", "category_id": 5, "bbox": [1, 2, -3, 4]},
    ]
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert result.passed_over == {
        "path leads out of the image folder": 4,
        "annotation of an image that was left out": 2,
        "file name used twice": 2,
        "box without a positive width and height": 1,
        "category id used twice": 1,
        "category name used twice": 1,
        "category without a name": 1,
        "image id used twice": 1,
        "time cannot be read": 2,
        "unknown category": 1,
        "unknown image": 1,
    }
    assert result.images == 7
    assert result.unusable == {"missing": 1}
    subjects = [subject for subject, _ in problems.of_step(project, "dataset")]
    assert "image out: ../secret.jpg" in subjects and "annotation a: category 77" in subjects
    before = contents(project)
    dataset.run(project, options(tmp_path, survey), quiet)
    assert contents(project) == before


def test_that_bad_files_are_rows_with_a_reason(tmp_path, project, survey, quiet, testdata):
    pictures = tmp_path / "pictures"
    (pictures / "S0/0.jpg").unlink()
    (pictures / "S1/1.jpg").write_bytes(b"")
    (pictures / "S0/2.jpg").write_text("no picture")
    truncated = testdata / "images/awkward_files/african_elephants_truncated_file.jpg"
    (pictures / "S1/3.jpg").write_bytes(truncated.read_bytes())
    (pictures / "S0/4.jpg").write_bytes(huge_png())
    survey["images"][5]["corrupt"] = True
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert result.unusable == dict.fromkeys(
        ["corrupt", "empty", "missing", "not a picture", "too large", "truncated"], 1
    )
    assert result.images == 6 and result.unchecked == 0


def test_that_files_that_come_back_are_looked_at_again(tmp_path, project, survey, quiet):
    hidden = tmp_path / "hidden.jpg"
    picture = tmp_path / "pictures/S0/0.jpg"
    picture.rename(hidden)
    assert dataset.run(project, options(tmp_path, survey), quiet).unusable == {"missing": 1}
    hidden.rename(picture)
    assert dataset.run(project, options(tmp_path, survey), quiet).unusable == {}


def test_that_upright_size_comes_from_the_file_and_pixels_of_boxes_from_the_source(tmp_path, project, quiet):
    take_picture(tmp_path / "pictures/a.jpg", (40, 30))
    take_picture(tmp_path / "pictures/b.jpg", (40, 30))
    survey = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 400, "height": 300},
            {"id": 2, "file_name": "b.jpg"},
        ],
        "categories": [{"id": 1, "name": "fox"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [100, 30, 200, 150]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [10, 3, 20, 15]},
            {"id": 3, "image_id": 2, "category_id": 1, "bbox_relative": [0.5, 0.5, 0.75, 0.25]},
        ],
    }
    for _ in range(2):
        dataset.run(project, options(tmp_path, survey), quiet)
        boxes = [images.boxes_of(project, image_id) for image_id in (1, 2)]
        places = [[(box.x, box.y, box.width, box.height) for box in found] for found in boxes]
        assert places == [[(0.25, 0.1, 0.5, 0.5)], [(0.25, 0.1, 0.5, 0.5), (0.5, 0.5, 0.5, 0.25)]]
        assert (images.get(project, 1).width, images.get(project, 1).height) == (40, 30)


@pytest.mark.parametrize("block", [64, 300, 5_000])
def test_that_labels_are_the_same_however_they_are_read(tmp_path, project, survey, quiet, monkeypatch, block):
    """Columns read ahead as long as nothing but labels is said, records from then on."""
    for number in range(200):
        path = f"more/{number}.jpg"
        survey["images"].append(
            {"id": number, "file_name": path, "datetime": f"2020-01-01 12:00:{number % 60:02}"}
        )
        survey["annotations"].insert(
            number, {"id": f"n{number}", "image_id": number, "category_id": 5, "count": number}
        )
    survey["annotations"].append({"id": "p", "image_id": 7, "category_id": 9, "author": "Ada"})
    monkeypatch.setattr(json_stream, "BLOCK", block)
    result = dataset.run(project, options(tmp_path, survey, skip_check=True), quiet)
    assert result.described == 206 and result.labels == 207 and result.boxes == 1 and not result.passed_over
    rows = project.db.execute(
        "SELECT key, name, count, author FROM labels JOIN images ON images.id = image_id JOIN species ON species.id = species_id"
        " WHERE key IN ('7', '150', 'image 1') ORDER BY key, position"
    ).fetchall()
    assert [tuple(row) for row in rows] == [
        ("150", "zebra", 150, "import"),
        ("7", "zebra", 7, "import"),
        ("7", "aardvark", None, "Ada"),
        ("image 1", "zebra", 2, "import"),
    ]
    indexed = {name for (name,) in project.db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    with Project.create(tmp_path / "other") as other:
        assert indexed == {
            name for (name,) in other.db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }


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


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"images": []}', '{"images": [{"id": 1}]}', '{"images": [{"id": 1, "file_name": "../x"}]}'],
)
def test_that_a_refused_file_changes_nothing(tmp_path, project, survey, quiet, text):
    dataset.run(project, options(tmp_path, survey), quiet)
    before = contents(project)
    with pytest.raises(Problem):
        dataset.run(project, options(tmp_path, text), quiet)
    assert contents(project) == before


def test_that_a_late_error_in_the_file_changes_nothing(tmp_path, project, survey, quiet):
    survey["annotations"] += [{"id": n, "image_id": "image 0", "category_id": 0} for n in range(3)]
    text = json.dumps(survey)
    damaged = text.replace('"image_id": "image 0", "category_id": 0}]', '"image_id": tru, "category_id": 0}]')
    assert damaged != text
    with pytest.raises(Problem, match="not valid JSON near byte"):
        dataset.run(project, options(tmp_path, damaged), quiet)
    assert contents(project) == {name: [] for name in contents(project)}


def test_that_a_first_import_that_fails_leaves_no_project(tmp_path, survey, capsys):
    json_file = str(options(tmp_path, survey).json)
    place = str(tmp_path / "project")
    assert cli.run(["dataset", place, "--json", json_file, "--images", str(tmp_path / "nowhere")]) == 2
    assert "no folder" in capsys.readouterr().err
    assert cli.run(["dataset", place, "--json", json_file, "--images", str(tmp_path)]) == 2
    assert "None of the pictures" in capsys.readouterr().err
    assert cli.run(["dataset", place]) == 2
    assert not Path(place).exists()


def test_that_a_preview_shows_much_and_changes_nothing(tmp_path, survey, capsys):
    given = options(tmp_path, survey)
    (tmp_path / "pictures/S0/0.jpg").unlink()
    command = ["dataset", str(tmp_path / "project"), "--json", str(given.json), "--images", str(given.images)]
    assert cli.run([*command, "--preview"]) == 0
    shown = capsys.readouterr().out
    assert "would have 6 pictures at 3 locations in 3 sequences" in shown
    assert "missing 1" in shown and "S1/1.jpg · 1 · 2020-01-02 12:00:00 · zebra" in shown
    assert not (tmp_path / "project").exists()
    with Project.create(tmp_path / "project") as project:
        dataset.run(project, given, lambda _: None)
        before = contents(project)
        survey["images"][0]["location"] = "other"
        preview = options(tmp_path, survey, preview=True)
        assert dataset.run(project, preview, lambda _: None).changed == 1
        assert contents(project) == before


def test_that_a_preview_leaves_no_trace_in_the_history(tmp_path, survey, capsys):
    given = options(tmp_path, survey)
    command = ["dataset", str(tmp_path / "project"), "--json", str(given.json), "--images", str(given.images)]
    assert cli.run(command) == 0
    with Project.open(tmp_path / "project") as project:
        before = history.last_started(project)
    assert cli.run([*command, "--preview"]) == 0
    assert "This was a preview" in capsys.readouterr().out
    with Project.open(tmp_path / "project") as project:
        assert history.last_started(project) == before


def test_that_locations_are_numbers_where_the_source_says_so(tmp_path, project, survey, quiet):
    for image in survey["images"]:
        image["plot"] = int(image["id"][-1])
    dataset.run(project, options(tmp_path, survey), quiet)
    assert images.are_whole_numbers(project, "location") and images.are_whole_numbers(project, "plot")
    assert not images.are_whole_numbers(project, "season")
    assert set(images.locations(project)) == {"0", "1", "2"}
    survey["images"][5]["location"] = "2b"
    survey["images"][5]["width"] = "40"  # read by another way, as are all records of its batch
    dataset.run(project, options(tmp_path, survey), quiet)
    assert not images.are_whole_numbers(project, "location")
    assert set(dict(images.location_values(project)).values()) == {"0", "1", "2", "2b"}


def test_that_a_refused_picture_does_not_take_its_id_from_another(tmp_path, project, survey, quiet):
    survey["images"].insert(0, {"id": "image 0", "file_name": "../secret.jpg"})
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.images, result.passed_over) == (6, {"path leads out of the image folder": 1})
    assert sum(images.images_per_species(project).values()) == 6


def test_that_files_need_not_be_looked_at(tmp_path, project, survey, quiet):
    skipped = dataset.run(project, options(tmp_path, survey, skip_check=True), quiet)
    assert skipped.unchecked == 6
    assert dataset.run(project, options(tmp_path, survey), quiet).unchecked == 0


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


def test_that_folders_tell_location_species_and_sequences(tmp_path, project, quiet):
    folder = tmp_path / "pictures"
    times = ["10:00:00", "10:00:50", "10:01:49", "10:03:00", "", "09:59:59"]
    for number, moment in enumerate(times):
        taken = f"2020:01:01 {moment}" if moment else ""
        take_picture(folder / "A/fox" / f"{number}.JPG", taken=taken)
    take_picture(folder / "B/deer/x/deep.jpg", taken="2020:01:01 10:00:00")
    take_picture(folder / "B/top.png")
    take_picture(folder / ".hidden/a.jpg")
    take_picture(folder / "A/fox/._0.jpg")
    (folder / "A/notes.txt").write_text("no picture")
    take_picture(tmp_path / "outside/secret.jpg")
    (folder / "A/link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "A/link.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    given = dataset.Options(folder=folder, folder_rule="{location}/{species}")
    result = dataset.run(project, given, quiet)
    assert result.images == 8
    assert result.passed_over == {"link that leads out of the folder": 1}
    assert images.species(project) == ("deer", "fox")
    found = {image.path: image for image in images.walk(project)}
    assert next(iter(found)) == "A/fox/0.JPG"
    assert (found["B/deer/x/deep.jpg"].location, found["B/top.png"].location) == ("B", "B")
    assert [x.species for x in images.labels_of(project, found["B/top.png"].id)] == []
    [label] = images.labels_of(project, found["B/deer/x/deep.jpg"].id)
    assert (label.species, label.author) == ("deer", "folder")
    places = [(found[f"A/fox/{n}.JPG"].frame, found[f"A/fox/{n}.JPG"].frames) for n in range(6)]
    assert places == [(1, 4), (2, 4), (3, 4), (0, 1), (None, None), (0, 4)]
    before = contents(project)
    again = dataset.run(project, dataset.Options(folder=folder), quiet)
    assert (again.new, again.changed) == (0, 0)
    assert contents(project) == before


def test_that_a_single_folder_is_no_location(tmp_path, project, quiet):
    take_picture(tmp_path / "pictures/DCIM/a.jpg")
    (tmp_path / "pictures/empty").mkdir()
    assert dataset.run(project, dataset.Options(folder=tmp_path / "pictures"), quiet).locations == 0
    take_picture(tmp_path / "pictures/second/b.jpg")
    assert dataset.run(project, dataset.Options(folder=tmp_path / "pictures"), quiet).locations == 2


def test_that_a_json_takes_over_pictures_of_a_folder_and_keeps_them(tmp_path, project, survey, quiet):
    folder = dataset.Options(folder=tmp_path / "pictures", folder_rule="{species}")
    dataset.run(project, folder, quiet)
    ids = {image.path: image.id for image in images.walk(project)}
    dataset.run(project, options(tmp_path, survey), quiet)
    assert {image.path: image.id for image in images.walk(project)} == ids
    assert {label.author for n in ids.values() for label in images.labels_of(project, n)} == {"import"}
    before = contents(project)
    dataset.run(project, folder, quiet)
    after = contents(project)
    assert (after["images"], after["labels"]) == (before["images"], before["labels"])


@pytest.mark.parametrize("rule", ["{place}", "{location}/{", "}"])
def test_that_a_wrong_folder_rule_says_what_to_write(tmp_path, project, quiet, rule):
    take_picture(tmp_path / "pictures/a.jpg")
    with pytest.raises(Problem, match=r"location\}/\{species"):
        dataset.run(project, dataset.Options(folder=tmp_path / "pictures", folder_rule=rule), quiet)


def test_that_a_folder_without_pictures_is_refused(tmp_path, project, quiet):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Problem, match="no picture"):
        dataset.run(project, dataset.Options(folder=tmp_path / "empty"), quiet)


values = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text()
    | st.lists(st.integers())
)
fields = st.sampled_from(
    [
        *[
            "id",
            "file_name",
            "location",
            "seq_id",
            "frame_num",
            "seq_num_frames",
            "datetime",
            "width",
            "height",
        ],
        *[
            "corrupt",
            "image_id",
            "category_id",
            "count",
            "bbox",
            "bbox_relative",
            "sequence_level_annotation",
            "name",
        ],
    ]
)
records = st.lists(st.dictionaries(fields | st.text(max_size=5), values, max_size=8) | values, max_size=5)


@given(change=st.fixed_dictionaries(dict.fromkeys(("images", "annotations", "categories"), records)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_no_record_however_odd_breaks_an_import(tmp_path_factory, survey, change, quiet):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "pictures").mkdir()
    mixed = {name: survey[name] + change[name] for name in survey}
    with Project.create(folder / "project") as project:
        for _ in range(2):
            result = dataset.run(project, options(folder, mixed, skip_check=True), quiet)
            found = contents(project)
        assert result.new == 0 and result.changed == 0
        assert result.images >= 6 and found["species"][0][1] == "zebra"
    assert sorted(path.name for path in folder.iterdir()) == ["pictures", "project", "survey.json"]


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


def huge_png() -> bytes:
    """The beginning of a PNG of a billion pixels."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
