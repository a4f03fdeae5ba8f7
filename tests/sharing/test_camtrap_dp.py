"""A package holds what the project says, as the standard wants it, and asks for what no project can know."""

import csv
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from camtrap_gui.formats.camtrap_dp import TABLES
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import camtrap_dp, deployments
from camtrap_gui.sharing.camtrap_dp import About
from tests import shareable


def quiet(_):
    pass


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        yield project


@pytest.fixture
def about(tmp_path):
    return About("Africa/Dar_es_Salaam", tmp_path / "coordinates.csv")


def faults(folder: Path) -> list[str]:
    """Everything in which a package breaks the rules of the standard's table schemas."""
    found = []
    keys = {table: {row[next(iter(TABLES[table]))] for row in rows(folder, table)} for table in TABLES}
    for table, columns in TABLES.items():
        content = rows(folder, table)
        assert content and list(content[0]) == list(columns)
        for name, column in columns.items():
            cells = [row[name] for row in content]
            found += [f"{table}.{name} “{cell}” {why}" for cell in cells if (why := column.fault(cell))]
            if column.unique and len(set(cells)) < len(cells):
                found.append(f"{table}.{name} is not unique")
        for name, other in (("deploymentID", "deployments"), ("mediaID", "media")):
            if table != other and name in columns:
                found += [
                    f"{table}: no {row[name]}"
                    for row in content
                    if row[name] and row[name] not in keys[other]
                ]
    return found


def test_that_a_package_keeps_the_rules_of_the_standard(survey, tmp_path, about):
    written = camtrap_dp.write(survey, tmp_path / "dp", About(**{**vars(about), "events": True}), quiet)
    assert faults(tmp_path / "dp") == []
    assert (written.deployments, written.media, written.left_out) == (2, 12, 0)
    assert written.observations == len(rows(tmp_path / "dp", "observations"))


def test_that_frictionless_finds_nothing_wrong(survey, tmp_path, about):
    frictionless = pytest.importorskip("frictionless")
    camtrap_dp.write(survey, tmp_path / "dp", About(**{**vars(about), "events": True}), quiet)
    description = tmp_path / "dp" / "datapackage.json"
    package = json.loads(description.read_text())
    for resource in package["resources"]:
        resource["schema"] = _schema(resource["name"])  # in place of an address on the internet
    package.pop("profile")
    description.write_text(json.dumps(package))
    report = frictionless.validate(str(description))
    assert report.flatten(["rowNumber", "fieldName", "type", "message"]) == []
    broken = (tmp_path / "dp" / "media.csv").read_text().replace("false", "perhaps", 1)
    (tmp_path / "dp" / "media.csv").write_text(broken)
    assert not frictionless.validate(str(description)).valid


def _schema(table: str) -> dict:
    fields = []
    for name, column in TABLES[table].items():
        rules = {
            "required": column.required,
            "unique": column.unique,
            "minimum": column.low,
            "maximum": column.high,
        }
        rules |= {"enum": list(column.one_of) or None, "pattern": column.pattern or None}
        kind = {"format": "%Y-%m-%dT%H:%M:%S%z"} if column.kind == "datetime" else {}
        constraints = {rule: value for rule, value in rules.items() if value not in (None, False)}
        fields.append({"name": name, "type": column.kind, **kind, "constraints": constraints})
    foreign = [("deploymentID", "deployments"), ("mediaID", "media")]
    return {
        "fields": fields,
        "primaryKey": next(iter(TABLES[table])),
        "foreignKeys": [
            {"fields": name, "reference": {"resource": other, "fields": name}}
            for name, other in foreign
            if name in TABLES[table] and table != other
        ],
    }


def test_that_the_description_says_what_the_profile_asks_for(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    package = json.loads((tmp_path / "dp" / "datapackage.json").read_text())
    assert package["profile"].endswith("/1.0.2/camtrap-dp-profile.json")
    assert [one["name"] for one in package["resources"]] == ["deployments", "media", "observations"]
    assert all(
        one["profile"] == "tabular-data-resource" and "/1.0.2/" in one["schema"]
        for one in package["resources"]
    )
    assert {"created", "contributors", "project", "spatial", "temporal", "taxonomic"} <= package.keys()
    assert (
        package["project"]["observationLevel"] == ["media"]
        and package["project"]["individualAnimals"] is False
    )
    assert package["temporal"] == {"start": "2024-05-01", "end": "2024-05-01"}
    assert {one["scientificName"] for one in package["taxonomic"]} == {"zebra", "lion", "gnu"}
    assert datetime.fromisoformat(package["created"]).tzinfo


def test_that_observations_tell_who_said_so(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    by_medium: dict[str, list[dict[str, str]]] = {}
    for row in rows(tmp_path / "dp", "observations"):
        by_medium.setdefault(row["mediaID"], []).append(row)
    [gnu] = by_medium["001.jpg"]
    assert (gnu["scientificName"], gnu["classificationMethod"], gnu["bboxWidth"]) == ("gnu", "", "0.25")
    lions = by_medium["002.jpg"]
    assert [row["count"] for row in lions] == ["1", "1", "1"]
    assert {(row["classificationMethod"], row["classifiedBy"]) for row in lions} == {("human", "Ana")}
    [empty] = by_medium["003.jpg"]
    assert (empty["observationType"], empty["bboxX"], empty["count"]) == ("blank", "", "")
    person, animal = by_medium["005.jpg"]
    assert (person["observationType"], person["scientificName"], person["observationTags"]) == (
        "human",
        "",
        "label:human",
    )
    assert (animal["observationType"], animal["classificationMethod"]) == ("animal", "machine")
    [suggested] = by_medium["007.jpg"]
    assert (suggested["scientificName"], suggested["classifiedBy"]) == ("lion", "a-run")
    assert (suggested["classificationProbability"], suggested["observationTags"]) == ("0.8", "detection:0.9")
    [nothing] = by_medium["006.jpg"]
    assert (nothing["observationType"], nothing["classificationMethod"]) == ("blank", "machine")


def test_that_times_have_the_zone_that_was_said_and_none_is_guessed(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    assert rows(tmp_path / "dp", "media")[0]["timestamp"] == "2024-05-01T10:00:01+03:00"
    with pytest.raises(Problem, match="--time-zone"):
        camtrap_dp.write(survey, tmp_path / "none", About("", about.coordinates), quiet)
    with pytest.raises(Problem, match="Did you mean Africa/Nairobi"):
        camtrap_dp.write(survey, tmp_path / "none", About("Africa/Nairoby", about.coordinates), quiet)
    summer = deployments.zone("Europe/Berlin")
    assert deployments.stamp("2024-01-01T00:00:00", summer).endswith("+01:00")
    assert deployments.stamp("2024-07-01T00:00:00.5", summer) == "2024-07-01T00:00:00+02:00"
    assert deployments.stamp("2024-07-01T00:00:00", deployments.zone("-3:30")).endswith("-03:30")


def test_that_missing_coordinates_are_asked_for_with_a_table_to_fill_in(survey, tmp_path, about):
    half = tmp_path / "half.csv"
    half.write_text("location;latitude;longitude\nB03;-2,5;34,8\n", encoding="cp1252")
    with pytest.raises(Problem, match="1 location has no coordinates: C11"):
        camtrap_dp.write(survey, tmp_path / "dp", About("+03:00", half), quiet)
    template = tmp_path / "dp-coordinates.csv"
    assert template.read_text() == "location,latitude,longitude,start,end\nB03,-2.5,34.8,,\nC11,,,,\n"
    template.write_text(template.read_text().replace("C11,,", "C11,-2,35"))
    with pytest.raises(Problem, match="which is there already"):
        camtrap_dp.write(survey, tmp_path / "dp", About("+03:00", half), quiet)
    assert "C11,-2,35" in template.read_text()
    assert camtrap_dp.write(survey, tmp_path / "dp", About("+03:00", template), quiet).deployments == 2
    left = camtrap_dp.write(
        survey, tmp_path / "half", About("+03:00", half, leave_out_incomplete=True), quiet
    )
    assert (left.deployments, left.media, left.left_out) == (1, 6, 6)
    half.write_text("location,latitude,longitude\nB03,north,34.8\n")
    with pytest.raises(Problem, match="line 2: the latitude, “north”"):
        camtrap_dp.write(survey, tmp_path / "dp2", About("+03:00", half), quiet)


def test_that_pictures_without_time_or_place_are_left_out_only_when_asked(survey, tmp_path, about):
    with survey.write() as db:
        db.execute("UPDATE images SET taken = NULL WHERE id = 1")
        db.execute("UPDATE images SET location_id = NULL WHERE id = 2")
        db.execute("UPDATE images SET path = '.hidden/3.jpg' WHERE id = 3")
    with pytest.raises(Problem, match=r"a location \(1\), a time \(1\)"):
        camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    asked = About(**{**vars(about), "leave_out_incomplete": True})
    assert camtrap_dp.write(survey, tmp_path / "dp", asked, quiet).left_out == 3
    assert faults(tmp_path / "dp") == []


def test_that_a_camera_that_moved_has_several_deployments(survey, tmp_path):
    table = tmp_path / "moved.csv"
    table.write_text(
        "location,latitude,longitude,start,end\nB03,1,2,2024-05-01,2024-05-01 10:00:02\n"
        "B03,3,4,2024-05-01 10:00:03,\nC11,5,6,,\n"
    )
    camtrap_dp.write(survey, tmp_path / "dp", About("+03:00", table), quiet)
    found = rows(tmp_path / "dp", "deployments")
    assert [row["deploymentID"] for row in found] == [
        "B03 2024-05-01T00:00:00",
        "B03 2024-05-01T10:00:03",
        "C11",
    ]
    media = [row["deploymentID"] for row in rows(tmp_path / "dp", "media")]
    assert media[1] == found[0]["deploymentID"] and media[2] == found[1]["deploymentID"]
    assert faults(tmp_path / "dp") == []
    table.write_text(table.read_text().replace("2024-05-01 10:00:03,", "2024-05-01 10:00:05,"))
    with pytest.raises(Problem, match="no camera stood there: B03"):
        camtrap_dp.write(survey, tmp_path / "dp2", About("+03:00", table), quiet)


def test_that_events_hold_the_most_seen_at_once(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", About(**{**vars(about), "events": True}), quiet)
    events = [row for row in rows(tmp_path / "dp", "observations") if row["observationLevel"] == "event"]
    [lions] = [row for row in events if row["eventID"] == "1" and row["scientificName"] == "lion"]
    assert (lions["count"], lions["mediaID"], lions["eventEnd"]) == ("3", "", "2024-05-01T10:00:03+03:00")
    assert not [row for row in events if row["eventID"] == "1" and row["observationType"] == "blank"]


def test_that_names_that_look_like_formulas_do_no_harm(survey, tmp_path, about):
    with survey.write() as db:
        db.execute("UPDATE species SET name = '=HYPERLINK(\"x\")' WHERE name = 'gnu'")
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    assert rows(tmp_path / "dp", "observations")[0]["scientificName"] == '\'=HYPERLINK("x")'


def test_that_thresholds_decide_which_boxes_are_told(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet, Rules(lows=(("animal", 0.95),)))
    assert {row["observationType"] for row in rows(tmp_path / "dp", "observations")[-6:]} == {"blank"}


def test_that_a_zip_file_holds_the_same(survey, tmp_path, about):
    camtrap_dp.write(survey, tmp_path / "dp", about, quiet)
    camtrap_dp.write(survey, tmp_path / "dp.zip", about, quiet)
    with zipfile.ZipFile(tmp_path / "dp.zip") as archive:
        assert sorted(archive.namelist()) == sorted(path.name for path in (tmp_path / "dp").iterdir())
        assert archive.read("media.csv") == (tmp_path / "dp" / "media.csv").read_bytes()


def test_that_a_cancelled_package_leaves_nothing(survey, tmp_path, about):
    def stop(progress):
        raise Cancelled

    before = sorted(tmp_path.iterdir())
    for name in ("dp", "dp.zip"):
        with pytest.raises(Cancelled):
            camtrap_dp.write(survey, tmp_path / name, about, stop)
    assert sorted(tmp_path.iterdir()) == before
