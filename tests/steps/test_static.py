"""Finding static objects from the command line: a table by default, a decision about all of them only when asked."""

import pytest

from camtrap_gui.cli import run as run_command
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, edits
from camtrap_gui.steps import static
from tests.repeating import DAILY, STUMP, add, prepare

SHADOW = (0.1, 0.1, 0.05, 0.05)


@pytest.fixture
def survey(project: Project) -> Project:
    return prepare(project)


def rejected(project: Project) -> int:
    return project.db.execute("SELECT count(*) FROM detections WHERE rejected").fetchone()[0]


def test_that_places_are_listed_and_left_as_they_are(survey, quiet):
    add(survey, DAILY)
    add(survey, DAILY[:21], SHADOW, camera=2, confidence=0.125)
    result = static.run(survey, static.Options(), quiet)
    header, first, second, _, summary, _ = result.text().splitlines()
    assert header.split() == ["Location", "Category", "Times", "Days", "Boxes", "From", "To", "Confidence"]
    assert first.split() == ["C01", "animal", "25", "25", "25", "2024-03-01", "2024-03-25", "0.50"]
    assert second.split() == ["C02", "animal", "21", "21", "21", "2024-03-01", "2024-03-21", "0.12"]
    assert summary == "2 places with 46 detections in all."
    assert result.places[0].box == pytest.approx(STUMP) and rejected(survey) == 0


def test_that_a_long_list_is_cut_but_counted_whole(survey, quiet):
    add(survey, DAILY)
    add(survey, DAILY, SHADOW)
    text = static.run(survey, static.Options(top=1), quiet).text()
    assert "… and 1 more." in text and "2 places with 50 detections" in text


def test_that_options_are_the_rules(survey, quiet):
    add(survey, DAILY[:6])
    assert static.run(survey, static.Options(occurrences=6), quiet).places
    for changed in ({"occurrences": 7}, {"days": 7}, {"low": 0.6}, {"high": 0.4}, {"largest": 0.02}):
        options = static.Options(**{"occurrences": 6, **changed})
        assert static.run(survey, options, quiet).text().startswith("Nothing repeats")


def test_that_rejecting_is_asked_for_and_undoable(survey, quiet):
    add(survey, DAILY)
    assert "rejected" in static.run(survey, static.Options(reject=True), quiet).text()
    assert rejected(survey) == 25
    assert static.run(survey, static.Options(reject=True), quiet).rejected is False
    edits.undo(survey)
    assert rejected(survey) == 0


def test_that_detecting_comes_first(project, quiet):
    with pytest.raises(Problem, match="camtrap detect"):
        static.run(project, static.Options(), quiet)


def test_that_the_command_line_knows_it(survey, capsys):
    add(survey, DAILY[:5])
    assert run_command(["static", str(survey.folder), "--occurrences", "5"]) == 0
    assert "1 place with 5 detections in all." in capsys.readouterr().out
