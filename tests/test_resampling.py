import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui import resampling


def share_interval(hits, crops, seed=0):
    """The interval of hits over crops, given per location."""
    hits, crops = np.asarray(hits, float), np.asarray(crops, float)
    sums = np.concatenate(list(resampling.drawn(np.column_stack([hits, crops]), seed=seed)))
    return resampling.interval(hits.sum() / crops.sum(), sums[:, 0] / sums[:, 1], len(crops))


def test_that_the_interval_knows_that_crops_of_one_location_are_alike():
    assert share_interval([100, 0], [100, 100]) == (0.0, 1.0)
    low, high = share_interval([1, 0] * 100, [1] * 200)
    assert 0.4 < low < 0.5 < high < 0.6


def test_that_one_location_tells_nothing_about_the_next():
    assert share_interval([3], [4]) is None


def test_that_draws_that_all_agree_on_something_between_tell_nothing():
    assert share_interval([1, 1, 1], [2, 2, 2]) is None


@pytest.mark.parametrize("locations", [2, 10, 100])
def test_that_locations_without_a_miss_count_as_one_trial_each(locations):
    low, high = share_interval([7] * locations, [7] * locations)
    assert (low**locations, high) == (pytest.approx(0.025), 1.0)
    assert share_interval([0] * locations, [7] * locations) == pytest.approx((0.0, 1 - low))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=2, max_size=12),
    st.integers(0, 2**31 - 1),
)
@settings(max_examples=40, deadline=None)
def test_that_an_interval_holds_its_value_and_stays_between_0_and_1(locations, seed):
    crops = np.array([number for number, _ in locations])
    hits = np.round([number * share for number, share in locations])
    found = share_interval(hits, crops, seed)
    if found is not None:
        assert 0 <= found[0] <= hits.sum() / crops.sum() <= found[1] <= 1


def test_that_sums_are_those_of_drawing_with_replacement():
    """Against drawing one location after the other; both estimate the same spread."""
    random = np.random.default_rng(3)
    crops = random.integers(1, 50, 30)
    hits = random.binomial(crops, random.beta(3, 2, 30))
    one_by_one = []
    for _ in range(4000):
        which = random.integers(0, 30, 30)
        one_by_one.append(hits[which].sum() / crops[which].sum())
    assert share_interval(hits, crops) == pytest.approx(np.percentile(one_by_one, (2.5, 97.5)), abs=0.02)


def test_that_rounds_do_not_depend_on_the_portions_or_on_other_columns(monkeypatch):
    counted = np.random.default_rng(0).integers(0, 9, (20, 5)).astype(float)
    whole = np.concatenate(list(resampling.drawn(counted, 300)))
    assert len(whole) == 300
    alone = np.concatenate(list(resampling.drawn(counted[:, :1], 300)))
    assert (alone == whole[:, :1]).all()
    monkeypatch.setattr(resampling, "_CELLS", 400)
    portions = list(resampling.drawn(counted, 300))
    assert len(portions) > 10 and (np.concatenate(portions) == whole).all()


@pytest.mark.parametrize(("locations", "least"), [(6, 172), (10, 178), (30, 182)])
def test_that_nine_of_ten_intervals_hold_the_truth_for_new_locations(locations, least):
    """Locations differ; each survey sees its own. The interval promises 95 %; few locations keep a little less."""
    random = np.random.default_rng(5)
    held = 0
    for survey in range(200):
        share = random.beta(4, 1, locations)  # mean 0.8
        low, high = share_interval(random.binomial(40, share), [40] * locations, survey)
        held += low <= 0.8 <= high
    assert held >= least
