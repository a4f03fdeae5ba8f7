"""What a survey says of its pictures is in the project afterwards, and a preview tells it before."""

import json
from typing import Any

import pytest

from camtrap_gui import cli
from camtrap_gui.formats import json_stream
from camtrap_gui.project import Project, history, images
from camtrap_gui.steps import dataset
from tests.importable import contents, options, six_pictures, take_picture


@pytest.fixture
def survey(tmp_path) -> dict[str, Any]:
    return six_pictures(tmp_path / "pictures")


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


def test_that_any_order_and_layout_of_the_file_gives_the_same(tmp_path, survey, quiet):
    found = []
    for names in (list(survey), list(reversed(survey)), ["annotations", "images", "categories"]):
        for indent in (None, 1):
            with Project.create(tmp_path / f"project {len(found)}") as project:
                text = json.dumps({name: survey[name] for name in names}, indent=indent)
                dataset.run(project, options(tmp_path, text), quiet)
                found.append(contents(project))
    assert all(one == found[0] for one in found)


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


def test_that_files_need_not_be_looked_at(tmp_path, project, survey, quiet):
    skipped = dataset.run(project, options(tmp_path, survey, skip_check=True), quiet)
    assert skipped.unchecked == 6
    assert dataset.run(project, options(tmp_path, survey), quiet).unchecked == 0
