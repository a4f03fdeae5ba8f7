"""A table of labels brings pictures in with species, places and times, again and again without harm."""

import csv

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, images, problems
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import dataset, share
from tests import shareable
from tests.importable import contents, options, six_pictures, take_picture


def quiet(_):
    pass


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project") as made:
        yield made


@pytest.fixture
def bring(tmp_path, project):
    for name in ("N/1.jpg", "N/2.jpg", "S/1.jpg", "S/left.jpg"):
        take_picture(tmp_path / "pictures" / name)

    def run(text, **more):
        path = tmp_path / "labels.csv"
        path.write_text(text, encoding="utf-8")
        return dataset.run(
            project, dataset.Options(**{"csv": path, "images": tmp_path / "pictures", **more}), quiet
        )

    return run


TABLE = """\ufefffile;species;site;datetime;count
N/1.jpg;fox;North;2024-05-01 10:00:00;2
N\\2.jpg;empty;North;2024-05-01 10:00:30;
S/1.jpg;fox;South;2024-05-02 10:00:00;
N/1.jpg;badger;North;2024-05-01 10:00:00;1
N/1.jpg;fox;North;2024-05-01 10:00:00;1
N/1.jpg;badger;North;2024-05-01 10:00:00;1
S/gone.jpg;;South;yesterday;
/etc/passwd;fox;;;
../../N/1.jpg;fox;;;
C:\\Windows\\x.jpg;fox;;;
;fox;;;
"""


def labels(project):
    return {
        image.path: {label.species: label.count for label in images.labels_of(project, image.id)}
        for image in images.walk(project)
    }


def test_that_a_messy_table_brings_in_what_it_says(bring, project):
    result = bring(TABLE)
    assert (result.new, result.images, result.locations, result.species) == (4, 4, 2, 3)
    assert labels(project) == {
        "N/1.jpg": {"fox": 3, "badger": 1},
        "N/2.jpg": {"empty": None},
        "S/1.jpg": {"fox": None},
        "S/gone.jpg": {},
    }
    assert images.species(project) == ("badger", "empty", "fox")
    assert result.unusable == {"missing": 1} and result.examples["missing"] == ("S/gone.jpg",)
    assert result.passed_over == {
        "path leads out of the image folder": 3,
        "row that comes twice": 1,
        "row without a picture": 1,
        "time cannot be read": 1,
    }
    found = {image.path: image for image in images.walk(project)}
    assert (found["N/2.jpg"].location, found["N/2.jpg"].taken) == ("North", "2024-05-01T10:00:30")
    assert found["N/1.jpg"].sequence == found["N/2.jpg"].sequence is not None, "less than a minute apart"


def test_that_the_same_again_changes_nothing(bring, project):
    bring(TABLE)
    before = contents(project)
    again = bring(TABLE)
    assert (again.new, again.changed) == (0, 0)
    assert contents(project) == before


def test_that_a_preview_changes_nothing(bring, project):
    before = contents(project)
    result = bring(TABLE, preview=True)
    assert result.described == 4 and result.preview[0].species == ("badger", "fox")
    assert contents(project) == before


def test_that_what_a_person_decided_stays(bring, project):
    bring(TABLE)
    first = next(images.walk(project))
    decisions.label(project, [first.id], [Said("zebra")], author="Ana")
    bring(TABLE.replace("badger", "wolf"))
    assert labels(project)["N/1.jpg"] == {"zebra": None}


def test_that_a_folder_and_a_table_go_together_in_any_order(bring, project, tmp_path):
    folder = dataset.Options(folder=tmp_path / "pictures", folder_rule="{species}")
    bring(TABLE)
    dataset.run(project, folder, quiet)
    assert images.count(project) == 5
    assert labels(project)["N/1.jpg"] == {"fox": 3, "badger": 1} and labels(project)["S/left.jpg"] == {
        "S": None
    }
    found = {image.path: image for image in images.walk(project)}
    assert found["N/1.jpg"].location == "North"
    bring("file,species\nS/left.jpg,owl\n")
    dataset.run(project, folder, quiet)
    assert labels(project)["S/left.jpg"] == {"owl": None} and images.count(project) == 5


def test_that_paths_of_another_computer_are_found_by_how_they_end(bring, project):
    rows = "".join(f"S{n},fox,C:\\raw\\2024\\{n},1.jpg\n" for n in "NS")
    result = bring(f"Station,Species,Directory,FileName\n{rows}")
    assert sorted(labels(project)) == ["N/1.jpg", "S/1.jpg"] and not result.passed_over
    assert images.locations(project) == ("SN", "SS")


def test_that_folders_tell_locations_where_no_column_does(bring, project):
    bring("RelativePath,File,Species\nN,1.jpg,fox\nS,1.jpg,fox\n", folder_rule="{location}")
    assert images.locations(project) == ("N", "S")


def test_that_a_sequence_never_spans_two_places(bring, project):
    bring("file,species,site,event\nN/1.jpg,fox,North,1\nN/2.jpg,fox,North,1\nS/1.jpg,fox,South,1\n")
    found = {image.path: image.sequence for image in images.walk(project)}
    assert found == {"N/1.jpg": "1", "N/2.jpg": "1", "S/1.jpg": "1 (South)"}


def test_that_a_wrong_folder_is_refused_and_the_way_out_said(bring, project):
    with pytest.raises(Problem, match=r"None of the pictures.*--csv-columns folder=Station"):
        bring("file,species,camera\n2.jpg,fox,N\n")
    assert not images.count(project)
    bring("file,species,camera\n2.jpg,fox,N\n", csv_columns=("folder=camera",))
    assert labels(project) == {"N/2.jpg": {"fox": None}} and images.locations(project) == ("N",)
    with pytest.raises(Problem, match="no row with a picture that can be used"):
        bring("file,species\n,fox\n")


def test_that_boxes_and_ids_of_another_source_stay(tmp_path, project):
    survey = six_pictures(tmp_path / "pictures")
    for image in survey["images"]:
        image["location"] = image["seq_id"]
    dataset.run(project, options(tmp_path, survey), quiet)
    before = contents(project)
    share.run(project, share.Options("csv", tmp_path / "tables"), quiet)
    given = dataset.Options(csv=tmp_path / "tables" / "images.csv", images=tmp_path / "pictures")
    result = dataset.run(project, given, quiet)
    assert (result.new, result.changed, result.boxes) == (0, 0, 1)
    after = contents(project)
    assert {name: after[name] for name in ("images", "boxes", "species", "locations", "sequences")} == {
        name: before[name] for name in ("images", "boxes", "species", "locations", "sequences")
    }


@pytest.mark.parametrize(
    ("format", "name"), [("csv", "images.csv"), ("csv", "species.csv"), ("timelapse", "TimelapseData.csv")]
)
def test_that_what_was_shared_comes_back(tmp_path, project, format, name):
    with shareable.make(tmp_path / "elsewhere") as theirs:
        share.run(theirs, share.Options(format, tmp_path / "shared"), quiet)
        expected = {
            image.path: (image.location, image.sequence, image.taken and image.taken[:19])
            for image in images.walk(theirs)
        }
    with (tmp_path / "shared" / name).open(newline="") as file:
        told = {
            (row.get("file") or row["File"]).replace("\\", "/"): row.get("species")
            or row.get("Species")
            or ""
            for row in csv.DictReader(file)
        }
    given = dataset.Options(csv=tmp_path / "shared" / name, images=tmp_path / "elsewhere" / "pictures")
    result = dataset.run(project, given, quiet)
    assert not result.passed_over
    found = {image.path: (image.location, image.sequence, image.taken) for image in images.walk(project)}
    assert found == {path: expected[path] for path in found} and len(found) == len(told)
    if name == "images.csv":
        assert len(found) == 12
    said = {path: " | ".join(species) for path, species in labels(project).items()}
    assert {path: sorted(text.split(" | ")) for path, text in said.items()} == {
        path: sorted(text.replace(", ", " | ").split(" | ")) for path, text in told.items()
    }
    assert not problems.counts(project, "dataset")
