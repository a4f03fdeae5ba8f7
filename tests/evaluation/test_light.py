import math

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.evaluation import Light
from camtrap_gui.evaluation.light import colourfulness


@pytest.mark.parametrize(
    ("taken", "light"),
    [
        ("2024-05-01T06:00:00", Light.DAY),
        ("2024-05-01T17:59:59", Light.DAY),
        ("2024-05-01T18:00:00", Light.NIGHT),
        ("2024-05-01 05:59:59", Light.NIGHT),
        ("2024-05-01T00:10", Light.NIGHT),
        ("2024-05-01", Light.UNKNOWN),
        ("", Light.UNKNOWN),
        (None, Light.UNKNOWN),
        ("2024-05-01Tmorning", Light.UNKNOWN),
    ],
)
def test_that_the_clock_tells_day_from_night(taken, light):
    assert Light.by_clock(taken) is light


def test_that_infrared_pictures_are_grey_even_when_tinted():
    grey = Image.linear_gradient("L").resize((80, 60))
    tinted = Image.merge("RGB", [grey.point(lambda v, a=a: min(255, v // 2 + a)) for a in (40, 20, 45)])
    coloured = np.random.default_rng(0).integers(0, 255, (4, 4, 3), np.uint8)
    assert Light.by_colour(colourfulness(grey)) is Light.GREY
    assert Light.by_colour(colourfulness(tinted)) is Light.GREY
    assert Light.by_colour(colourfulness(Image.fromarray(coloured).resize((80, 60)))) is Light.COLOURED
    assert Light.by_colour(math.nan) is Light.UNKNOWN


@pytest.mark.real
def test_that_real_pictures_by_infrared_are_told_from_others(testdata):
    folder = testdata / "images" / "ena24_small"
    for name, light in (("4383.jpg", Light.GREY), ("2968.jpg", Light.GREY), ("422.jpg", Light.COLOURED)):
        assert Light.by_colour(colourfulness(Image.open(folder / name))) is light
