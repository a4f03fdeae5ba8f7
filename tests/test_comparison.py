import numpy as np
import pytest

from camtrap_gui import metrics, resampling
from camtrap_gui.comparison import FEWEST, compare
from camtrap_gui.evaluation import TOP, Said

CLASSES = ("zebra", "gazelle", "rhino", "lion")


def said(truth, answers, location) -> Said:
    ranked = np.full((len(truth), TOP), -1)
    ranked[:, 0] = answers
    places = [f"C{n}" for n in range(int(max(location)) + 1)]
    return Said(CLASSES, places, np.asarray(truth), ranked, np.full(len(truth), 0.9), np.asarray(location))


def survey(cameras: int, right: float, better: float, seed: int = 0) -> tuple[Said, Said]:
    """40 crops at each camera; the current model is right with chance ``right``, the candidate mends ``better`` of its errors."""
    random = np.random.default_rng(seed)
    location = np.repeat(np.arange(cameras), 40)
    truth = random.integers(0, 3, len(location))
    wrong = (truth + random.integers(1, 3, len(truth))) % 3
    first = np.where(random.random(len(truth)) < right, truth, wrong)
    second = np.where(random.random(len(truth)) < better, truth, first)
    return said(truth, first, location), said(truth, second, location)


def test_that_the_figures_of_both_are_those_of_their_evaluation():
    current, candidate = survey(8, 0.7, 0.4)
    found = compare(current, candidate)
    for one, which in ((current, "current"), (candidate, "candidate")):
        confusion = one.confusion()
        assert getattr(found.accuracy, which).value == pytest.approx(
            metrics.top_k_accuracy(one.truth, one.ranked, 1)
        )
        assert getattr(found.macro_f1, which).value == pytest.approx(metrics.macro_f1(confusion))
        recalls = metrics.per_class(confusion).recall
        assert [getattr(pair, which).value for pair in found.recalls] == pytest.approx(list(recalls[:3]))
    assert [pair.name for pair in found.recalls] == ["zebra", "gazelle", "rhino"]
    assert found.crops == 320 and found.locations == 8 and found.rounds == 2000


def test_that_the_interval_agrees_with_drawing_cameras_one_by_one():
    current, candidate = survey(9, 0.6, 0.2, seed=3)
    found = compare(current, candidate, rounds=4000)
    random = np.random.default_rng(11)
    rows = [np.flatnonzero(current.location == camera) for camera in range(9)]
    differences = []
    for _ in range(1500):
        drawn = np.concatenate([rows[camera] for camera in random.integers(0, 9, 9)])
        both = (metrics.macro_f1(one.confusion(drawn)) for one in (candidate, current))
        differences.append(float(np.subtract(*both)))
    assert found.macro_f1.difference.interval == pytest.approx(
        resampling.middle(np.array(differences), 9), abs=0.01
    )


def test_that_the_pairing_makes_the_difference_surer_than_each_figure():
    found = compare(*survey(10, 0.6, 0.15))

    def width(figure):
        return figure.interval[1] - figure.interval[0]

    assert width(found.accuracy.difference) < width(found.accuracy.current)


def test_that_a_clearly_better_candidate_is_called_better_and_the_other_way_round_worse():
    current, candidate = survey(10, 0.6, 0.5)
    found = compare(current, candidate)
    assert found.verdict == "better" and "candidate is better" in found.sentence
    back = compare(candidate, current)
    assert back.verdict == "worse" and "lower by" in back.sentence
    low, high = found.macro_f1.difference.interval
    assert back.macro_f1.difference.interval == pytest.approx((-high, -low))


def test_that_chance_alone_is_seldom_called_better_or_worse():
    verdicts = []
    for seed in range(60):
        current, _ = survey(8, 0.7, 0, seed)
        _, other = survey(8, 0.7, 0, seed + 1000)
        candidate = said(
            current.truth, np.where(other.ranked[:, 0] == other.truth, current.truth, 3), current.location
        )
        blind = said(
            current.truth,
            np.where(current.ranked[:, 0] == current.truth, current.truth, 3),
            current.location,
        )
        verdicts.append(compare(blind, candidate).verdict)
    assert (
        verdicts.count("undecided") >= 48
    )  # 95 % promised; percentile intervals of 8 cameras are a little narrow


def test_that_few_cameras_decide_nothing_however_clear_it_looks():
    found = compare(*survey(FEWEST - 1, 0.3, 0.9))
    assert found.verdict == "undecided"
    assert "cannot be told apart on 5 cameras" in found.sentence
    alone = compare(*survey(1, 0.3, 0.9))
    assert alone.accuracy.difference.interval is None and "1 camera:" in alone.sentence


def test_that_equal_answers_are_said_to_be_equal():
    current, _ = survey(7, 0.8, 0)
    found = compare(current, current)
    assert found.verdict == "undecided" and "Both say the same" in found.sentence
    assert found.accuracy.difference.interval == (0.0, 0.0)


def test_that_a_gain_in_one_figure_does_not_hide_a_loss_in_the_other():
    location = np.repeat(np.arange(8), 50)
    truth = np.tile([0] * 46 + [1] * 2 + [2] * 2, 8)
    all_zebra = np.zeros_like(truth)
    rare = np.where(truth > 0, truth, np.tile([0] * 36 + [3] * 14, 8))
    found = compare(said(truth, all_zebra, location), said(truth, rare, location))
    assert found.verdict == "undecided" and "higher macro-F1, but the lower accuracy" in found.sentence


def test_that_a_species_of_one_camera_has_no_interval():
    current, candidate = survey(8, 0.7, 0.3)
    truth = current.truth.copy()
    truth[:5] = 3
    found = compare(*(said(truth, one.ranked[:, 0], one.location) for one in (current, candidate)))
    lion = found.recalls[-1]
    assert (lion.name, lion.crops, lion.locations) == ("lion", 5, 1)
    assert lion.difference.interval is None and lion.difference.value == 0
    assert "lion" in found.text()


def test_that_the_rounds_are_the_same_in_large_and_small_portions(monkeypatch):
    pair = survey(12, 0.6, 0.3)
    whole = compare(*pair)
    monkeypatch.setattr(resampling, "_CELLS", 5_000)
    assert compare(*pair) == whole
    assert compare(*pair, seed=1) != whole
