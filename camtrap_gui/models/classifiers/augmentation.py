"""What camera traps vary and species do not: side, distance, light, blur, leaves before the animal, grey nights.

A crop is some distance wider than the box of its animal on every side (the padding), so a window that moves and shrinks
within the crop moves the animal about without losing it.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Strength:
    """How much is changed: ``smallest`` side of the window, of the crop's; ``brightness`` of 255 and ``contrast`` up and
    down; the shares of crops that become ``grey``, ``blurred`` or have a square ``cut`` out."""

    smallest: float
    brightness: float = 0.0
    contrast: float = 0.0
    grey: float = 0.0
    blurred: float = 0.0
    cut: float = 0.0


STRENGTHS = {
    "light": Strength(0.9),
    "standard": Strength(0.75, 40.0, 0.3, 0.2),
    "strong": Strength(0.6, 60.0, 0.5, 0.3, 0.25, 0.5),
}
_SIGMA = 1 / 110  # of the blur, in sides: 2 pixels of 224
_LUMA = (0.2989, 0.5870, 0.1140)  # of red, green and blue, as in tf.image.rgb_to_grayscale
_HOLE = 0.35  # largest side of what is cut out


def augment(images: Any, seed: Any, strength: str = "standard", first: Any = 0) -> Any:
    """A changed copy of images [N, S, S, 3] 0..255, as float32; the same for the same ``seed``, an int32 [2] tensor.

    ``strength`` is one of ``STRENGTHS``, or "none". Images that are the rows from ``first`` on of a larger batch are changed
    as they would be among all of it. Half the images are mirrored; each is cut to a random window and
    resized back, both in one resampling; then colours, light, blur and a hole.
    """
    import tensorflow as tf

    x = tf.cast(images, tf.float32)
    if strength == "none":
        return x
    how = STRENGTHS[strength]
    draw = _Draw(seed, tf.shape(images)[0], first)
    x = _moved(x, draw, how.smallest)
    if how.grey or how.contrast or how.brightness:
        x = _lit(x, draw, how)
    if how.blurred:
        x = tf.where(draw(7) < how.blurred, _blur(x), x)
    if how.cut:
        x = tf.where((draw(8) < how.cut) & _hole(x, draw), tf.reduce_mean(x, axis=(1, 2), keepdims=True), x)
    return tf.clip_by_value(x, 0.0, 255.0)


@dataclass(frozen=True)
class _Draw:
    """Random numbers for a batch: one for each image, [N, 1, 1, 1], by the number of the draw."""

    seed: Any
    count: Any
    first: Any = 0

    def __call__(self, number: int, low: float = 0.0, high: float = 1.0) -> Any:
        return self.columns(number, 1, low, high)[:, :, None, None]

    def columns(self, number: int, columns: int, low: float = 0.0, high: float = 1.0) -> Any:
        import tensorflow as tf

        key = self.seed + tf.constant([0, number])
        # Numbers come row by row, so those of the rows before do not depend on how many follow.
        drawn = tf.random.stateless_uniform((self.first + self.count, columns), key, low, high)
        return drawn[self.first :]


def _moved(x: Any, draw: _Draw, smallest: float) -> Any:
    import tensorflow as tf

    side = draw.columns(1, 2, smallest, 1.0)
    start = draw.columns(2, 2) * (1 - side)
    top, left = tf.unstack(start, axis=1)
    bottom, right = tf.unstack(start + side, axis=1)
    mirrored = draw.columns(3, 1)[:, 0] < 0.5
    windows = tf.stack(
        [top, tf.where(mirrored, right, left), bottom, tf.where(mirrored, left, right)], axis=1
    )
    return tf.image.crop_and_resize(x, windows, tf.range(draw.count), (x.shape[1], x.shape[2]))


def _lit(x: Any, draw: _Draw, how: Strength) -> Any:
    """Grey, then contrast about the image's mean, then brightness: all of them one product of each pixel's three colours
    with a matrix, which takes a third of the processor time of one after the other."""
    import tensorflow as tf

    grey = tf.cast(draw(4) < how.grey, tf.float32)[:, 0]
    contrast = draw(5, 1 - how.contrast, 1 + how.contrast)[:, 0]
    brightness = draw(6, -how.brightness, how.brightness)[:, 0]
    to_grey = tf.constant([[share] * 3 for share in _LUMA])
    colours = (1 - grey) * tf.eye(3) + grey * to_grey  # [N, 3, 3]
    pixels = tf.reshape(x, (draw.count, -1, 3))
    mean = tf.reduce_mean(tf.reduce_mean(pixels, 1, keepdims=True) @ colours, 2, keepdims=True)
    return tf.reshape(pixels @ (colours * contrast) + (mean * (1 - contrast) + brightness), tf.shape(x))


def _blur(x: Any) -> Any:
    """By a Gaussian, first down, then across."""
    import tensorflow as tf

    sigma = max(0.5, _SIGMA * x.shape[1])
    reach = int(2 * sigma + 1)
    weights = tf.exp(-0.5 * (tf.range(-reach, reach + 1, dtype=tf.float32) / sigma) ** 2)
    weights /= tf.reduce_sum(weights)
    x = tf.pad(x, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        kernel = tf.tile(tf.reshape(weights, shape), (1, 1, 3, 1))
        x = tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID")
    return x


def _hole(x: Any, draw: _Draw) -> Any:
    """Where a square hole is in each image, bool [N, S, S, 1]."""
    import tensorflow as tf

    half, middle = draw(9, 0.1, _HOLE) / 2, draw.columns(10, 2)
    across = (tf.range(x.shape[1], dtype=tf.float32) + 0.5) / x.shape[1]
    down = tf.abs(across[None, :, None, None] - middle[:, 0, None, None, None])
    right = tf.abs(across[None, None, :, None] - middle[:, 1, None, None, None])
    return (down < half) & (right < half)
