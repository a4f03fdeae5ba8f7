"""Heat over a picture: hot places are covered, cold ones left alone."""

import numpy as np
from PIL import Image

from camtrap_gui.heat import STRENGTH, glowing, layer

CORNER = np.zeros((8, 8), np.float32)
CORNER[:4, :4] = 1


def test_that_a_layer_covers_only_what_is_hot() -> None:
    made = layer(CORNER, (160, 80))
    assert made.shape == (80, 160, 4)
    assert made[20, 40].tolist() == [240, 249, 33, 255]
    assert made[60, 120, 3] == 0


def test_that_hotter_is_lighter_all_the_way() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[np.newaxis].repeat(2, 0)
    grey = layer(ramp, (64, 2))[0, :, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(grey) > 0).all()


def test_that_a_picture_glows_where_its_area_is_hot_and_stays_as_it_is_elsewhere() -> None:
    picture = Image.new("RGB", (200, 100), (10, 120, 10))
    made = np.asarray(glowing(picture, [(CORNER, (0.5, 0.0, 0.5, 1.0))]))
    assert (made[:, :99] == (10, 120, 10)).all()
    hot = np.array((10, 120, 10)) * (1 - STRENGTH) + np.array((240, 249, 33)) * STRENGTH
    np.testing.assert_allclose(made[20, 120], hot, atol=2)
    assert (np.asarray(picture) == (10, 120, 10)).all()
