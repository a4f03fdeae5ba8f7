"""Boxes that repeat: none is missed, none is in two groups, and all of a group agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui import geometry
from camtrap_gui.project import repeats

sides = st.floats(0.01, 0.9)
edges = st.floats(-0.05, 0.95)
boxes_at_all = st.tuples(edges, edges, sides, sides)


def at_random(seed: int, spots: int, each: int, noise: float, strays: int) -> np.ndarray:
    """``each`` boxes around each of some spots, off by ``noise`` of their size, and strays, shuffled."""
    chance = np.random.default_rng(seed)
    spot = chance.uniform([0.05, 0.05, 0.03, 0.03], [0.7, 0.7, 0.3, 0.3], (spots, 4))
    scale = spot[:, [2, 3, 2, 3]]
    near = (spot[:, None] + chance.normal(0, noise, (spots, each, 4)) * scale[:, None]).reshape(-1, 4)
    stray = chance.uniform([0, 0, 0.02, 0.02], [0.8, 0.8, 0.6, 0.6], (strays, 4))
    return chance.permutation(np.concatenate([near, stray]))


def matrix(boxes: np.ndarray) -> np.ndarray:
    """The IoU of each box with each."""
    return np.array([repeats.ious(box, boxes) for box in boxes])


@given(boxes_at_all, boxes_at_all)
def test_that_many_ious_are_those_of_single_boxes(one, other):
    found = repeats.ious(np.array(one), np.array([other, one]))
    assert found == pytest.approx([geometry.iou(one, other), 1.0], abs=1e-9)


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(2, 30), st.floats(0, 0.05),
    st.integers(0, 60), st.floats(0.3, 1.0), st.integers(2, 8),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_that_no_repeating_box_is_missed_and_all_of_a_group_agree(
    seed, spots, each, noise, strays, threshold, least
):
    boxes = at_random(seed, spots, each, noise, strays)
    free = np.ones(len(boxes), bool)
    for box, group in repeats.groups(boxes, threshold, least, lambda _: True):
        assert len(group) >= least
        assert free[group].all()
        assert np.array_equal(group, np.unique(group))
        assert (repeats.ious(np.array(box), boxes[group]) >= min(threshold, 0.999)).all()
        free[group] = False
    rest = boxes[free]
    if len(rest):
        assert ((matrix(rest) >= min(threshold, 0.999)).sum(axis=1) < least).all()


def test_that_every_spot_is_one_group_of_all_its_boxes():
    boxes = at_random(seed=3, spots=4, each=200, noise=0.004, strays=500)
    found = list(repeats.groups(boxes, 0.9, 20, lambda _: True))
    assert [len(group) for _, group in found] == [200] * 4


def test_that_the_same_boxes_make_the_same_groups():
    boxes = at_random(seed=5, spots=3, each=50, noise=0.02, strays=100)
    once, again = (
        [(box, group.tolist()) for box, group in repeats.groups(boxes, 0.9, 10, lambda _: True)]
        for _ in range(2)
    )
    assert once == again


def test_that_what_is_not_enough_is_no_group():
    boxes = np.tile([0.2, 0.2, 0.1, 0.1], (30, 1))
    assert list(repeats.groups(boxes, 0.9, 20, lambda members: len(members) > 30)) == []
    assert len(list(repeats.groups(boxes, 0.9, 20, lambda members: len(members) == 30))) == 1


def test_that_no_boxes_make_no_groups():
    assert list(repeats.groups(np.empty((0, 4)), 0.9, 2, lambda _: True)) == []
