"""Records and files that are wrong are listed or refused; none breaks an import."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui import cli
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images, problems
from camtrap_gui.steps import dataset
from tests.importable import contents, options, six_pictures


@pytest.fixture
def survey(tmp_path) -> dict[str, Any]:
    return six_pictures(tmp_path / "pictures")


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


def test_that_a_refused_picture_does_not_take_its_id_from_another(tmp_path, project, survey, quiet):
    survey["images"].insert(0, {"id": "image 0", "file_name": "../secret.jpg"})
    result = dataset.run(project, options(tmp_path, survey), quiet)
    assert (result.images, result.passed_over) == (6, {"path leads out of the image folder": 1})
    assert sum(images.images_per_species(project).values()) == 6


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


def huge_png() -> bytes:
    """The beginning of a PNG of a billion pixels."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


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
