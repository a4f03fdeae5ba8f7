"""From a scene with its visitors to the picture a camera stores: daylight or infra-red flash, lens, noise and imprint."""

from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from camtrap_gui.survey import noise
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.plan import Shot

_GRAIN_SIDE = 1536


def by_day(
    colour: NDArray[np.uint8], distance: Field, taken: datetime, rng: np.random.Generator, dappled: float
) -> Field:
    """Daylight of the hour and the weather; ``rng`` belongs to the burst, so that its frames agree.

    ``dappled`` is how strongly light and shade alternate on the ground when the sun shines.
    """
    height, width = distance.shape
    hour = taken.hour + taken.minute / 60
    low_sun = float(np.clip(1 - min(hour - 5.8, 18.6 - hour) / 2.2, 0, 1))
    gain = np.array([1.02, 1.0, 0.97]) * (1 - 0.3 * low_sun) * rng.uniform(0.9, 1.1)
    gain = gain * (1 + low_sun * np.array([0.14, -0.02, -0.2]))
    weather, contrast, mist = rng.uniform(), 1.05, rng.uniform(0, 0.15)
    if weather < 0.3:  # overcast
        gain = gain * np.array([0.9, 0.93, 0.97])
        contrast, mist, dappled = 0.9, rng.uniform(0.1, 0.3), 0.03
    elif weather < 0.37:  # fog
        contrast, mist = 0.85, rng.uniform(0.35, 0.6)
    patches = noise.field(rng, height // 8, width // 8, width / 40, 3).astype(np.float32)
    shade = np.asarray(Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC))
    light = (1 + dappled * np.clip(shade, -1.8, 1.8) * (1 - 0.9 * (distance > 0.999))).astype(np.float32)
    haze = (distance * mist).astype(np.float32)
    # Light, haze, contrast and vignette are all linear: out = colour * scale + offset, made in one pass per channel.
    lens = _vignette(height, width, 0.1)
    scale, lift = light * (1 - haze) * lens * np.float32(contrast), haze * lens * np.float32(contrast)
    level = (112 * (1 - contrast) + rng.normal(0, 4)) * lens
    picture = np.empty((height, width, 3), np.float32)
    for channel, mist_colour in enumerate((196, 206, 212)):
        plane = picture[..., channel]
        np.multiply(colour[..., channel], scale * np.float32(gain[channel]), out=plane)
        plane += lift * np.float32(mist_colour * (1 - 0.35 * low_sun))
        plane += level.astype(np.float32)
    return picture


def by_night(
    colour: NDArray[np.uint8],
    distance: Field,
    shine: Field,
    rng: np.random.Generator,
) -> Field:
    """Infra-red flash: grey, bright in the middle and nearby, black far away, eyes glowing."""
    height, width = distance.shape
    grey = colour @ np.array([0.42, 0.42, 0.16], np.float32)
    reach = (1 - 0.93 * np.clip(distance, 0, 1)) ** rng.uniform(1.4, 1.8)
    reach = np.where(distance > 0.995, 0.03, reach)
    spot = _spot(height, width, rng.uniform(0.44, 0.56), rng.uniform(0.5, 0.62))
    picture = grey * reach * (0.4 + 1.0 * spot) * rng.uniform(0.95, 1.2)
    picture = 255 * (np.clip(picture, 0, 300) / 255).astype(np.float32) ** np.float32(0.85) + 7 + shine * 150
    return np.repeat(picture.astype(np.float32)[..., None], 3, axis=2)


def finish(picture: Field, night: bool, rng: np.random.Generator) -> Image.Image:
    """Sensor noise and the softness of a cheap lens; ``rng`` belongs to the frame."""
    height, width, _ = picture.shape
    grain = _grain()
    y, x = rng.integers(0, _GRAIN_SIDE - height + 1), rng.integers(0, _GRAIN_SIDE - width + 1)
    picture += (grain[y : y + height, x : x + width] * (6.0 if night else 2.6))[..., None]
    if not night:
        y, x = rng.integers(0, _GRAIN_SIDE - height + 1), rng.integers(0, _GRAIN_SIDE - width + 1)
        picture[..., 0] += grain[y : y + height, x : x + width] * 1.5
    image = Image.fromarray(np.clip(picture, 0, 255, out=picture).astype(np.uint8))
    return image.filter(ImageFilter.BoxBlur(0.6 if night else 0.35))


def imprint(image: Image.Image, shot: Shot) -> None:
    """The camera's information bar along the lower edge: name, date, temperature, moon."""
    width, height = image.size
    bar = shot.camera.bar
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height - bar, width, height), fill=(10, 10, 12))
    font = _bar_font(int(bar * 0.62))
    middle = height - bar / 2
    left = f"{shot.camera.make.upper()}   {shot.celsius}°C / {round(shot.celsius * 1.8 + 32)}°F"
    pen.text((bar * 0.5, middle), left, fill=(235, 235, 235), font=font, anchor="lm")
    pen.text(
        (width - bar * 0.5, middle),
        shot.taken.strftime("%Y-%m-%d  %H:%M:%S"),
        fill=(235, 235, 235),
        font=font,
        anchor="rm",
    )
    name = f"{shot.camera.name.upper()}   {shot.frame + 1}/{shot.frames}"
    pen.text((width * 0.53, middle), name, fill=(235, 235, 235), font=font, anchor="mm")


@lru_cache(maxsize=8)
def _bar_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@lru_cache(maxsize=1)
def _grain() -> Field:
    return np.random.default_rng(20).standard_normal((_GRAIN_SIDE, _GRAIN_SIDE), dtype=np.float32)


@lru_cache(maxsize=8)
def _vignette(height: int, width: int, strength: float) -> Field:
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(1 - strength * (rows**2 + columns**2) ** 1.2, np.float32)


def _spot(height: int, width: int, x: float, y: float) -> Field:
    rows, columns = np.ogrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.asarray(np.exp(-(((columns - x) / 0.42) ** 2 + ((rows - y) / 0.5) ** 2)), np.float32)
