"""Names of somebody else's file and the images they mean."""

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, name_matching
from camtrap_gui.project.name_matching import AMBIGUOUS, Names, Way

PATHS = [f"2024/{camera}/DCIM/IMG_{number:04}.JPG" for camera in ("A1", "A2", "B1") for number in range(1, 9)]


def add(project: Project, folder: str, paths) -> int:
    with project.write() as db:
        root = db.execute("INSERT INTO roots (path) VALUES (?) RETURNING id", (folder,)).fetchone()[0]
        db.executemany(
            "INSERT INTO images (key, root_id, path) VALUES (?, ?, ?)", [(path, root, path) for path in paths]
        )
    return root


def matched(project: Project, names, ways=None):
    names = list(names)
    paths = dict(project.db.execute("SELECT id, path FROM images").fetchall()) | {0: "several"}
    found = Names(project, name_matching.find(project, names) if ways is None else ways).match(names)
    return [None if found[name] is None else paths[found[name]] for name in names]


@pytest.fixture
def survey(project):
    add(project, "/pictures", PATHS)
    return project


def test_that_names_are_paths_where_they_can_be(survey):
    assert name_matching.find(survey, PATHS) == [Way(1)]
    assert matched(survey, [*PATHS, "2024/A1/DCIM/gone.JPG"]) == [*PATHS, None]


@pytest.mark.parametrize(
    ("theirs", "strip", "add"),
    [
        (lambda path: f"D:/survey/{path}", "D:/survey/", ""),
        (lambda path: f"/home/me/{path}", "/home/me/", ""),
        (lambda path: path.removeprefix("2024/"), "", "2024/"),
        (lambda path: path.replace("2024/", "season 3/wet/"), "season 3/wet/", "2024/"),
        (lambda path: f"./{path}", "", ""),
        (lambda path: path.replace("/", "\\"), "", ""),
        (lambda path: f"2024/{path}", "2024/", ""),
    ],
)
def test_that_leading_folders_are_found_out_and_told(survey, theirs, strip, add):
    names = list(map(theirs, PATHS))
    [way] = name_matching.find(survey, names)
    assert (way.strip, way.add, way.any_case) == (strip, add, False)
    assert matched(survey, names) == PATHS
    assert bool(way.text()) == bool(strip or add)


def test_that_case_and_accents_count_for_equal_only_where_nothing_fits_otherwise(project):
    add(project, "/pictures", [*PATHS, "2024/Ca\u0301mara/x.jpg", "2024/a1/dcim/img_0001.jpg"])
    names = [path.lower() for path in PATHS[1:]] + ["2024/C\u00e1mara/x.jpg"]
    assert matched(project, names[:1]) == PATHS[1:2]
    [way] = name_matching.find(project, names)
    assert way.any_case and "upper and lower case" in way.text()
    assert matched(project, names, [way]) == [*PATHS[1:], "2024/Ca\u0301mara/x.jpg"]
    assert matched(project, ["2024/A1/DCIM/IMG_0001.jpg"], [way]) == ["several"]
    assert not name_matching.find(project, PATHS)[0].any_case


def test_that_a_file_may_tell_of_several_image_folders(project):
    add(project, "/disk/S1", ["A/1.jpg", "A/2.jpg"])
    add(project, "/disk/S2", ["B/1.jpg"])
    names = ["S1/A/1.jpg", "S1/A/2.jpg", "S2/B/1.jpg"]
    ways = name_matching.find(project, names)
    assert {(way.root_id, way.strip) for way in ways} == {(1, "S1/"), (2, "S2/")}
    assert matched(project, names) == ["A/1.jpg", "A/2.jpg", "B/1.jpg"]


def test_that_a_name_of_several_images_is_none(project):
    add(project, "/one", ["DCIM/1.jpg", "DCIM/2.jpg"])
    add(project, "/two", ["DCIM/1.jpg"])
    assert Names(project, [Way(1), Way(2)]).match(["DCIM/1.jpg", "DCIM/2.jpg"]) == {
        "DCIM/1.jpg": AMBIGUOUS,
        "DCIM/2.jpg": 2,
    }


def test_that_cameras_that_count_alike_are_not_taken_for_each_other(survey):
    with pytest.raises(Problem, match=r"several folders.*A1/DCIM.*--images"):
        name_matching.find(survey, [f"IMG_{number:04}.JPG" for number in range(1, 9)])
    assert name_matching.find(survey, ["C7/IMG_0001.JPG", *(f"C7/IMG_9{n:03}.JPG" for n in range(9))]) == []
    assert name_matching.find(survey, ["other.jpg"]) == []


def test_that_a_folder_can_be_said(tmp_path, project):
    pictures = tmp_path / "pictures"
    (pictures / "2024" / "A1").mkdir(parents=True)
    add(project, str(pictures), PATHS)
    [way] = name_matching.from_folder(project, pictures / "2024" / "A1")
    assert matched(project, ["DCIM/IMG_0001.JPG"], [way]) == PATHS[:1]
    [way] = name_matching.from_folder(project, tmp_path)
    assert matched(project, [f"pictures/{PATHS[0]}", PATHS[0]], [way]) == [PATHS[0], None]
    with pytest.raises(Problem, match="No picture of the project"):
        name_matching.from_folder(project, tmp_path / "elsewhere")
