import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.geometry import PADDING, crop_window, iou

edges = st.floats(-0.5, 1.5, allow_nan=False)
lengths = st.floats(0, 2, allow_nan=False)
boxes = st.tuples(edges, edges, lengths, lengths)
sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
paddings = st.floats(1, 5)


def test_that_a_crop_is_a_square_around_its_box_in_pixels():
    # A box of 100 x 40 pixels at (450, 280) in a picture of 1000 x 600: side 169, centre (500, 300).
    assert crop_window((0.45, 280 / 600, 0.1, 40 / 600), (1000, 600), 1.69) == (415, 215, 584, 384)


def test_that_a_crop_at_the_border_is_clipped_and_not_shifted():
    assert crop_window((0.0, 0.0, 0.1, 0.1), (1000, 1000), 1.69) == (0, 0, 134, 134)
    assert crop_window((0.9, 0.9, 0.1, 0.1), (1000, 1000), 1.69) == (865, 865, 1000, 1000)


def test_that_the_window_is_the_one_of_the_original_script():
    def tutorial(
        box, size, padding
    ):  # boxes to pixels, then expand about the centre, clip low, truncate, clip high
        x, y, width, height = (value * size[place % 2] for place, value in enumerate(box))
        side = padding * max(width, height)
        left, top = (max(0.0, x - (side - width) / 2), max(0.0, y - (side - height) / 2))
        right, bottom = x + width + (side - width) / 2, y + height + (side - height) / 2
        return int(left), int(top), min(size[0], int(right)), min(size[1], int(bottom))

    for box in [
        (0.2, 0.3, 0.25, 0.125),
        (0.0, 0.5, 0.5, 0.25),
        (0.75, 0.75, 0.25, 0.25),
        (0.5, 0, 0.0625, 0.5),
    ]:
        assert crop_window(box, (2048, 1536), PADDING) == tutorial(box, (2048, 1536), PADDING)


@given(boxes, sizes, paddings)
def test_that_a_window_is_never_empty_and_never_leaves_the_picture(box, size, padding):
    left, top, right, bottom = crop_window(box, size, padding)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


@given(sizes, paddings, st.data())
def test_that_a_window_shows_the_whole_box(size, padding, data):
    x, y = data.draw(st.floats(0, 1)), data.draw(st.floats(0, 1))
    width, height = data.draw(st.floats(0, 1 - x)), data.draw(st.floats(0, 1 - y))
    left, top, right, bottom = crop_window((x, y, width, height), size, padding)
    assert left <= x * size[0] + 1e-6 and top <= y * size[1] + 1e-6
    assert right + 1 > (x + width) * size[0] - 1e-6 and bottom + 1 > (y + height) * size[1] - 1e-6


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_that_a_box_must_be_finite(bad):
    with pytest.raises(ValueError, match="not a box"):
        crop_window((0.1, bad, 0.1, 0.1), (100, 100), PADDING)


@given(boxes, boxes)
def test_that_agreement_of_boxes_is_symmetric_and_between_nothing_and_all(a, b):
    assert 0 <= iou(a, b) <= 1
    assert iou(a, b) == pytest.approx(iou(b, a))


@given(st.tuples(edges, edges, st.floats(0.01, 1), st.floats(0.01, 1)))
def test_that_a_box_agrees_with_itself(box):
    assert iou(box, box) == pytest.approx(1)


def test_that_half_overlapping_boxes_share_a_third():
    assert iou((0, 0, 0.2, 0.1), (0.1, 0, 0.2, 0.1)) == pytest.approx(1 / 3)
    assert iou((0, 0, 0.1, 0.1), (0.1, 0, 0.1, 0.1)) == 0
