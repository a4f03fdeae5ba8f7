"""Looking through predictions: in order, in pages, and a few of each species."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from camtrap_gui.project import Project, inspection, predictions, runs
from camtrap_gui.project.inspection import RIGHT, WRONG, Asked
from camtrap_gui.project.predictions import Judged, Prediction
from tests import tiny

NAMES = tuple(tiny.COLOURS)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """40 test crops and 12 of training with predictions, of which every third is wrong; some are equally sure."""
    with Project.create(tmp_path / "project") as made:
        tiny.add_crops(
            made, {("zebra", "test"): 25, ("rhino", "test"): 15, ("zebra", "train"): 12}, locations=4
        )
        run = runs.start(made, "quick", "tiny", {}, {"classes": NAMES, "data_hash": ""}, {})
        said = []
        for number, species in made.db.execute(
            "SELECT crops.id, species.name FROM crops JOIN species ON species.id = species_id ORDER BY crops.id"
        ):
            called = "lion" if number % 3 == 0 else species
            said.append(Prediction(number, [(called, 0.3 + (number % 7) / 10), ("gazelle", 0.01)]))
        predictions.add(made, run.id, said)
        yield made


@pytest.fixture
def everything(project: Project) -> Asked:
    return Asked(runs.all_of(project)[0].id, "test")


def paged(project: Project, asked: Asked, least_sure_first: bool, most: int) -> list[Judged]:
    """All pages, one behind the other."""
    found: list[Judged] = []
    while page := inspection.page(project, asked, least_sure_first, found[-1] if found else None, most):
        assert len(page) <= most
        found += page
    return found


@pytest.mark.parametrize("least_sure_first", [False, True])
def test_that_pages_follow_each_other_by_confidence_and_leave_none_out(
    project: Project, everything: Asked, least_sure_first: bool
) -> None:
    found = paged(project, everything, least_sure_first, most=7)
    assert len({one.crop_id for one in found}) == len(found) == 40
    shares = [one.top[0][1] for one in found]
    assert shares == sorted(shares, reverse=not least_sure_first)


def test_that_filters_are_those_of_the_predictions(project: Project, everything: Asked) -> None:
    every = {one.crop_id: one for one in predictions.judged(project, everything.run_id, "test")}

    def wanted(**kinds: str) -> set[int]:
        asked = Asked(everything.run_id, "test", **kinds)
        found = {one.crop_id for one in paged(project, asked, False, 4)}
        assert inspection.count(project, asked) == len(found)
        return found

    def those(is_so: object) -> set[int]:
        assert callable(is_so)
        return {number for number, one in every.items() if is_so(one)}

    assert wanted(verdict=WRONG) == those(lambda one: one.truth != one.top[0][0]) != set()
    assert wanted(verdict=RIGHT) == those(lambda one: one.truth == one.top[0][0])
    assert wanted(truth="rhino") == those(lambda one: one.truth == "rhino")
    assert wanted(called="lion") == those(lambda one: one.top[0][0] == "lion")
    assert wanted(location="test-2") == those(lambda one: one.location == "test-2")
    both = those(lambda one: one.truth == "zebra" and one.location == "test-1" and one.top[0][0] == "lion")
    assert wanted(truth="zebra", location="test-1", verdict=WRONG) == both != set()
    assert wanted(truth="lion") == set()


def test_that_a_sample_has_as_many_of_each_species_by_chance(project: Project, everything: Asked) -> None:
    drawn = inspection.sample(project, everything, of_each=5, seed=1)
    assert Counter(one.truth for one in drawn) == {"zebra": 5, "rhino": 5}
    assert [one.truth for one in drawn] == ["zebra"] * 5 + ["rhino"] * 5
    assert drawn == inspection.sample(project, everything, of_each=5, seed=1)
    assert drawn != inspection.sample(project, everything, of_each=5, seed=2)
    seen = {one.crop_id for seed in range(30) for one in inspection.sample(project, everything, 5, seed)}
    assert len(seen) == 40  # each has its chance
    wrong = inspection.sample(project, Asked(everything.run_id, "test", verdict=WRONG), 50, 0)
    assert {one.top[0][0] for one in wrong} == {"lion"}


def test_that_the_place_of_a_crop_is_that_of_its_detection(project: Project) -> None:
    assert inspection.place_of(project, 1) is None  # its detection is unknown
    with project.write() as db:
        db.execute("INSERT INTO detectors VALUES (9, '0', 'd', 'd', 0.5, 0.1, '2024')")
        db.execute(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
            " VALUES (77, 1, 9, 'animal', 0.9, 0.1, 0.2, 0.3, 0.4)"
        )
        db.execute("UPDATE crops SET detection_id = 77 WHERE id = 1")
    found = inspection.place_of(project, 1)
    assert found is not None and found[0].id == 1 and found[1] == (0.1, 0.2, 0.3, 0.4)
