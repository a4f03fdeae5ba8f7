"""What is counted before writing is what is written then."""

import csv
from collections import Counter

import numpy as np
import pytest

from camtrap_gui.project import smoothing
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import tables
from camtrap_gui.sharing.outlook import Outlook, _pictures_of_each
from tests import shareable


def quiet(_):
    pass


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        with project.write() as db:
            db.execute("UPDATE detections SET confidence = 0.1 + 0.05 * (id % 15)")
            db.execute("UPDATE detections SET category = 'person' WHERE id IN (8, 9)")
            db.execute("UPDATE images SET problem = 'broken' WHERE id = 12")
            db.execute(
                "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
                " VALUES (11, 1, 'vehicle', 0.35, 0.1, 0.1, 0.2, 0.2)"
            )
        yield project


@pytest.mark.parametrize("lows", [{}, {"animal": 0.0}, {"animal": 0.45, "person": 0.1}, {"vehicle": 0.3}])
@pytest.mark.parametrize("smooth", [False, True])
def test_that_what_is_counted_is_what_is_written(survey, tmp_path, lows, smooth):
    overruled = {7: "lion", 8: "okapi"} if smooth else {}
    counts = Outlook(survey, quiet).count(lows, overruled)
    tables.write_csv(survey, tmp_path / "out", quiet, Rules(lows=tuple(lows.items()), overruled=overruled))
    written = {}
    for name in ("images", "detections", "species"):
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            written[name] = list(csv.DictReader(file))
    rows = written["images"]
    assert (counts.images, counts.unreadable) == (len(rows), 1)
    columns = {"animal": "animals", "person": "people", "vehicle": "vehicles"}
    amounts = {kind: sum(int(row[column] or 0) for row in rows) for kind, column in columns.items()}
    assert counts.boxes == {kind: number for kind, number in amounts.items() if number}
    assert sum(counts.boxes.values()) == len(written["detections"]) > 0
    assert counts.empty == sum(row["species"] == "empty" for row in rows)
    assert counts.found == sum(
        row["species"] not in ("", "empty") or any(int(row[column] or 0) for column in columns.values())
        for row in rows
    )
    names = Counter(row["species"] for row in written["species"])
    assert counts.species | {"empty": 0} == names | {"empty": 0}


def test_that_an_empty_project_has_nothing_to_count(project):
    counts = Outlook(project, quiet).count({})
    assert (counts.images, counts.found, counts.boxes, counts.species) == (0, 0, {}, {})
    assert smoothing.smooth(project).changes == {}


def test_that_a_name_told_twice_of_a_picture_counts_once() -> None:
    chance = np.random.default_rng(0)
    image = np.sort(chance.integers(0, 300, 500)).astype(np.int32)
    told = chance.integers(-1, 4, 500).astype(np.int32)
    pairs = {(name, number) for name, number in zip(told.tolist(), image.tolist(), strict=True) if name >= 0}
    assert _pictures_of_each(told, image, 4) == [sum(one == name for one, _ in pairs) for name in range(4)]
    assert _pictures_of_each(told[:0], image[:0], 0) == []
