"""Locations and what belongs together stay in one split, and in the one they had."""

import random

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import crops, decisions
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import named, run_step
from camtrap_gui.steps.crop import Options, look_ahead, run
from tests.croppable import Survey


@pytest.fixture
def survey(project, tmp_path):
    return Survey(project, tmp_path / "pictures")


def test_that_no_location_and_no_sequence_is_in_two_splits(survey, quiet):
    for place in range(12):
        for number in range(3):
            survey.add(
                f"{place}/{number}.jpg",
                labels=(("lion", "zebra")[number % 2],),
                location=f"site {place}",
                sequence=f"burst {place // 2}" if number == 0 else None,
            )
    run(survey.project, Options(), quiet)
    for column in ("crops.location", "sequences.name"):
        shared = survey.project.db.execute(
            f"SELECT {column} FROM crops JOIN images ON images.id = image_id LEFT JOIN sequences"
            f" ON sequences.id = sequence_id WHERE {column} IS NOT NULL GROUP BY 1 HAVING COUNT(DISTINCT split) > 1"
        ).fetchall()
        assert shared == []
    assert {split for (split,) in survey.project.db.execute("SELECT DISTINCT split FROM crops")} == {
        "train",
        "val",
        "test",
    }


def test_that_species_that_cannot_be_everywhere_are_named(survey, quiet):
    survey.cover()
    survey.add("rare.jpg", labels=("aardwolf",), location="site 3")
    result = run(survey.project, Options(), quiet)
    assert result.warnings == ("aardwolf is not in val and test; it was seen at one location.",)
    assert result.classes["aardwolf"] == {"train": 1, "val": 0, "test": 0}
    assert "Beware: aardwolf" in result.text()


def test_that_the_tutorial_split_draws_from_the_locations_of_all_images(survey, quiet):
    survey.cover()
    for place in range(9):
        survey.add(f"night/{place}.jpg", labels=(), location=f"empty site {place}")
    result = run(survey.project, Options(split="tutorial", test_fraction=0.4, val_fraction=0.6), quiet)
    names = [f"site {place}" for place in range(6)] + [f"empty site {place}" for place in range(9)]
    random.seed(0)
    test = set(random.sample(sorted(names), int(0.4 * 15)))
    assert set(crops.locations(survey.project, "test")) == test & {f"site {place}" for place in range(6)}
    assert result.crops["val"] == 0


@pytest.mark.parametrize("key", ["location", "camera"])
def test_that_the_tutorial_split_takes_whole_numbers_in_their_order(survey, quiet, key):
    numbers = list(range(3, 120, 7))
    for number in numbers:
        survey.add(f"{number}.jpg", location=str(number), extra={"camera": number})
    with survey.project.write() as db:
        db.execute("UPDATE locations SET whole = 1")
    run(survey.project, Options(split="tutorial", test_fraction=0.4, location_key=key), quiet)
    drawn = random.Random(0).sample(sorted(numbers), int(0.4 * len(numbers)))
    as_texts = random.Random(0).sample(sorted(map(str, numbers)), int(0.4 * len(numbers)))
    assert set(crops.locations(survey.project, "test")) == {str(number) for number in drawn} != set(as_texts)


def test_that_any_field_can_be_split_by(survey, quiet):
    for number in range(9):
        survey.add(f"{number}.jpg", location=None, extra={"camera": number % 3, "day": "Monday"})
    with pytest.raises(
        Problem, match=r"9 of 9 pictures have no “location”.*--location-key camera \(3 different"
    ):
        run(survey.project, Options(), quiet)
    with pytest.raises(Problem, match=r"the same day “Monday”.*--location-key camera"):
        run(survey.project, Options(location_key="day"), quiet)
    with pytest.raises(Problem, match="have no “station”"):
        run(survey.project, Options(location_key="station"), quiet)
    run(survey.project, Options(location_key="camera"), quiet)
    assert sorted(sum((crops.locations(survey.project, s) for s in ("train", "val", "test")), ())) == [
        "0",
        "1",
        "2",
    ]


def test_that_few_images_without_location_are_left_out(survey, quiet):
    for number in range(60):
        survey.add(f"{number}.jpg", location=f"site {number % 6}", size=(40, 30))
    survey.add("lost.jpg", location=None)
    assert run(survey.project, Options(), quiet).left_out == {"it has no location": 1}


def test_that_sequences_that_join_everything_are_explained(survey, quiet):
    for number in range(6):
        survey.add(f"{number}.jpg", location=f"site {number}", sequence="1")
    with pytest.raises(Problem, match="sequences join 6 values of location"):
        run(survey.project, Options(), quiet)


def again(project, **options):
    """The crop step as it is run for a person: with a record of what was asked."""
    return run_step(named("crop"), project, Options(**options), lambda _: None)


def split_of(project):
    return dict(project.db.execute("SELECT DISTINCT location, split FROM crops ORDER BY location").fetchall())


def test_that_making_crops_again_after_corrections_keeps_the_held_out_cameras(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    lions = [row[0] for row in project.db.execute("SELECT id FROM images WHERE path LIKE 'lion/%'")]
    decisions.label(project, lions[:4], [Said("zebra")])
    decisions.label(project, lions[4:5], [Said("empty")])
    for place in range(3):
        for name in ("lion", "zebra", "zebra"):
            survey.add(f"{name}/{place} {random.random()}.jpg", labels=(name,), location=f"new {place}")
    planned = look_ahead(project, Options(), lambda _: None)
    again(project)
    after = split_of(project)
    assert {place: after[place] for place in before} == before
    assert len(after) == len(before) + 3
    assert planned.locations == {name: list(after.values()).count(name) for name in crops.SPLITS}


def test_that_new_cameras_go_where_they_are_lacking(survey):
    survey.cover()
    again(survey.project)
    before = split_of(survey.project)
    for place in range(24):
        for name in ("lion", "zebra"):
            survey.add(f"{name}/more {place}.jpg", labels=(name,), location=f"more {place}")
    again(survey.project)
    after = split_of(survey.project)
    assert {place: after[place] for place in before} == before
    of_all = [list(after.values()).count(name) / len(after) for name in crops.SPLITS]
    assert of_all == pytest.approx([0.65, 0.15, 0.2], abs=0.04)


def test_that_a_camera_whose_crops_were_all_taken_out_comes_back_to_its_split(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    held = next(place for place, split in before.items() if split == "test")
    images = [
        row[0]
        for row in project.db.execute(
            "SELECT images.id FROM images JOIN locations ON locations.id = location_id WHERE name = ?",
            (held,),
        )
    ]
    decisions.label(project, images, [Said("unknown")])
    assert held not in split_of(project)
    decisions.label(project, images, [Said("zebra")])
    again(project)
    assert split_of(project) == before


@pytest.mark.parametrize("change", [{"seed": 7}, {"test_fraction": 0.4}, {"split": "tutorial"}])
def test_that_another_wish_splits_anew_and_is_then_kept(survey, change):
    for place in range(12):
        for name in ("lion", "zebra"):
            survey.add(f"{name}/{place}.jpg", labels=(name,), location=f"site {place}")
    project = survey.project
    again(project)
    first = split_of(project)
    again(project, **change)
    second = split_of(project)
    assert second != first
    survey.add("lion/new.jpg", location="a new site")
    again(project, **change)
    assert {place: split for place, split in split_of(project).items() if place != "a new site"} == second


def test_that_known_cameras_are_split_anew_when_that_is_asked_for(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    others = {"train": "val", "val": "test", "test": "train"}
    with project.write() as db:
        for place, split in before.items():
            db.execute("UPDATE crops SET split = ? WHERE location = ?", (others[split], place))
    again(project)
    assert split_of(project) == {place: others[split] for place, split in before.items()}
    again(project, keep_split=False)
    assert split_of(project) == before


def test_that_cameras_of_two_splits_that_a_sequence_joins_are_learnt_from_and_not_tested_on(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    one, other = (next(place for place in before if before[place] == split) for split in ("test", "train"))
    for place in (one, other):
        survey.add(f"lion/joint {place}.jpg", location=place, sequence="a burst of both")
    again(project)
    after = split_of(project)
    assert after[one] == after[other] == "train"
    assert {place: after[place] for place in before if place != one} == {
        place: before[place] for place in before if place != one
    }
