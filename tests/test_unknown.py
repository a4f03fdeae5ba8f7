import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui import unknown


@given(st.lists(st.floats(0, 1, width=32), min_size=20, max_size=300))
def test_that_at_most_one_in_twenty_known_crops_is_marked(confidence):
    known = np.array(confidence, np.float32)
    assert (known < unknown.limit(known)).mean() <= 0.05


def test_that_few_crops_mark_nothing():
    assert unknown.limit(np.full(19, 0.9)) == 0.0


def test_that_pairs_are_counted_as_by_hand():
    known, foreign = np.array([0.9, 0.8, 0.6]), np.array([0.8, 0.2])
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in known for b in foreign]
    assert unknown.told_apart(known, foreign) == pytest.approx(np.mean(pairs))
    assert unknown.told_apart(foreign, known) == pytest.approx(1 - np.mean(pairs))


def test_that_unknown_crops_pass_where_the_known_ones_do():
    known = np.linspace(0.5, 1, 101)
    assert unknown.passed(known, np.array([0.1, 0.52, 0.53, 0.99])) == 0.5
