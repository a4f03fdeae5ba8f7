import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from camtrap_gui.colours import class_colour, contrast, ink_on
from camtrap_gui.drawing import Mark, annotated
from camtrap_gui.pictures import read_upright

LINES = (("lion", 0.93), ("zebra", 0.05), ("impala", 0.01))
fractions = st.floats(0, 1)


def changed(before, after):
    """Rectangle of all pixels that differ."""
    return ImageChops.difference(before, after).getbbox()


def share_of(colour, picture):
    return float(np.mean(np.all(np.asarray(picture) == colour, axis=-1)))


@pytest.mark.parametrize("place", range(100))
def test_that_text_on_every_class_colour_can_be_read(place):
    colour = class_colour(place)
    assert contrast(ink_on(colour), colour) >= 4.5


def test_that_the_first_hundred_classes_have_colours_of_their_own():
    assert len({class_colour(place) for place in range(100)}) == 100


def test_that_a_frame_stands_around_its_box_and_the_chip_above_it():
    plain = Image.new("RGB", (1000, 800), (128, 128, 128))
    drawn = annotated(plain, [Mark(LINES, (230, 159, 0), (0.3, 0.5, 0.2, 0.25))])
    assert plain.getpixel((300, 500)) == (128, 128, 128), "the original was drawn on"
    for corner in ((300, 400 + 1), (499, 598)):
        assert drawn.getpixel(corner) == (230, 159, 0)
    left, top, right, bottom = changed(plain, drawn)
    assert left >= 295 and right >= 500 and 300 < top < 370 and bottom <= 606
    inside = (310, 410, 490, 590)
    assert drawn.crop(inside).tobytes() == plain.crop(inside).tobytes()


def test_that_a_chip_grows_with_the_picture():
    def chip_height(side):
        plain = Image.new("RGB", (side, side))
        _, top, _, bottom = changed(plain, annotated(plain, [Mark(LINES, (230, 159, 0))]))
        return bottom - top

    assert chip_height(3000) == pytest.approx(3 * chip_height(1000), rel=0.15)


def test_that_two_chips_do_not_hide_each_other():
    plain = Image.new("RGB", (1200, 900))
    boxes = ((0.4, 0.4, 0.1, 0.1), (0.42, 0.4, 0.1, 0.1))
    alone = [share_of(c, annotated(plain, [Mark(LINES, c)])) for c in ((255, 0, 0), (0, 0, 255))]
    both = annotated(plain, [Mark(LINES, (255, 0, 0), boxes[0]), Mark(LINES, (0, 0, 255), boxes[1])])
    assert share_of((255, 0, 0), both) >= alone[0]
    assert share_of((0, 0, 255), both) >= alone[1]


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
    st.lists(st.tuples(fractions, fractions, fractions, fractions), max_size=4),
    st.text(max_size=60),
)
def test_that_any_box_on_any_picture_with_any_name_can_be_drawn(size, boxes, name):
    drawn = annotated(Image.new("RGB", size), [Mark([(name, 0.5)] * 3, (0, 158, 115), box) for box in boxes])
    assert drawn.width % size[0] == 0 and math.isclose(drawn.width / size[0], drawn.height / size[1])


def test_that_a_long_name_ends_before_its_figure():
    plain = Image.new("RGB", (600, 480))
    drawn = annotated(
        plain, [Mark([("a name that is much longer than the picture is wide " * 3, 0.5)], (1, 2, 3))]
    )
    assert changed(plain, drawn)[2] <= 600


def test_that_a_real_picture_keeps_its_size(testdata):
    picture = read_upright(testdata / "images/awkward_files/african_elephants_with_exif_orientation.jpg")
    drawn = annotated(picture, [Mark(LINES, class_colour(1), (0.1, 0.1, 0.5, 0.5))])
    assert drawn.size == picture.size and changed(picture, drawn)
