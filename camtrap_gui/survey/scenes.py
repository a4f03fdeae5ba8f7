"""The fixed scene in front of each camera: sky, hills, ground and plants, with the distance of everything.

A scene is drawn once per camera, from far to near. Beside the colours it keeps for every pixel the row on which the
thing seen there stands, so that animals can walk behind trees and through grass, haze can grow with distance, and a
flash can fade with it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camtrap_gui.survey import noise, plants
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.species import Colour

_MIDDLE = (0.03, 0.42)
_REACH = {"rock": (0.1, 0.85), "agave": (0.1, 0.6), "cactus": (0.05, 0.2)}
"""How near plants stand: 0 at the horizon, 1 at the camera's feet."""


@dataclass(frozen=True)
class Look:
    """Colours and plants of a habitat. ``plants`` are (drawing, how many, height in fractions of the picture)."""

    soil: tuple[Colour, Colour]
    cover: Colour
    covered: float
    grass: tuple[Colour, Colour]
    blades: int
    far: Colour
    horizon: tuple[float, float]
    plants: tuple[tuple[str, int, float], ...]


LOOKS = {
    "savanna": Look(((196, 166, 112), (166, 130, 84)), (178, 164, 96), 0.6, ((206, 184, 112), (148, 138, 72)), 230,
                    (132, 134, 96), (0.3, 0.38), (("acacia", 4, 0.42), ("bush", 6, 0.12), ("rock", 3, 0.016))),
    "forest": Look(((106, 86, 62), (78, 66, 48)), (74, 88, 46), 0.5, ((96, 116, 58), (62, 82, 42)), 150,
                   (58, 76, 52), (0.36, 0.42), (("trunk", 11, 1.0), ("bush", 8, 0.16), ("log", 2, 0.06), ("rock", 3, 0.016))),
    "meadow": Look(((124, 118, 74), (104, 98, 60)), (112, 138, 64), 0.8, ((132, 156, 74), (92, 122, 54)), 320,
                   (92, 118, 86), (0.32, 0.4), (("broadleaf", 4, 0.34), ("bush", 5, 0.12), ("rock", 3, 0.016))),
    "waterhole": Look(((176, 148, 108), (138, 112, 80)), (150, 146, 84), 0.35, ((172, 164, 92), (112, 124, 60)), 160,
                      (118, 124, 92), (0.3, 0.36), (("acacia", 3, 0.36), ("bush", 6, 0.12), ("rock", 4, 0.016))),
    "desert": Look(((208, 160, 110), (182, 128, 84)), (186, 152, 104), 0.3, ((178, 158, 108), (140, 128, 84)), 70,
                   (166, 124, 98), (0.28, 0.38), (("cactus", 5, 0.2), ("agave", 5, 0.07), ("bush", 4, 0.09), ("rock", 9, 0.018))),
}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What never moves. ``colour`` uint8 [H, W, 3] in even light; ``row`` int16 [H, W], where the thing seen stands; ``horizon`` in rows."""

    colour: NDArray[np.uint8]
    row: NDArray[np.int16]
    horizon: int

    def distance(self) -> Field:
        """Distance [H, W]: 0 at the camera, 1 at the horizon and beyond."""
        height = self.row.shape[0]
        near = np.clip((self.row.astype(np.float32) - self.horizon) / (height - self.horizon), 0.0, 1.0)
        return np.asarray((1.0 - near) ** 1.5, np.float32)


@lru_cache(maxsize=4)
def scene(seed: int, camera: int, habitat: str, width: int, height: int) -> Scene:
    """The scene of a camera; ``width`` and ``height`` are upright pixels."""
    rng = np.random.default_rng([seed, 4, camera])
    look = LOOKS[habitat]
    horizon = int(height * rng.uniform(*look.horizon))
    picture = np.empty((height, width, 3), np.float32)
    row = np.zeros((height, width), np.int16)
    _sky(picture, horizon, rng)
    _hills(picture, row, horizon, look, rng)
    _ground(picture, row, horizon, look, rng)
    water = _pond(picture, horizon, rng) if habitat == "waterhole" else np.zeros((height, width), bool)
    canvas = plants.Canvas(
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), row, horizon, look.soil[0]
    )
    _plant(canvas, look, water, rng)
    return Scene(np.asarray(canvas.picture), canvas.row, horizon)


def _sky(picture: Field, horizon: int, rng: np.random.Generator) -> None:
    height, width, _ = picture.shape
    top = np.array([96, 142, 196]) + rng.normal(0, 8, 3)
    low = np.array([206, 218, 224]) + rng.normal(0, 6, 3)
    down = np.linspace(0, 1, horizon + 40)[:, None, None] ** 0.8
    sky = top + (low - top) * down
    clouds = noise.field(rng, horizon + 40, width // 3, height / 7, 5)
    clouds = np.asarray(Image.fromarray(clouds).resize((width, horizon + 40), Image.Resampling.BICUBIC))
    cover = np.clip((clouds - rng.uniform(-0.5, 0.9)) * 0.6, 0, 0.85)[..., None]
    picture[: horizon + 40] = sky + (np.array([240, 241, 242]) - sky) * cover


def _hills(
    picture: Field, row: NDArray[np.int16], horizon: int, look: Look, rng: np.random.Generator
) -> None:
    height, width, _ = picture.shape
    rows = np.arange(height)[:, None]
    haze = np.array([188, 202, 212])
    for layer in range(3):
        tall = height * (0.09 - 0.026 * layer) * rng.uniform(0.5, 1.3)
        ridge = horizon - tall * (0.6 + 0.5 * noise.line(rng, width, width / (2 + 2 * layer), 5 + layer))
        if layer == 2:  # the last ridge is a line of far trees
            ridge -= 3 * np.abs(noise.line(rng, width, 14, 3)) * height / 768
        colour = haze + (np.array(look.far) - haze) * (0.35 + 0.3 * layer)
        covered = (rows >= ridge) & (rows <= horizon + 4)
        shade = 1 + 0.07 * noise.field(rng, height, width, 18, 2) if layer else np.ones((height, width))
        picture[covered] = (colour * shade[..., None])[covered]
        row[covered] = horizon


def _ground(
    picture: Field, row: NDArray[np.int16], horizon: int, look: Look, rng: np.random.Generator
) -> None:
    height, width, _ = picture.shape
    below = np.arange(horizon, height)
    depth = (height - horizon) / (below - horizon + 6.0)  # 1 at the camera's feet, large at the horizon
    across = ((np.arange(width) - width / 2)[None, :] * depth[:, None]).astype(np.int64)
    away = (depth * height * 1.3).astype(np.int64)[:, None]

    def sample(cell: float, octaves: int = 5) -> Field:
        side = 1024
        return noise.tile(rng, side, cell, octaves)[away % side, across % side]

    clear = np.clip((below - horizon) / (0.12 * height), 0.15, 1)[:, None]
    dry, dark = (np.array(colour, np.float32) for colour in look.soil)
    mix = np.clip(0.5 + 0.35 * sample(220) * clear, 0, 1)[..., None]
    ground = dry + (dark - dry) * mix
    patches = (
        np.clip((sample(160) + 2.2 * (look.covered - 0.5)) * 1.2 + 0.3 * sample(12, 3), 0, 1)[..., None] * 0.8
    )
    ground += (np.array(look.cover, np.float32) - ground) * patches
    if rng.uniform() < 0.6:  # a trail that animals have worn
        centre = (
            width * rng.uniform(0.25, 0.75)
            + (depth[:, None] - 1) * rng.normal(0, 40)
            + 26 * noise.line(rng, len(below), 120, 2)[:, None]
        )
        wide = width * 0.07 / depth[:, None] ** 0.85
        worn = np.exp(-(((np.arange(width)[None, :] - centre) / wide) ** 2))[..., None] * 0.6
        ground += (dry * 1.04 - ground) * worn
    grain = 1 + (0.11 * sample(9, 4) + 0.06 * sample(3, 2)) * clear
    haze = np.clip(1 - (below - horizon) / (0.2 * height), 0, 1)[:, None, None] * 0.35
    ground = ground * grain[..., None]
    ground += (np.array([190, 198, 196]) - ground) * haze
    picture[horizon:] = ground
    row[horizon:] = below[:, None]


def _pond(picture: Field, horizon: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw a water hole; returns where it is wet."""
    height, width, _ = picture.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = horizon + (height - horizon) * rng.uniform(0.24, 0.34)
    deep = (height - horizon) * rng.uniform(0.11, 0.16)
    centre, wide = width * rng.uniform(0.3, 0.7), width * rng.uniform(0.3, 0.42)
    shore = 0.08 * noise.line(rng, width, 90, 3)[None, :]
    inside = ((columns - centre) / wide) ** 2 + ((rows - middle) / deep) ** 2 + shore
    reach = np.clip((1.0 - inside) * 6, 0, 1)[..., None]
    wet = np.clip((1.35 - inside) * 3, 0, 1)[..., None] * (rows[..., None] >= horizon)
    picture *= 1 - 0.35 * wet
    ripples = noise.field(rng, height, width // 8, 7, 3)
    ripples = np.asarray(Image.fromarray(ripples).resize((width, height), Image.Resampling.BICUBIC))[
        ..., None
    ]
    mirror = picture[np.clip(horizon - (rows[:, 0] - horizon).astype(int), 0, height - 1)] * 0.72 + np.array(
        [8, 14, 16]
    )
    picture += (mirror * (1 + 0.06 * ripples) - picture) * reach
    return np.asarray(inside < 1.2)


def _plant(canvas: plants.Canvas, look: Look, water: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Plants from far to near; the nearest stand at the sides, where they do not block the view."""
    width, height = canvas.picture.size
    room = height - canvas.horizon
    standing: list[tuple[int, int, str, float]] = []
    for kind, count, tall in look.plants:
        for _ in range(max(1, count + int(rng.integers(-1, 2)))):
            near = rng.uniform(*_REACH.get(kind, _MIDDLE)) ** 1.3
            x = rng.uniform(-0.02, 1.02)
            if near > 0.3 and kind in ("trunk", "acacia", "broadleaf"):
                x = float(rng.choice([rng.uniform(-0.05, 0.14), rng.uniform(0.86, 1.05)]))
            size = (
                tall
                * height
                * rng.uniform(0.7, 1.25)
                * (0.3 + 1.5 * near if kind != "trunk" else 0.5 + 1.6 * near)
            )
            standing.append((canvas.horizon + int(room * near), int(x * width), kind, size))
    for _ in range(look.blades):
        near = rng.uniform(0.02, 1.0) ** 0.8
        size = height * (0.012 + 0.05 * near) * rng.uniform(0.6, 1.5)
        standing.append((canvas.horizon + int(room * near), int(rng.uniform(0, width)), "tuft", size))
    for foot, x, kind, size in sorted(standing):
        if 0 <= x < width and foot < height and (water[foot, x] or water[max(0, int(foot - size)), x]):
            continue
        if kind == "tuft":
            plants.tuft(canvas, x, foot, size, look.grass, rng)
        else:
            getattr(plants, kind)(canvas, x, foot, size, rng)
