import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.problem import Problem
from camtrap_gui.project import crop_split, training_data
from camtrap_gui.project.training_data import held_out
from tests import tiny


def locations_of(project, selection):
    marks = ",".join(map(str, selection.ids.tolist()))
    rows = project.db.execute(f"SELECT DISTINCT location FROM crops WHERE id IN ({marks})")
    return {row[0] for row in rows}


def test_that_the_validation_crops_are_those_of_the_split(cropped):
    data = training_data.choose(cropped, 0)
    assert data.classes == ("human", "zebra", "gazelle", "rhino")
    assert data.counts() == {
        "train": {"human": 0, "zebra": 6, "gazelle": 5, "rhino": 1},
        "validation": {"human": 0, "zebra": 3, "gazelle": 0, "rhino": 0},
    }
    assert data.validation_is == "split"
    assert data.padding == 1.69


def test_that_without_a_validation_split_whole_training_locations_are_held_out(project):
    tiny.add_crops(
        project, {("zebra", "train"): 40, ("gazelle", "train"): 40, ("zebra", "test"): 9}, locations=10
    )
    data = training_data.choose(project, 0)
    train, validation = (locations_of(project, part) for part in (data.train, data.validation))
    assert len(validation) == 2 and len(train) == 8 and not train & validation
    assert len(data.train) + len(data.validation) == 80
    assert all(name.startswith("train") for name in train | validation)
    again, other = training_data.choose(project, 0), training_data.choose(project, 1)
    np.testing.assert_array_equal(again.validation.ids, data.validation.ids)
    assert locations_of(project, other.validation) != validation


def test_that_with_one_location_sequences_are_held_out_whole(project):
    tiny.add_crops(project, {("zebra", "train"): 12, ("gazelle", "train"): 12}, locations=1)
    with project.write() as db:
        for burst in range(8):
            db.execute("INSERT INTO sequences (id, name) VALUES (?, ?)", (burst + 1, f"burst {burst}"))
        db.execute("UPDATE images SET sequence_id = (id - 1) / 3 + 1")
    data = training_data.choose(project, 0)
    bursts = [{(crop_id - 1) // 3 for crop_id in part.ids.tolist()} for part in (data.train, data.validation)]
    assert len(bursts[1]) == 1 and not bursts[0] & bursts[1]
    assert "sequences" in data.validation_is


def test_that_with_one_crop_each_training_crops_are_all_there_is(project):
    tiny.add_crops(project, {("zebra", "train"): 1, ("gazelle", "train"): 1})
    data = training_data.choose(project, 0)
    assert len(data.train) == len(data.validation) == 2
    assert "too few" in data.validation_is


def test_that_a_project_without_crops_says_what_to_do(project):
    with pytest.raises(Problem, match="camtrap crop"):
        training_data.choose(project, 0)


def test_that_one_species_is_not_enough(project):
    tiny.add_crops(project, {("zebra", "train"): 5, ("gazelle", "test"): 5})
    with pytest.raises(Problem, match=r"at least two species.*zebra"):
        training_data.choose(project, 0)


def test_that_the_padding_is_that_of_the_last_crop_step(cropped):
    with cropped.write() as db:
        for state, padding in (("done", 1.3), ("done", 1.5), ("failed", 9.0)):
            db.execute(
                "INSERT INTO jobs (step, options, started, state) VALUES ('crop', ?, '2024-05-01T00:00:00+00:00', ?)",
                (f'{{"padding": {padding}}}', state),
            )
    assert training_data.choose(cropped, 0).padding == crop_split.made(cropped).padding == 1.5


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=60), st.integers(0, 99))
def test_that_holding_out_leaves_every_class_something_to_learn_from(pairs, seed):
    names = [f"L{group}" for group in range(10)]
    groups, labels = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    held = held_out(names, groups, labels, seed)
    assert len(held) <= 2
    out = np.isin(groups, [names.index(name) for name in held])
    assert set(labels[~out]) == set(labels)


def test_that_what_is_known_of_crops_comes_in_the_order_asked_for_whatever_the_pages(project, monkeypatch):
    tiny.add_crops(project, {("zebra", "train"): 7, ("gazelle", "test"): 4}, locations=3)
    known = {
        row["id"]: row for row in project.db.execute("SELECT id, sha256, location FROM crops").fetchall()
    }
    asked = np.array([*reversed(known), next(iter(known))], np.int64)
    names = sorted({row["location"] for row in known.values()})
    for page in (2, 100):
        monkeypatch.setattr(training_data, "_PAGE", page)
        wanted = [known[crop_id] for crop_id in asked.tolist()]
        assert list(training_data.sha256s(project, asked)) == [row["sha256"] for row in wanted]
        places = training_data.locations(project, asked).tolist()
        assert [names[place] for place in places] == [row["location"] for row in wanted]
        assert training_data.confidences(project, asked).tolist() == [1.0] * len(asked)
