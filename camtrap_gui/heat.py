"""Heat as a layer over a picture: nothing where it is cold, bright yellow where it is hottest.

The colours are those of plasma (Smith & van der Walt, https://bids.github.io/colormap/): they grow lighter evenly, so
that any kind of colour vision, and a print in grey, tells them apart.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.geometry import Box

if TYPE_CHECKING:
    from PIL import Image

Heat = Sequence[Sequence[float]] | NDArray[np.float32]
"""Values of 0..1, [h, w]."""

STRENGTH = 0.65
"""Opacity of the hottest place."""

_PLASMA = (
    (13, 8, 135), (76, 2, 161), (126, 3, 168), (170, 35, 149), (204, 71, 120),
    (230, 108, 92), (248, 149, 64), (253, 197, 39), (240, 249, 33),
)  # fmt: skip
_CLEAR, _SOLID = 0.15, 0.55  # of the heat: the layer fades in from the one to the other


def layer(heat: Heat, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Heat as a layer of ``size`` (width, height), smooth between its places: RGBA uint8 [H, W, 4]."""
    from PIL import Image

    coarse = Image.fromarray(np.asarray(heat, np.float32))
    fine = np.clip(np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)), 0, 1)
    stops = np.linspace(0, 1, len(_PLASMA))
    channels = [np.interp(fine, stops, [colour[part] for colour in _PLASMA]) for part in range(3)]
    alpha = np.clip((fine - _CLEAR) / (_SOLID - _CLEAR), 0, 1) * 255
    return np.round(np.stack([*channels, alpha], axis=-1)).astype(np.uint8)


def glowing(
    picture: "Image.Image", heats: Sequence[tuple[Heat, Box]], strength: float = STRENGTH
) -> "Image.Image":
    """A copy of an RGB picture with heat over its places, each an area in fractions of the picture."""
    from PIL import Image

    copy = picture.copy()
    for heat, (x, y, width, height) in heats:
        left, top = round(x * copy.width), round(y * copy.height)
        size = (max(1, round(width * copy.width)), max(1, round(height * copy.height)))
        over = Image.fromarray(layer(heat, size))
        copy.paste(
            over.convert("RGB"),
            (left, top),
            over.getchannel("A").point(lambda value: round(value * strength)),
        )
    return copy
