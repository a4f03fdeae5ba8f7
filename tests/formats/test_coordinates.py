"""Tables of coordinates as people write them, in whatever country and program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.problem import Problem


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "c.csv").write_bytes(text.encode(encoding))
    return coordinates.read(tmp_path / "c.csv")


@pytest.mark.parametrize(
    "text",
    [
        "location,latitude,longitude\nB03,-2.5,34.75\n",
        "Location;Latitude;Longitude\r\nB03;-2,5;34,75\r\n",
        "latitude\tlongitude\tlocation\tnote\n-2.5\t34.75\tB03\twindy\n",
        'location,latitude,longitude\n" B03 ","-2.5","34.75"\n\n,,\nC11,,\n',
    ],
)
def test_that_spreadsheets_of_all_countries_are_read(tmp_path, text):
    assert read(tmp_path, text) == {"B03": [Place(-2.5, 34.75)]}
    assert read(tmp_path, text, "utf-8-sig") == {"B03": [Place(-2.5, 34.75)]}


def test_that_old_encodings_and_whole_days_are_understood(tmp_path):
    text = "location,latitude,longitude,start,end\nHöhle,1,2,2024-05-01,2024-05-03\n"
    [place] = read(tmp_path, text, "cp1252")["Höhle"]
    assert (place.start, place.end) == ("2024-05-01T00:00:00", "2024-05-03T23:59:59")
    assert place.is_at("2024-05-03T22:00:00") and not place.is_at("2024-05-04T00:00:00")


@pytest.mark.parametrize(
    "row", ["B03,91,2", "B03,1,181", "B03,nan,2", "B03,1,", "B03,1,2,soon,", "B03,1,2,2024-05-01,never"]
)
def test_that_what_cannot_be_meant_is_refused_with_its_line(tmp_path, row):
    with pytest.raises(Problem, match="line 2"):
        read(tmp_path, f"location,latitude,longitude,start,end\n{row}\n")


def test_that_a_template_comes_back_as_it_was(tmp_path):
    known = {"=B3": [Place(1.5, -2.25, "2024-05-01T00:00:00"), Place(2, 3)], "B": [Place(0, 0)]}
    coordinates.write_template(tmp_path / "t.csv", known, ["=B3", "B", "new"])
    assert {name: sorted(found, key=str) for name, found in coordinates.read(tmp_path / "t.csv").items()} == {
        name: sorted(found, key=str) for name, found in known.items()
    }


@given(st.binary(max_size=200))
def test_that_no_file_brings_it_down(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("c") / "c.csv"
    path.write_bytes(b"location,latitude,longitude\n" + data)
    try:
        coordinates.read(path)
    except Problem as problem:
        assert str(path) in str(problem)
