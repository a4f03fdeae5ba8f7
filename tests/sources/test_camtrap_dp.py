"""A Camtrap DP comes in with all it says, however it is packed, and nothing strange in it does harm."""

import csv
import io
import json
import random
import time
import zipfile

import pytest
from PIL import Image

from camtrap_gui.formats.camtrap_dp import TABLES
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, observations, problems
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import dataset


def quiet(_):
    pass


MEDIA = [
    {"mediaID": "m1", "deploymentID": "d1", "timestamp": "2020-05-30T02:57:37Z", "filePath": "media/1.jpg"},
    {"mediaID": "m2", "deploymentID": "d1", "timestamp": "2020-05-30T02:57:39Z", "filePath": "media/2.jpg"},
    {
        "mediaID": "m3",
        "deploymentID": "d2",
        "timestamp": "2020-06-01T12:00:00+02:00",
        "filePath": "media/3.jpg",
    },
    {
        "mediaID": "m4",
        "deploymentID": "d9",
        "timestamp": "2020-06-02T12:00:00+02:00",
        "filePath": "media/4.jpg",
    },
]
DEPLOYMENTS = [
    {"deploymentID": "d1", "locationID": "l1", "locationName": "Beek"},
    {"deploymentID": "d2", "locationID": "l2", "locationName": "Beek"},
    {"deploymentID": "d3", "locationID": "l3", "locationName": "Wald"},
]
HUMAN = {
    "classificationMethod": "human",
    "classifiedBy": "Ana",
    "classificationTimestamp": "2020-07-01T00:00:00Z",
}
MACHINE = {"classificationMethod": "machine", "classifiedBy": "MDv5", "classificationProbability": "0.9"}
BOX = {"bboxX": "0.25", "bboxY": "0.25", "bboxWidth": "0.5", "bboxHeight": "0.25"}


def observed(medium, kind="animal", species="", **more):
    row = {"mediaID": medium, "deploymentID": "d1", "observationLevel": "media", "observationType": kind}
    return row | {"eventID": "e1", "scientificName": species, **more}


OBSERVATIONS = [
    observed("m1", species="Anas platyrhynchos", count="1", **HUMAN, **BOX),
    observed("m1", species="Anas platyrhynchos", count="2", **HUMAN),
    observed("m2", "blank"),
    observed("m3", "human", "Homo sapiens", **HUMAN, eventID="e2"),
    observed("m4", **MACHINE, **BOX, eventID=""),
]


def text(table, rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(TABLES[table]), lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows):
        filled = {"fileMediatype": "image/jpeg"} if table == "media" else {}
        filled |= {"observationID": str(number)} if table == "observations" else {}
        writer.writerow(filled | row)
    return out.getvalue()


def description(**more):
    resources = [{"name": table, "path": f"{table}.csv"} for table in TABLES]
    return {
        "title": "Beavers",
        "resources": resources,
        "taxonomic": [{"scientificName": "Castor fiber"}],
        **more,
    }


def pack(folder, media=MEDIA, observations=OBSERVATIONS, deployments=DEPLOYMENTS, **more):
    folder.mkdir(exist_ok=True)
    (folder / "datapackage.json").write_text(json.dumps(description(**more)))
    (folder / "media.csv").write_text(text("media", media))
    (folder / "observations.csv").write_text(text("observations", observations))
    (folder / "deployments.csv").write_text(text("deployments", deployments))
    (folder / "media").mkdir(exist_ok=True)
    for number in range(1, 5):
        Image.new("RGB", (40, 20), (number, 9, 9)).save(folder / "media" / f"{number}.jpg")
    return folder


def bring_in(project, package, **more):
    return dataset.run(project, dataset.Options(camtrap_dp=package, **more), quiet)


def told(project):
    return {one.image.key: one for one in observations.walk(project)}


def test_that_a_package_comes_in(project, tmp_path):
    result = bring_in(project, pack(tmp_path / "dp"))
    assert (result.described, result.locations, result.unusable) == (4, 3, {})
    found = told(project)
    assert [one.image.location for one in found.values()] == ["Beek (l1)", "Beek (l1)", "Beek (l2)", "d9"]
    ducks = found["m1"]
    assert [(one.species, one.count, one.author, one.made) for one in ducks.labels] == [
        ("Anas platyrhynchos", 3, "Ana", "2020-07-01T00:00:00+00:00")
    ]
    assert [(one.box, one.author) for one in ducks.regions] == [((0.25, 0.25, 0.5, 0.25), "Ana")]
    assert (ducks.image.taken, ducks.image.sequence, ducks.image.frame, ducks.image.frames) == (
        "2020-05-30T02:57:37", "e1", 0, 2,
    )  # fmt: skip
    assert [(one.species, one.author) for one in found["m2"].labels] == [("empty", "import")]
    assert [one.species for one in found["m3"].labels] == ["person"]
    [machine] = found["m4"].regions
    assert (machine.kind, machine.category, machine.confidence, found["m4"].labels) == (
        "detection",
        "animal",
        0.9,
        (),
    )
    assert problems.counts(project, "dataset") == {"deployment that is not in the table of deployments": 1}
    assert next(iter(problems.of_step(project, "dataset")))[0] == "deployment d9"


def test_that_doing_it_again_changes_nothing(project, tmp_path):
    package = pack(tmp_path / "dp")
    bring_in(project, package)
    before = [list(map(tuple, project.db.execute(f"SELECT * FROM {table}"))) for table in _TABLES]
    assert (again := bring_in(project, package)).new == again.changed == 0
    assert [list(map(tuple, project.db.execute(f"SELECT * FROM {table}"))) for table in _TABLES] == before


_TABLES = ("images", "labels", "boxes", "detections", "species", "locations", "sequences", "detected")


def test_that_decisions_made_here_are_left_alone(project, tmp_path):
    package = pack(tmp_path / "dp")
    bring_in(project, package)
    number = told(project)["m1"].image.id
    decisions.label(project, [number], [Said("Castor fiber")], author="Ben")
    bring_in(project, package)
    assert told(project)["m1"].species == ("Castor fiber",)


def test_that_a_zip_and_a_description_work_as_well(tmp_path):
    package = pack(tmp_path / "dp")
    with zipfile.ZipFile(tmp_path / "dp.zip", "w") as archive:
        for path in package.glob("*.*"):
            archive.write(path, f"folder/{path.name}")
    for number, source in enumerate((tmp_path / "dp.zip", package / "datapackage.json")):
        with Project.create(tmp_path / str(number)) as project:
            bring_in(project, source, images=package)
            assert told(project)["m1"].species == ("Anas platyrhynchos",)


def test_that_events_are_told_of_their_pictures_where_nothing_else_is(project, tmp_path):
    event = {"observationLevel": "event", "mediaID": "", "observationType": "animal", "deploymentID": "d1"}
    times = {"eventStart": "2020-05-30T04:57:00+02:00", "eventEnd": "2020-05-30T04:58:00+02:00"}
    rows = [
        event | times | {"eventID": "e7", "scientificName": "Castor fiber", "count": "4", **HUMAN},
        event
        | {"deploymentID": "d2", "eventID": "e2", "scientificName": "Rattus", "observationType": "animal"},
        observed("m3", species="Castor fiber", eventID="e2", deploymentID="d2"),
    ]
    bring_in(project, pack(tmp_path / "dp", observations=rows))
    found = told(project)
    for key in ("m1", "m2"):
        assert found[key].image.sequence == "e7"
        [label] = found[key].labels
        assert (label.species, label.count, label.sequence_level, label.author) == (
            "Castor fiber",
            4,
            True,
            "Ana",
        )
    assert found["m3"].species == ("Castor fiber",) and found["m4"].labels == ()


def test_that_paths_never_lead_out(project, tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    bad = ["../secret.jpg", "/etc/passwd", "~/x.jpg", "./media/1.jpg", "media/../../secret.jpg", "..\\secret.jpg",
           "C:\\x.jpg", "https://example.org/1.jpg"]  # fmt: skip
    media = MEDIA[1:] + [MEDIA[0] | {"mediaID": f"b{n}", "filePath": path} for n, path in enumerate(bad)]
    bring_in(project, pack(tmp_path / "dp", media=media))
    assert list(told(project)) == ["m2", "m3", "m4"]
    counts = problems.counts(project, "dataset")
    assert counts["path that Camtrap DP forbids"] == 7
    assert counts["picture on the internet that is not in the image folder"] == 1
    for path in ("../x.csv", "/x.csv", "https://example.org/x.csv", 7, [], ["a.csv", None]):
        resources = [{"name": table, "path": path} for table in TABLES]
        with pytest.raises(Problem):
            bring_in(project, pack(tmp_path / "dp", resources=resources))


def test_that_downloaded_pictures_are_found_by_their_names(project, tmp_path):
    media = [MEDIA[0] | {"filePath": "https://example.org/assets/17/file", "fileName": "1.jpg"}]
    package = pack(tmp_path / "dp", media=media)
    bring_in(project, package, images=package / "media")
    assert told(project)["m1"].image.path == "1.jpg"


def test_that_odd_rows_are_listed_not_fatal(project, tmp_path):
    media = [*MEDIA, {"mediaID": "v", "filePath": "v.mp4", "fileMediatype": "video/mp4"}, {"filePath": "x.jpg"},
             {"mediaID": "y"}, MEDIA[0] | {"mediaID": "m1"}, MEDIA[0] | {"mediaID": "m5"}]  # fmt: skip
    rows = [
        *OBSERVATIONS,
        observed("nowhere", species="x"),
        observed("m2", "bigfoot"),
        observed("m2", **HUMAN),
        observed("m2", species="y", **(BOX | {"bboxWidth": "wide"})),
        observed("m2", species="y", count="-3", **(BOX | {"bboxX": "0.9", "bboxWidth": "0.9"})),
        observed(""),
    ]
    bring_in(project, pack(tmp_path / "dp", media=media, observations=rows))
    counts = problems.counts(project, "dataset")
    for reason in ("no picture but a film or sound", "picture without an id", "picture without a file",
                   "file name used twice", "unknown picture", "unknown type of observation", "animal that nobody named",
                   "box is not four numbers", "box outside its picture", "observation of no picture"):  # fmt: skip
        assert counts.get(reason) == 1, (reason, counts)


def test_that_what_is_no_package_says_so(project, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "some.zip").write_bytes(b"PK nonsense")
    (tmp_path / "x.json").write_text('{"images": []}')
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for source in ("empty", "some.zip", "x.json", "other.zip", "nothing", "nothing.zip"):
        with pytest.raises(Problem):
            bring_in(project, tmp_path / source)
    package = pack(tmp_path / "dp")
    (package / "media.csv").write_bytes("mediaID,filePath\nä,ö.jpg\n".encode("latin-1"))
    with pytest.raises(Problem, match="UTF-8"):
        bring_in(project, package)
    with pytest.raises(Problem, match="None of the pictures"):
        bring_in(project, pack(tmp_path / "dp"), images=tmp_path / "empty")


def test_that_a_line_without_end_is_refused_before_it_fills_the_memory(project, tmp_path):
    package = pack(tmp_path / "dp")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("datapackage.json", "deployments.csv", "observations.csv"):
            archive.write(package / name, name)
        archive.writestr("media.csv", "mediaID,filePath\n" + "a" * (40 << 20))
    with pytest.raises(Problem, match=r"line of more than 16 MB|cannot be read"):
        bring_in(project, tmp_path / "bomb.zip", images=package)


def test_that_damaged_packages_never_bring_it_down(tmp_path):
    package = pack(tmp_path / "dp")
    whole = {path.name: path.read_bytes() for path in package.glob("*.*")}
    chance = random.Random(7)
    outside = set(tmp_path.rglob("*"))
    for turn in range(60):
        for name, data in whole.items():
            (package / name).write_bytes(data)
        name = chance.choice(sorted(whole))
        (package / name).write_bytes(_damaged(whole[name], chance))
        source = package
        if turn % 3 == 0:
            source = tmp_path / "dp.zip"
            with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in package.glob("*.*"):
                    archive.write(path, path.name)
            source.write_bytes(_damaged(source.read_bytes(), chance) if turn % 2 else source.read_bytes())
        start = time.monotonic()
        with Project.create(tmp_path / f"p{turn}") as project:
            try:
                bring_in(project, source, images=package)
            except Problem as problem:
                assert len(str(problem)) < 2000
        assert time.monotonic() - start < 20
    new = set(tmp_path.rglob("*")) - outside - {tmp_path / "dp.zip"}
    assert all(path.relative_to(tmp_path).parts[0].startswith("p") for path in new)


def _damaged(data, chance):
    data = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not data:
            break
        at = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.randint(1, 60)]
        elif kind == 2:
            data[at:at] = chance.choice(
                [b'"', b",", b"\n", b"\0", b"\xff\xfe", b"NaN", b"1e999", b"../", b"\xed\xa0\x80"]
            )
        elif kind == 3:
            data[at:at] = data[max(0, at - 200) : at]
        else:
            del data[at:]
    return bytes(data)
