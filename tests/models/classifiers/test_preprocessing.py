import numpy as np
from PIL import Image

from camtrap_gui.models.classifiers.preprocessing import to_input


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
