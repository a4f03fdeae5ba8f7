"""How the tutorial changes the crops it learns from: ``inception_preprocessing.py`` of TF-slim, drawn from seeds.

A window of 5 to 100 % of the crop's area and nearly any place is resized to the network's input, mirrored half of the
time, made brighter or darker, and more or less colourful. That is what TF-slim does in its "fast mode", which the
tutorial uses. Otherwise it also draws the way of resizing, hue and contrast, and the order in which colours are changed.

All resizing is that of TensorFlow 1, corners as places of pixels and no antialiasing, as it is when the network is used
(``preprocessing.INCEPTION``). For what changes at evaluation, see there.
"""

from collections.abc import Callable
from typing import Any

_LEAST_COVERED = 0.1
_ASPECTS = (0.75, 1.33)
_AREAS = (0.05, 1.0)
_ATTEMPTS = 100  # then the whole crop
_BRIGHTNESS = 32 / 255
_FACTORS = (0.5, 1.5)  # of saturation and of contrast
_HUE = 0.2
_BRIGHTNESS_IS, _SATURATION_IS, _HUE_IS, _CONTRAST_IS = range(4)
_ORDERS = (
    (_BRIGHTNESS_IS, _SATURATION_IS, _HUE_IS, _CONTRAST_IS),
    (_SATURATION_IS, _BRIGHTNESS_IS, _CONTRAST_IS, _HUE_IS),
    (_CONTRAST_IS, _HUE_IS, _BRIGHTNESS_IS, _SATURATION_IS),
    (_HUE_IS, _SATURATION_IS, _CONTRAST_IS, _BRIGHTNESS_IS),
)
_FAST_ORDER = (_BRIGHTNESS_IS, _SATURATION_IS)


def distortion(size: int, fast: bool = True) -> Callable[[Any, Any], Any]:
    """A function from a crop uint8 [H, W, 3] and a seed int32 [2] to an image float32 [size, size, 3] in 0..255.

    The same for the same crop and seed, on any thread. Seeds should differ by 10 or more in their second number.
    """
    import tensorflow as tf

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((2,), tf.int32)],
        jit_compile=False,
        autograph=False,
    )
    def distorted(crop: Any, seed: Any) -> Any:
        seeds = [seed + tf.constant((0, number)) for number in range(8)]
        image = _resized(_window(tf.cast(crop, tf.float32) / 255.0, seeds[0]), size, fast, seeds[1])
        image = tf.image.stateless_random_flip_left_right(image, seeds[2])
        return _recoloured(image, fast, seeds[3:]) * 255.0

    function: Callable[[Any, Any], Any] = distorted
    return function


def _window(image: Any, seed: Any) -> Any:
    import tensorflow as tf

    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed,
        min_object_covered=_LEAST_COVERED,
        aspect_ratio_range=_ASPECTS,
        area_range=_AREAS,
        max_attempts=_ATTEMPTS,
        use_image_if_no_bounding_boxes=True,
    )
    return tf.slice(image, begin, size)


def _resized(image: Any, size: int, fast: bool, seed: Any) -> Any:
    import tensorflow as tf

    images, raw = image[tf.newaxis], tf.raw_ops
    ways = [
        lambda: raw.ResizeBilinear(images=images, size=(size, size)),
        lambda: raw.ResizeNearestNeighbor(images=images, size=(size, size)),
        lambda: raw.ResizeBicubic(images=images, size=(size, size)),
        lambda: raw.ResizeArea(images=images, size=(size, size)),
    ]
    drawn = 0 if fast else tf.random.stateless_uniform((), seed, 0, len(ways), tf.int32)
    resized = ways[0]() if fast else tf.switch_case(drawn, ways)
    return tf.ensure_shape(resized[0], (size, size, 3))


def _recoloured(image: Any, fast: bool, seeds: list[Any]) -> Any:
    import tensorflow as tf

    changes = {
        _BRIGHTNESS_IS: lambda x: tf.image.stateless_random_brightness(x, _BRIGHTNESS, seeds[0]),
        _SATURATION_IS: lambda x: tf.image.stateless_random_saturation(x, *_FACTORS, seeds[1]),
        _HUE_IS: lambda x: tf.image.stateless_random_hue(x, _HUE, seeds[2]),
        _CONTRAST_IS: lambda x: tf.image.stateless_random_contrast(x, *_FACTORS, seeds[3]),
    }

    def in_order(order: tuple[int, ...]) -> Any:
        changed = image
        for which in order:
            changed = changes[which](changed)
        return changed

    if fast:
        changed = in_order(_FAST_ORDER)
    else:
        drawn = tf.random.stateless_uniform((), seeds[4], 0, len(_ORDERS), tf.int32)
        changed = tf.switch_case(drawn, [lambda order=order: in_order(order) for order in _ORDERS])
    return tf.clip_by_value(changed, 0.0, 1.0)
