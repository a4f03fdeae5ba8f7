"""What camera traps vary and species do not: side, distance, light, and the grey of infra-red nights."""

from typing import Any

_SMALLEST = 0.75  # side of the jittered window, of the whole crop
_BRIGHTNESS = 40.0  # of 255
_CONTRAST = 0.3
_GREY = 0.2  # share of the crops that lose their colours


def augment(images: Any, seed: Any) -> Any:
    """A changed copy of images [N, S, S, 3] 0..255, as float32; the same for the same ``seed``, an int32 [2] tensor.

    Half are mirrored; each is cut to a random window and resized back; brightness and contrast change; a fifth are
    grey. The mirror and the window are one resampling.
    """
    import tensorflow as tf

    count, size = tf.shape(images)[0], images.shape[1]

    def uniform(number: int, low: float, high: float, columns: int = 1) -> Any:
        key = seed + tf.constant([0, number])
        return tf.random.stateless_uniform((count, columns), key, low, high)

    side = uniform(1, _SMALLEST, 1.0, 2)
    start = uniform(2, 0.0, 1.0, 2) * (1 - side)
    top, left = tf.unstack(start, axis=1)
    bottom, right = tf.unstack(start + side, axis=1)
    mirrored = uniform(3, 0.0, 1.0)[:, 0] < 0.5
    windows = tf.stack(
        [top, tf.where(mirrored, right, left), bottom, tf.where(mirrored, left, right)], axis=1
    )
    x = tf.image.crop_and_resize(tf.cast(images, tf.float32), windows, tf.range(count), (size, size))
    grey = tf.image.rgb_to_grayscale(x)
    x = tf.where(uniform(4, 0.0, 1.0)[:, :, None, None] < _GREY, grey, x)
    mean = tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
    contrast = uniform(5, 1 - _CONTRAST, 1 + _CONTRAST)[:, :, None, None]
    brightness = uniform(6, -_BRIGHTNESS, _BRIGHTNESS)[:, :, None, None]
    return tf.clip_by_value((x - mean) * contrast + mean + brightness, 0.0, 255.0)
