"""What the tables of a Camtrap DP may hold, and the tags in which it says what the standard has no word for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.formats import camtrap_dp
from camtrap_gui.formats.camtrap_dp import TABLES


@pytest.mark.parametrize(
    ("table", "column", "good", "bad"),
    [
        ("deployments", "latitude", "-90", "90.5"),
        ("deployments", "deploymentStart", "2020-03-01T22:00:00Z", "2020-03-01T22:00:00"),
        ("media", "filePath", "media/1.jpg", "../1.jpg"),
        ("media", "filePath", "https://example.org/1.jpg", "/1.jpg"),
        ("media", "filePath", "a b.jpg", "~/1.jpg"),
        ("media", "fileMediatype", "image/jpeg", "jpeg"),
        ("media", "filePublic", "false", "no"),
        ("observations", "observationType", "blank", "empty"),
        ("observations", "count", "1", "0"),
        ("observations", "bboxWidth", "1e-15", "0"),
        ("observations", "classificationProbability", "1", "nan"),
        ("observations", "observationID", "x", ""),
    ],
)
def test_that_cells_are_judged_as_by_the_standard(table, column, good, bad):
    assert TABLES[table][column].fault(good) == ""
    assert TABLES[table][column].fault(bad) != ""


@given(st.text(st.characters(exclude_categories=["Cs"])).map(str.strip))
def test_that_tags_come_back_as_they_were(value):
    text = " | ".join(["level:sequence", camtrap_dp.tag("box", value), "something else"])
    assert camtrap_dp.tags(text) == {"level": "sequence", "box": value}
