import numpy as np
import pytest
from PIL import Image

from camtrap_gui.models.classifiers.preprocessing import INCEPTION, centre, resize_as_tensorflow_1, to_input


def test_that_a_crop_of_any_shape_and_mode_becomes_a_square_of_rgb():
    for mode, size in (("RGB", (50, 80)), ("L", (300, 20)), ("RGBA", (32, 32)), ("P", (7, 9))):
        made = to_input(Image.new(mode, size, 3), 32)
        assert made.shape == (32, 32, 3) and made.dtype == np.uint8


def test_that_shrinking_averages_instead_of_skipping_pixels():
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    made = to_input(Image.fromarray(stripes), 32)
    assert abs(made.astype(int) - 128).max() <= 6  # at the edge a stripe is missing


def test_that_an_exported_graph_can_repeat_the_resize():
    import tensorflow as tf

    random = np.random.default_rng(0)
    for height, width in ((77, 131), (500, 301), (20, 30)):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        theirs = tf.image.resize(pixels.astype(np.float32), (64, 64), antialias=True).numpy()
        ours = to_input(Image.fromarray(pixels), 64)
        assert np.abs(theirs - ours).max() < 1.1  # Pillow rounds to whole values, twice


def test_that_the_resize_of_tensorflow_1_takes_corners_for_the_places_of_pixels():
    """By hand: place i of the result lies at i * 2/5 and i * 4/2 of the picture, and nothing is averaged beyond."""
    wider = resize_as_tensorflow_1(np.array([[[0], [100]]], np.uint8), 5)
    assert wider.shape == (5, 5, 1)
    assert wider[:, :, 0] == pytest.approx(np.tile([0, 40, 80, 100, 100], (5, 1)), abs=1e-4)
    ramp = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    assert resize_as_tensorflow_1(ramp, 2)[:, :, 0].tolist() == [[0, 2], [8, 10]]
    assert resize_as_tensorflow_1(ramp, 3)[0, :, 0] == pytest.approx([0, 4 / 3, 8 / 3], abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (15, 16), (333, 501), (640, 600)])
def test_that_the_tutorials_way_is_that_of_tensorflow(size):
    import tensorflow as tf

    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    central = tf.image.central_crop(pixels, 0.875).numpy()
    assert (centre(pixels) == central).all()
    theirs = tf.raw_ops.ResizeBilinear(images=tf.cast(central, tf.float32)[None], size=(75, 75))[0].numpy()
    assert resize_as_tensorflow_1(central, 75) == pytest.approx(theirs, abs=1e-4)
    made = to_input(Image.fromarray(pixels), 75, INCEPTION)
    assert made.dtype == np.uint8 and np.abs(made - theirs).max() <= 0.501
