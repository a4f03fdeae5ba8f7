"""Reading boxes from the answers of networks, and telling layouts apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.models.detectors import layouts
from camtrap_gui.problem import Problem

place = st.floats(0, 640, width=32)
side = st.floats(1, 300, width=32)
share = st.floats(0, 1, width=32)
rows = st.lists(st.tuples(place, place, side, side, share, share, share), min_size=1, max_size=30)


@given(rows, st.sampled_from([0.05, 0.3]))
def test_that_the_layouts_say_the_same(some, least):
    """Centre, sides, and the scores of two classes; the objectness is 0.5 where there is one."""
    values = np.array(some, np.float32)
    box, classes = values[:, :4], values[:, 4:6]
    yolov5 = np.concatenate([box, np.full((len(box), 1), 0.5, np.float32), classes], 1)
    yolov8 = np.concatenate([box, 0.5 * classes], 1).T
    corners = np.concatenate([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], 1)
    best = 0.5 * classes.max(axis=1, keepdims=True)
    number = classes.argmax(axis=1)[:, None]
    end_to_end = np.concatenate([corners, best, number], 1)
    queries = np.concatenate([box / 640, 0.5 * classes, np.zeros((len(box), 1), np.float32)], 1)
    top = np.concatenate([box / 640, best, number], 1)
    sure = np.flatnonzero(best[:, 0] >= least)
    for layout, answer in (
        ("yolov5", yolov5),
        ("yolov8", yolov8),
        ("end-to-end", end_to_end),
        ("rtdetr", queries),
        ("rtdetr", top),
    ):
        found = layouts.read(layout, answer, least, 640)
        np.testing.assert_allclose(found.corners, corners[sure], atol=1e-3)
        np.testing.assert_allclose(found.scores, best[sure, 0], atol=1e-6)
        np.testing.assert_array_equal(found.classes, classes[sure].argmax(axis=1))


@pytest.mark.parametrize(
    ("shape", "layout", "classes"),
    [
        ((25200, 8), "yolov5", 3),
        ((8400, 6), "yolov5", 1),
        ((102000, 85), "yolov5", 80),
        ((7, 8400), "yolov8", 3),
        ((5, 8400), "yolov8", 1),
        ((300, 6), "end-to-end", None),
        ((None, 6), "end-to-end", None),
        ((300, 7), "rtdetr", 3),
        ((300, 5), "rtdetr", 1),
        ((300, 84), "rtdetr", 80),
        ((252, 8), "yolov5", 3),
        ((255, 8), "yolov5", 3),
    ],
)
def test_that_layouts_are_told_apart_by_their_shapes(shape, layout, classes):
    assert layouts.layout_of(shape) == layout
    assert layouts.classes_of(layout, shape) == classes


@pytest.mark.parametrize("shape", [(4, 8400), (8400, 4), (None, None), (8400, None), (1000, 3)])
def test_that_other_shapes_are_none(shape):
    with pytest.raises(Problem, match="--layout"):
        layouts.layout_of(shape)


def test_that_end_to_end_answers_come_surest_first_and_are_not_suppressed_again():
    answer = np.array([[0, 0, 9, 9, 0.3, 0], [0, 0, 9, 9, 0.9, 1], [0, 0, 9, 9, 0.6, 0]], np.float32)
    found = layouts.choose("end-to-end", layouts.read("end-to-end", answer, 0.1, 64))
    assert found.scores.tolist() == pytest.approx([0.9, 0.6, 0.3]) and found.classes.tolist() == [1, 0, 0]


def test_that_six_columns_of_an_rt_detr_are_two_classes_where_the_last_is_no_whole_number():
    two = np.array([[0.5, 0.5, 0.2, 0.2, 0.3, 0.6], [0.5, 0.5, 0.2, 0.2, 0.7, 0.1]], np.float32)
    found = layouts.read("rtdetr", two, 0.1, 100)
    assert found.scores.tolist() == pytest.approx([0.6, 0.7]) and found.classes.tolist() == [1, 0]
    np.testing.assert_allclose(found.corners[0], [40, 40, 60, 60], atol=1e-4)
