"""Pictures come in from a folder that nothing describes but its own names."""

from typing import Any

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import images
from camtrap_gui.steps import dataset
from tests.importable import contents, options, six_pictures, take_picture


@pytest.fixture
def survey(tmp_path) -> dict[str, Any]:
    return six_pictures(tmp_path / "pictures")


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
