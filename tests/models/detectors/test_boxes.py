"""Choosing among boxes that overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.geometry import iou
from camtrap_gui.models.detectors.boxes import suppress

corner = st.integers(0, 12)
box = st.tuples(corner, corner, st.integers(1, 8), st.integers(1, 8))


def as_corners(boxes) -> np.ndarray:
    return np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float64).reshape(-1, 4)


@given(st.lists(st.tuples(box, st.integers(0, 10)), max_size=25), st.sampled_from([0.2, 0.45, 0.7]))
def test_that_suppression_is_what_its_definition_says(scored, overlap):
    boxes, scores = [b for b, _ in scored], np.array([s for _, s in scored], np.float64)
    expected: list[int] = []
    for at in sorted(range(len(boxes)), key=lambda at: -scores[at]):
        if all(iou(boxes[at], boxes[other]) <= overlap for other in expected):
            expected.append(at)
    assert suppress(as_corners(boxes), scores, overlap, 100).tolist() == expected


def test_that_no_more_than_the_most_are_kept_and_those_are_the_best():
    boxes = as_corners([(10 * n, 0, 5, 5) for n in range(6)])
    assert suppress(boxes, np.array([1.0, 5, 3, 4, 2, 0]), 0.5, 3).tolist() == [1, 3, 2]
