"""Tables for spreadsheets say what the project says, and nothing in them is ever run."""

import csv
import json
import re
import zipfile
from xml.etree import ElementTree

import pytest

from camtrap_gui.formats import spreadsheet
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import tables, timelapse
from tests import shareable


def quiet(_):
    pass


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        yield project


def test_that_each_table_has_its_rows(survey, tmp_path):
    written = tables.write_csv(survey, tmp_path / "t", quiet, Rules())
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == sorted(
        f"{name}.csv" for name in tables.HEADERS
    )
    images = read(tmp_path / "t" / "images.csv")
    assert written.images == len(images) == 12
    assert [row["species"] for row in images[:6]] == ["gnu", "lion", "empty", "zebra", "human", "empty"]
    assert (images[1]["animals"], images[2]["animals"], images[4]["people"]) == ("3", "0", "0")
    detections = read(tmp_path / "t" / "detections.csv")
    assert written.detections == len(detections) == 1 + 3 + 2 + 1 + 5
    assert {row["kind"] for row in detections if row["image"] == "004.jpg"} == {"box"}
    species = read(tmp_path / "t" / "species.csv")
    [lions] = [row for row in species if row["image"] == "002.jpg"]
    assert (lions["count"], lions["boxes"], lions["source"], lions["author"]) == ("3", "3", "person", "Ana")
    [suggested] = [row for row in species if row["image"] == "007.jpg"]
    assert (suggested["count"], suggested["source"], suggested["confidence"]) == ("", "model", "0.8")


def test_that_the_summary_adds_up(survey, tmp_path):
    tables.write_csv(survey, tmp_path / "t", quiet, Rules())
    found = {(row["location"], row["species"]): row for row in read(tmp_path / "t" / "summary.csv")}
    assert found["B03", "lion"]["individuals"] == "3" and found["B03", "lion"]["images"] == "1"
    assert found["B03", "zebra"]["individuals"] == "2"
    assert found["C11", "lion"]["sequences"] == "2" and found["C11", "lion"]["first"] == "2024-05-01 10:00:07"
    assert found["B03", "empty"]["individuals"] == ""


def test_that_formulas_are_never_formulas(survey, tmp_path):
    with survey.write() as db:
        db.execute("UPDATE species SET name = '=2+3' WHERE name = 'lion'")
        db.execute("UPDATE locations SET name = '@SUM(A1)' WHERE name = 'B03'")
    tables.write_csv(survey, tmp_path / "t", quiet, Rules())
    cells = [cell for path in (tmp_path / "t").iterdir() for row in read(path) for cell in row.values()]
    assert "'=2+3" in cells and "'@SUM(A1)" in cells
    assert not [cell for cell in cells if re.match(r"[=@+\t]|-\D", cell)]
    tables.write_xlsx(survey, tmp_path / "t.xlsx", quiet, Rules())
    sheets = _sheets(tmp_path / "t.xlsx")
    assert list(sheets) == list(tables.HEADERS)
    assert not [tag for rows in sheets.values() for row in rows for tag, _ in row if tag == "f"]
    assert "=2+3" in [text for _, text in sheets["images"][2]]


def test_that_both_forms_hold_the_same(survey, tmp_path):
    tables.write_csv(survey, tmp_path / "t", quiet, Rules())
    tables.write_xlsx(survey, tmp_path / "t.xlsx", quiet, Rules())
    for name, rows in _sheets(tmp_path / "t.xlsx").items():
        assert len(rows) == 1 + len(read(tmp_path / "t" / f"{name}.csv"))


def test_that_a_sheet_that_is_full_goes_on_in_another(tmp_path):
    with spreadsheet.writing(tmp_path / "t.xlsx", {"images": ("n", "text")}, most_rows=4) as add:
        for number in range(8):
            add("images", (number, "x" * 40_000 if number == 7 else None))
    sheets = _sheets(tmp_path / "t.xlsx")
    assert list(sheets) == ["images", "images 2", "images 3"]
    numbers = [row[0][1] for rows in sheets.values() for row in rows[1:]]
    assert numbers == [str(number) for number in range(8)]
    assert len(sheets["images 3"][-1][1][1]) == 32_767


def _sheets(path):
    """Rows of (what the cell is, its text) of every sheet."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        names = [
            one.get("name")
            for one in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{space}sheet")
        ]
        found = {}
        for number, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            found[name] = [
                [(part.tag.removeprefix(space), "".join(part.itertext())) for cell in row for part in cell]
                for row in sheet.iter(f"{space}row")
            ]
    return found


def test_that_timelapse_gets_a_table_and_recognitions(survey, tmp_path):
    with survey.write() as db:
        db.execute("UPDATE images SET path = 'sub/deep/2.jpg' WHERE id = 2")
    written = timelapse.write(survey, tmp_path / "t", quiet, Rules())
    rows = read(tmp_path / "t" / "TimelapseData.csv")
    assert list(rows[0])[:4] == ["File", "RelativePath", "DateTime", "DeleteFlag"]
    assert (rows[1]["File"], rows[1]["RelativePath"], rows[0]["RelativePath"]) == ("2.jpg", "sub\\deep", "")
    assert (rows[1]["Species"], rows[1]["Count"], rows[1]["Author"]) == ("lion", "3", "Ana")
    assert (rows[0]["DateTime"], rows[0]["DeleteFlag"]) == ("2024-05-01 10:00:01", "false")
    assert rows[2]["Species"] == "empty" and rows[2]["Count"] == "0"
    assert written.images == written.recognised == 12
    found = json.loads((tmp_path / "t" / "recognitions.json").read_text())
    assert found["images"][1]["file"] == "sub/deep/2.jpg" and len(found["images"][1]["detections"]) == 3
