"""Reliability: against hand counts, against classifiers of known calibration, and over any answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui import calibration
from camtrap_gui.calibration import BINS, Bin


def measured(confidence, correct, groups=None):
    crops = len(confidence)
    where = np.zeros(crops, int) if groups is None else np.asarray(groups)
    return calibration.measure(np.asarray(confidence, float), np.asarray(correct, bool), where)


def test_that_the_error_is_the_distance_between_confidence_and_hits():
    # Bin (13/15, 14/15]: two crops, mean confidence 0.9, one right; bin (7/15, 8/15]: two at 0.5, one right.
    found = measured([0.88, 0.92, 0.5, 0.5], [True, False, True, False])
    assert found.error == pytest.approx((2 * 0.4 + 2 * 0) / 4)
    assert (found.confidence, found.accuracy) == (pytest.approx(0.7), 0.5)


def test_that_confidence_on_the_edges_of_the_scale_is_counted():
    assert measured([0.0, 1.0], [False, True]).error == 0
    assert measured([0.0, 1.0], [True, False]).error == 1


def test_that_bins_hold_the_crops_up_to_their_upper_edge_and_know_nothing_where_there_are_none():
    found = measured([1 / BINS, 1 / BINS, 1.0], [True, False, True])
    first, second, *_, last = found.bins
    assert first == Bin(0, 1 / BINS, 2, pytest.approx(1 / BINS), 0.5)
    assert second == Bin(1 / BINS, 2 / BINS, 0)
    assert (last.high, last.crops, last.accuracy) == (1, 1, 1)


def test_that_one_location_tells_nothing_about_the_next():
    found = measured([0.9, 0.8, 0.9], [True, False, True])
    assert found.interval is None and found.excess is None
    assert all(each.interval is None for each in found.bins)


def test_that_a_bin_of_one_location_has_no_interval_though_others_have():
    found = measured([0.9, 0.9, 0.2], [True, False, True], [0, 1, 1])
    known = {place for place, each in enumerate(found.bins) if each.interval}
    assert known == {int(np.ceil(0.9 * BINS)) - 1}
    assert found.bins[int(np.ceil(0.9 * BINS)) - 1].interval == (0.0, 1.0)


def test_that_the_interval_knows_that_crops_of_one_location_are_alike():
    random = np.random.default_rng(0)
    confidence = np.full(400, 0.75)
    by_camera = np.repeat(random.random(20) < 0.75, 20)
    cameras = np.repeat(np.arange(20), 20)
    alike = measured(confidence, by_camera, cameras)
    apart = measured(confidence, random.permutation(by_camera), cameras)
    width = [high - low for low, high in (alike.excess, apart.excess)]
    assert width[0] > 2 * width[1]


def calibrated(crops, seed, shift=0.0):
    """Answers that are right exactly as often as they say, or ``shift`` less often."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.2 + shift, 1, crops)
    return confidence, random.random(crops) < confidence - shift, random.integers(0, 40, crops)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_that_a_classifier_that_is_right_as_often_as_it_says_has_a_small_error(seed):
    found = measured(*calibrated(20_000, seed))
    # A bin of n crops lies sqrt(p(1-p)/n) from its confidence, at most sqrt(BINS/crops)/2 in the mean.
    assert found.error < np.sqrt(BINS / 20_000)
    assert found.interval[0] < 0.01


def test_that_the_interval_makes_up_for_the_error_that_few_crops_alone_make():
    found = [measured(*calibrated(300, seed)) for seed in range(30)]
    middle = np.mean([np.mean(each.interval) for each in found])
    assert middle < 0.75 * np.mean([each.error for each in found])
    assert np.mean([each.interval[0] < 0.015 for each in found]) > 0.8


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.3))
def test_that_too_much_confidence_is_measured_and_said(seed, shift):
    found = measured(*calibrated(8_000, seed, shift))
    assert found.error == pytest.approx(shift, abs=0.04)
    assert found.excess[0] < shift + 0.02 and found.excess[1] > shift - 0.02
    assert found.sentence().startswith("Too sure of itself: ")


def test_that_too_little_confidence_and_what_may_be_chance_are_said_too():
    confidence, correct, groups = calibrated(5_000, 1)
    assert measured(confidence / 2, correct, groups).sentence().startswith("Better than it says: ")
    assert measured(confidence[:100], correct[:100], groups[:100]).sentence().endswith("may be chance.")


@st.composite
def answers(draw):
    crops = draw(st.integers(1, 40))
    confidence = draw(st.lists(st.floats(0, 1), min_size=crops, max_size=crops))
    correct = draw(st.lists(st.booleans(), min_size=crops, max_size=crops))
    groups = draw(st.lists(st.integers(0, 6), min_size=crops, max_size=crops))
    return confidence, correct, groups


@settings(max_examples=100, deadline=None)
@given(answers())
def test_that_figures_lie_between_0_and_1_and_every_crop_is_in_one_bin(case):
    found = measured(*case)
    crops = len(case[0])
    assert sum(each.crops for each in found.bins) == crops
    assert 0 <= found.error <= 1
    # The distance of the means is never more than the mean of the distances.
    assert abs(found.confidence - found.accuracy) <= found.error + 1e-9
    assert (found.interval is None) == (len(set(case[2])) == 1)
    for low, high in filter(None, (found.interval, *(each.interval for each in found.bins))):
        assert 0 <= low <= high <= 1
    for each in found.bins:
        if each.crops:
            assert each.low - 1e-9 <= each.confidence <= each.high + 1e-9
            assert 0 <= each.accuracy <= 1
            assert each.interval is None or each.interval[0] <= each.accuracy <= each.interval[1]


@settings(max_examples=30, deadline=None)
@given(answers(), st.randoms(use_true_random=False))
def test_that_the_order_of_crops_does_not_matter(case, random):
    rows = list(zip(*case, strict=True))
    random.shuffle(rows)
    one, other = measured(*case), measured(*zip(*rows, strict=True))
    assert one.error == pytest.approx(other.error)
    assert [each.crops for each in one.bins] == [each.crops for each in other.bins]
    assert one.interval == (None if other.interval is None else pytest.approx(other.interval))
