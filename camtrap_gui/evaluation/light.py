"""Whether a picture was taken by day or by night.

By night camera traps flash in infrared and the picture has no colours, which is as if it came from another camera. The
camera's clock tells it for nearly all pictures; where there is no time of day, the colours do.
"""

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

DAY_BEGINS, DAY_ENDS = 6, 18
"""Hours of the camera's own clock. Near the equator the sun keeps them; further away they cut off dawn and dusk."""

GREY = 4.0
"""Pictures with a ``colourfulness`` below this are taken for infrared ones. Of 102 pictures of a dozen surveys those by
infrared had up to 2.8, some of them tinted, and the others 4.9 or more. By white flash there are colours by night."""

_SIDE = 32  # pixels that are looked at


class Light(IntEnum):
    """How a picture was lit, and how that is known: the first two by the clock, the others by its colours."""

    UNKNOWN = 0
    DAY = 1
    NIGHT = 2
    COLOURED = 3
    GREY = 4

    @classmethod
    def by_clock(cls, taken: str | None) -> "Light":
        """From an ISO 8601 time as the camera's clock said it; UNKNOWN without a time of day."""
        hour = (taken or "")[11:13]
        if not (hour.isascii() and hour.isdigit()):
            return cls.UNKNOWN
        return cls.DAY if DAY_BEGINS <= int(hour) < DAY_ENDS else cls.NIGHT

    @classmethod
    def by_colour(cls, colourfulness: float) -> "Light":
        """From what ``colourfulness`` says; UNKNOWN for NaN."""
        if np.isnan(colourfulness):
            return cls.UNKNOWN
        return cls.GREY if colourfulness < GREY else cls.COLOURED


BY_DAY, BY_NIGHT = (Light.DAY, Light.COLOURED), (Light.NIGHT, Light.GREY)


def colourfulness(picture: "Image") -> float:
    """How far red, green and blue are apart in a small copy of the picture, on average: 0 (grey) to 255.

    The mean colour of the picture is taken out first, as some cameras tint their infrared pictures.
    """
    small = np.asarray(picture.convert("RGB").resize((_SIDE, _SIDE)), np.float32)
    tint = small.mean(axis=(0, 1), keepdims=True)
    plain = small - tint + tint.mean()
    return float((plain.max(axis=2) - plain.min(axis=2)).mean())
