import numpy as np
import pytest

from camtrap_gui import cli
from camtrap_gui.problem import Problem
from camtrap_gui.project import (
    Project,
    acceptance,
    browse,
    corrections,
    crop_choice,
    decisions,
    edits,
    observations,
    queues,
    runs,
    species,
    sure,
)
from camtrap_gui.thresholds import Answers
from tests import reviewable


@pytest.fixture
def survey(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        yield project


@pytest.fixture
def run(survey) -> runs.Run:
    """The run that made the survey's suggestions; it is trusted with zebras and gnus from 0.7 on, not with lions."""
    data = {"classes": list(reviewable.SPECIES), "data_hash": ""}
    made = runs.start(survey, "quick", "tiny", {}, data, {})
    with survey.write() as db:
        db.execute("UPDATE suggestions SET run_id = ?", (made.id,))
    said = np.repeat([0, 2], 60)
    ones = np.ones(120, bool)
    acceptance.keep_answers(made, Answers(said, np.full(120, 0.7), ones, np.arange(120) % 12))
    acceptance.make_thresholds(made, 0.95)
    return made


def labels(project: Project) -> dict[int, tuple]:
    return {
        row["image_id"]: (species.names(project)[row["species_id"]], row["author"], row["confidence"])
        for row in project.db.execute("SELECT * FROM labels")
    }


def test_that_only_what_the_run_is_sure_of_is_accepted(survey, run):
    # Animals in images 3, 9 are zebras, 2, 5, 8, 11 gnus; those in 2 are three; image 1 has a label.
    assert sure.count(survey, run) == {"gnu": 4, "zebra": 2}
    assert sure.accept(survey, run, "ann") == 6
    said = labels(survey)
    assert said.pop(1) == ("gnu", "import", None)
    assert said == {
        number: ("zebra" if number in (3, 9) else "gnu", "model", 0.8) for number in (2, 3, 5, 8, 9, 11)
    }
    (count,) = survey.db.execute("SELECT count FROM labels WHERE image_id = 2").fetchone()
    assert count == 3
    assert not {2, 3, 5, 8, 9, 11} & set(map(int, queues.ids(survey, queues.Queue("unreviewed"))))
    assert sure.accept(survey, run) == 0  # nothing is left


def test_that_one_animal_that_is_not_sure_leaves_the_picture_to_a_person(survey, run):
    with survey.write() as db:
        db.execute("UPDATE suggestions SET confidence = 0.6 WHERE detection_id = 2002")
        db.execute("DELETE FROM suggestions WHERE detection_id = 5")
        db.execute("UPDATE suggestions SET run_id = 'another' WHERE detection_id = 8")
    assert sure.count(survey, run) == {"zebra": 2, "gnu": 1}


def test_that_what_a_person_said_stays_and_all_is_undone_at_once(survey, run):
    decisions.label(survey, [3], [decisions.Said("lion")], "ann")
    decisions.draw_box(survey, 9, (0.1, 0.1, 0.2, 0.2), None, "ann")
    before = labels(survey)
    assert sure.accept(survey, run, "ben") == 4
    assert labels(survey)[3] == ("lion", "ann", None)
    newest = next(edits.history(survey))
    assert newest.author == "ben" and "is sure of: 4 pictures" in newest.note
    edits.undo(survey)
    assert labels(survey) == before
    edits.redo(survey)
    assert len(labels(survey)) == len(before) + 4


def test_that_nothing_is_learnt_from_it_until_a_person_accepts_it(survey, run):
    def left_out() -> dict[int, str]:
        rules = crop_choice.Rules(1, 0.5, (), "location", False)
        plan = crop_choice.Plan()
        crop_choice.choose(survey, rules, plan, lambda _: None)
        return dict(plan.db.execute("SELECT image_id, reason FROM left_out").fetchall())

    sure.accept(survey, run)
    assert left_out()[5] == crop_choice.BY_MODEL
    by_model = list(map(int, browse.ids(survey, browse.Filter(author="model"))))
    assert by_model == [2, 3, 5, 8, 9, 11]
    decisions.accept(survey, [5], "ann")
    assert labels(survey)[5] == ("gnu", "ann", 0.8) and 5 not in left_out()


def test_that_other_programs_are_told_that_a_machine_said_it(survey, run):
    sure.accept(survey, run)
    told = {one.image.id: one for one in observations.walk(survey)}
    assert {region.source for region in told[5].regions} == {"model"}


def test_that_a_run_without_thresholds_is_asked_for_them(survey):
    bare = runs.start(survey, "quick", "tiny", {}, {"classes": [], "data_hash": ""}, {})
    with pytest.raises(Problem, match="camtrap evaluate"):
        sure.accept(survey, bare)


def test_that_the_command_previews_accepts_and_can_be_undone(survey, run, capsys):
    run.model.mkdir()
    (run.model / "bundle.json").write_text("{}")
    folder = str(survey.folder)
    assert cli.run(["labels", "accept", folder, "--preview"]) == 0
    assert "Nothing was changed." in capsys.readouterr().out and len(labels(survey)) == 1
    assert cli.run(["labels", "accept", folder, "--author", "ann"]) == 0
    said = capsys.readouterr().out
    assert "gnu" in said and "camtrap labels undo" in said and len(labels(survey)) == 7
    assert cli.run(["labels", "undo", folder]) == 0
    assert len(labels(survey)) == 1


def test_that_accepting_unseen_is_neither_a_correction_nor_a_persons_pace(survey, run):
    before = species.recent(survey)
    assert sure.pictures(survey, run) == sure.accept(survey, run, "ann") == 6
    assert corrections.Corrections(survey).since(run) == frozenset()
    assert decisions.left(survey).per_hour == 0
    assert species.recent(survey) == before
    decisions.label(survey, [2], [decisions.Said("lion", None)], "ann")
    assert corrections.Corrections(survey).since(run) == {2}
    assert decisions.left(survey).per_hour > 0
    assert species.recent(survey) == ["lion", *(name for name in before if name != "lion")]


def test_that_it_is_known_whether_the_run_has_looked_at_anything(survey, run):
    assert sure.has_looked(survey, run)
    with survey.write() as db:
        db.execute("UPDATE suggestions SET run_id = 'another'")
    assert not sure.has_looked(survey, run)
