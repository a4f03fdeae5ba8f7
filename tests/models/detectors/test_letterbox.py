"""Pictures in squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui.models.detectors.letterbox import CENTRE, CORNER, STRETCHED, prepare


@pytest.mark.parametrize(("place", "left", "top", "around"), [(CENTRE, 0, 16, 114), (CORNER, 0, 0, 0)])
def test_that_a_wide_picture_lies_where_it_should(place, left, top, around):
    prepared = prepare(Image.new("RGB", (128, 64), (9, 8, 7)), 64, place)
    assert (prepared.left, prepared.top, prepared.width, prepared.height) == (left, top, 64, 32)
    for band, value in zip(prepared.pixels, (9, 8, 7), strict=True):
        assert (band[top : top + 32] == value).all()
        assert (np.delete(band, slice(top, top + 32), 0) == around).all()


def test_that_a_stretched_picture_fills_the_square():
    picture = Image.linear_gradient("L").convert("RGB").resize((128, 32))
    prepared = prepare(picture, 64, STRETCHED)
    assert (prepared.left, prepared.top, prepared.width, prepared.height) == (0, 0, 64, 64)
    light = prepared.pixels[0].astype(float)
    assert np.ptp(light, axis=1).max() == 0 and light[0, 0] < 10 and light[-1, 0] > 245
    assert prepared.fractions(np.array([[16, 32, 48, 64]])).tolist() == [[0.25, 0.5, 0.75, 1]]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([CENTRE, CORNER]))
def test_that_the_whole_picture_is_the_whole_picture_again(width, height, place):
    prepared = prepare(Image.new("RGB", (width, height)), 96, place)
    corners = [
        prepared.left,
        prepared.top,
        prepared.left + prepared.width,
        prepared.top + prepared.height,
    ]
    assert max(prepared.width, prepared.height) == 96 and min(corners) >= 0 and max(corners) <= 96
    assert prepared.fractions(np.array([corners])).tolist() == [[0, 0, 1, 1]]
    assert prepared.fractions(np.array([[-50, -50, 500, 500]])).tolist() == [[0, 0, 1, 1]]
