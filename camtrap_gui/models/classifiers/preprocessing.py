"""How a crop becomes a network's input: one function for training, evaluation and prediction.

``WHOLE``: the whole crop is resized to a square, bilinear with antialiasing, its aspect ignored; crops are square except
at the picture's border. ``INCEPTION``, for classifiers trained by the tutorial's recipe: what the tutorial's own graphs
do, the central seven eighths of either side, resized as TensorFlow 1 does it, which looks at the four nearest pixels
whatever the scale and takes corners, not middles, as the places of pixels (contract of TF-slim's
``inception_preprocessing.py`` with ``tf.image.central_crop`` and ``resize_bilinear``). Training zooms into its crops, so
that animals are larger there than in whole crops; the central part makes up for some of that.

Values stay RGB 0..255; scaling is the network's first layer, so an exported graph only has to repeat the resize
(``exports`` does so bit for bit).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHOLE, INCEPTION = "whole", "inception"
WAYS = (WHOLE, INCEPTION)
BORDER = 16
"""The sixteenth of a side that is left out at either end: (1 - 0.875) / 2."""


def to_input(crop: Image.Image, size: int, way: str = WHOLE) -> NDArray[np.uint8]:
    """The crop as RGB 0..255, uint8 [size, size, 3], in one of ``WAYS``."""
    if crop.mode != "RGB":
        crop = crop.convert("RGB")
    if way == INCEPTION:
        resized = resize_as_tensorflow_1(centre(np.asarray(crop)), size)
        return np.floor(resized + np.float32(0.5)).astype(np.uint8)
    if crop.size != (size, size):
        # Across first, always: left to itself, Pillow chooses by shape and version, and each way rounds differently.
        crop = crop.resize((size, crop.height), Image.Resampling.BILINEAR)
        crop = crop.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(crop)


def centre(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The central 0.875 of either side of pixels [H, W, C], rounded as ``tf.image.central_crop`` does."""
    top, left = (length // BORDER for length in pixels.shape[:2])
    return pixels[top : pixels.shape[0] - top, left : pixels.shape[1] - left]


def resize_as_tensorflow_1(pixels: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Pixels [H, W, C] as float32 [size, size, C]: ``resize_bilinear`` with ``align_corners=False`` and without
    ``half_pixel_centers``."""
    (above, below, down), (left, right, across) = (_places(length, size) for length in pixels.shape[:2])
    rows = pixels.astype(np.float32)
    columns = rows[:, left] + (rows[:, right] - rows[:, left]) * across[:, np.newaxis]
    mixed: NDArray[np.float32] = (
        columns[above] + (columns[below] - columns[above]) * down[:, np.newaxis, np.newaxis]
    )
    return mixed


def _places(length: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each of ``size`` places along ``length`` pixels: the pixels before and after, and the share of the latter."""
    place = np.arange(size, dtype=np.float32) * np.float32(length / size)
    before = np.floor(place).astype(np.int64)
    return before, np.minimum(before + 1, length - 1), place - before.astype(np.float32)
