"""One picture of the survey: the camera's scene, its visitors at their places, and the exposure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from camtrap_gui.survey import animals, exposure
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.plan import Shot, Visitor
from camtrap_gui.survey.scenes import Scene, scene

_SEEN = 0.25
"""A visitor of which less than this part can be seen has no true box."""


@dataclass(frozen=True)
class TrueBox:
    """Who is where: left, top, width, height in upright pixels of what can be seen; ``visible`` 0..1 is how much of it that is."""

    species: str
    category: str
    box: tuple[int, int, int, int]
    visible: float


def draw(shot: Shot, seed: int) -> tuple[Image.Image, list[TrueBox]]:
    """The upright picture (RGB, with the camera's imprint) and the true boxes in it."""
    camera = shot.camera
    width, height = camera.upright
    place = scene(seed, camera.number, camera.habitat, width, height)
    colour, distance = place.colour.copy(), place.distance()
    shine = np.zeros((height, width), np.float32)
    boxes = []
    for visitor in shot.visitors:
        box = _place(visitor, place, colour, distance, shine, shot.night, camera.bar)
        if box is not None:
            boxes.append(box)
    burst = np.random.default_rng([seed, 5, camera.number, _burst(shot)])
    frame = np.random.default_rng([seed, 6, camera.number, shot.index])
    if shot.night:
        if shine.any():
            glow = Image.fromarray((np.clip(shine, 0, 1) * 255).astype(np.uint8)).filter(
                ImageFilter.GaussianBlur(1.2)
            )
            shine = np.maximum(shine, np.asarray(glow).astype(np.float32) / 240)
        picture = exposure.by_night(colour, distance, shine, burst)
    else:
        picture = exposure.by_day(
            colour, distance, shot.taken, burst, 0.12 if camera.habitat == "forest" else 0.05
        )
    image = exposure.finish(picture, shot.night, frame)
    exposure.imprint(image, shot)
    return image, boxes


def _burst(shot: Shot) -> int:
    return int(shot.sequence.rsplit("_", 1)[1])


def _place(
    visitor: Visitor,
    place: Scene,
    colour: NDArray[np.uint8],
    distance: Field,
    shine: Field,
    night: bool,
    bar: int,
) -> TrueBox | None:
    """Draw a visitor into the picture, behind what stands before it. None when too little of it can be seen."""
    height, width = distance.shape
    tall = max(24, round(visitor.height * min(width, height)))
    sprite = animals.draw(visitor.species, tall, visitor.mirrored, visitor.identity, visitor.pose)
    h, w = sprite.alpha.shape
    foot = min(round(visitor.y * height), height - 1)
    left, top = round(visitor.x * width - w / 2), foot - h
    _shadow(colour, place.row, left, foot, w, h, 0.3 if night else 0.5)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, width), min(top + h, height)
    if x0 >= x1 or y0 >= y1:
        return None
    inner = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    outer = (slice(y0, y1), slice(x0, x1))
    alpha = sprite.alpha[inner] * (place.row[outer] <= foot)
    away = (1.0 - np.clip((foot - place.horizon) / (height - place.horizon), 0, 1)) ** 1.5
    colour[outer] = (
        colour[outer] + (sprite.colour[inner].astype(np.float32) - colour[outer]) * alpha[..., None]
    )
    distance[outer] = np.where(alpha > 0.5, away, distance[outer])
    shine[outer] = np.maximum(shine[outer] * (1 - alpha), sprite.shine[inner] * alpha)
    seen = alpha > 0.5
    seen[max(0, height - bar - y0) :] = False
    share = float(seen.sum() / max(1, (sprite.alpha > 0.5).sum()))
    if share < _SEEN:
        return None
    rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
    box = (
        x0 + int(columns[0]),
        y0 + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
    return TrueBox(visitor.species.name, visitor.species.category, box, round(share, 3))


def _shadow(
    colour: NDArray[np.uint8], row: NDArray[np.int16], left: int, foot: int, w: int, h: int, strength: float
) -> None:
    """Darken the ground under a visitor."""
    height, width = row.shape
    flat = max(4, int(h * 0.07))
    x0, x1 = max(0, left - w // 10), min(width, left + w + w // 10)
    y0, y1 = max(0, foot - 2 * flat), min(height, foot + 2 * flat)
    if x0 >= x1 or y0 >= y1:
        return
    rows, columns = np.ogrid[y0:y1, x0:x1]
    round_ = ((columns - (left + w / 2)) / (w * 0.55)) ** 2 + ((rows - foot + flat * 0.3) / (flat * 1.3)) ** 2
    dark = strength * np.clip(1.15 - round_, 0, 1) ** 0.8 * (row[y0:y1, x0:x1] <= foot + flat)
    colour[y0:y1, x0:x1] = colour[y0:y1, x0:x1] * (1 - dark)[..., None]
