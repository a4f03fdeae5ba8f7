"""Coats: the colour of every hair, stripe, patch and plate, and the light on a rounded body."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from camtrap_gui.survey import noise
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.species import Species

Tones = tuple[Field, Field]
"""The two colours of an individual, RGB 0..255 each."""

_SKIN = np.array((150, 108, 84), np.float32)


def tones(species: Species, rng: np.random.Generator) -> Tones:
    """The colours of an individual: those of its species, a little lighter or darker, warmer or colder."""
    warmth = np.array((1, 0, -1)) * rng.normal(0, 4)
    first = np.array(species.coat) * rng.uniform(0.86, 1.14) + warmth
    return first, np.array(species.second) * rng.uniform(0.88, 1.12) + warmth / 2


@dataclass(frozen=True)
class Shape:
    """The part of a body that is painted: 'whole', 'body' or 'face', its coverage 0..1 and where its pixels lie in it.

    ``down`` and ``along`` run from 0 to 1 over its height and width; ``wide`` is its width in heights.
    """

    part: str
    mask: Field
    tall: int
    wide: float
    down: Field
    along: Field
    rng: np.random.Generator

    @classmethod
    def of(cls, part: str, mask: Field, rng: np.random.Generator) -> "Shape":
        """The shape of a mask; ``rng`` grows its coat."""
        rows, columns = np.nonzero((mask > 0.5).any(axis=1))[0], np.nonzero((mask > 0.5).any(axis=0))[0]
        (top, bottom), (left, right) = _ends(rows), _ends(columns)
        tall, across = max(8, bottom - top), max(8, right - left)
        down = np.clip((np.arange(mask.shape[0], dtype=np.float32)[:, None] - top) / tall, 0, 1)
        along = np.clip((np.arange(mask.shape[1], dtype=np.float32)[None, :] - left) / across, 0, 1)
        ones = np.ones_like(mask)
        return cls(part, mask, tall, across / tall, down * ones, along * ones, rng)

    def grown(self, cell: float, octaves: int = 3) -> Field:
        """Fractal noise whose largest bumps are ``cell`` heights wide; mean 0, deviation about 1."""
        rows, columns = self.mask.shape
        return noise.field(self.rng, rows, columns, max(2.0, cell * self.tall), octaves)


def paint(species: Species, colours: Tones, shape: Shape) -> Field:
    """The colours [h, w, 3] of a shape, 0..255 and sometimes beyond."""
    first, second = colours
    share = np.clip(_PATTERNS[species.pattern](shape), 0, 1)[..., None].astype(np.float32)
    colour = first.astype(np.float32) + (second - first).astype(np.float32) * share
    if species.pattern == "clothes":
        colour = np.where((shape.down < 0.17)[..., None], _SKIN, colour)
    return np.asarray(colour * (_light(shape) * _hair(species, shape))[..., None], np.float32)


def _stripes(s: Shape) -> Field:
    """Upright on the body, turning to rings on the legs."""
    turn = np.clip((s.down - 0.55) / 0.2, 0, 1)
    across = s.along * s.wide * (1 - turn) + s.down * 1.1 * turn
    wave = np.sin(2 * np.pi * (across * s.rng.uniform(8, 10) + 0.25 * s.grown(0.25)) + 1.2 * (s.down - 0.3))
    return np.asarray(0.55 + wave * 1.3)


def _patches(s: Shape) -> Field:
    """Large blots; a blaze on the face."""
    if s.part == "face":
        return np.asarray((np.abs(s.along - 0.5) < 0.13) * 0.9)
    return np.asarray(0.5 + (s.grown(0.3) - s.rng.uniform(0.2, 0.9)) * 5)


def _saddle(s: Shape) -> Field:
    """Dark along the back."""
    return np.asarray((0.42 - s.down) * 3.2 + 0.25 * s.grown(0.2))


def _belly(s: Shape) -> Field:
    """Pale below."""
    return np.asarray((s.down - 0.5) * 1.6 + 0.15 * s.grown(0.2))


def _points(s: Shape) -> Field:
    """Dark legs and tail."""
    legs, tail = np.clip((s.down - 0.68) * 5, 0, 1), np.clip((0.2 - s.along) * 8, 0, 1)
    return np.asarray(legs + tail + 0.1 * s.grown(0.2))


def _wool(s: Shape) -> Field:
    """A dark face and dark legs in a light fleece."""
    if s.part == "face":
        return np.asarray(0.85 * np.clip((s.down - 0.3) * 5, 0, 1))
    return np.asarray(np.clip((s.down - 0.78) * 8, 0, 1))


def _scutes(s: Shape) -> Field:
    """Plates with dark seams."""
    x = s.along * s.wide * 4.5 + 0.3 * s.grown(0.3)
    y = s.down * 6 + 0.3 * s.grown(0.3)
    seams = np.minimum(np.abs(np.sin(np.pi * (x + y))), np.abs(np.sin(np.pi * (x - y))))
    return np.asarray((0.3 - seams) * 5)


def _feathers(s: Shape) -> Field:
    """Scalloped rows."""
    row = np.floor(s.down * 16)
    scallop = np.abs(np.sin(np.pi * (s.along * s.wide * 9 + 0.5 * (row % 2))))
    paler = 0.3 if s.part == "face" else 0.0
    return np.asarray(0.55 * (s.down * 16 - row) * scallop + 0.25 * s.grown(0.3) + paler)


def _wrinkles(s: Shape) -> Field:
    """Bare skin, darker below."""
    return np.asarray(0.35 + 0.12 * s.grown(0.04, 2) + 0.12 * s.grown(0.4) + 0.5 * (s.down - 0.4))


def _bristles(s: Shape) -> Field:
    """Coarse hair, dark on the back."""
    return np.asarray(0.3 + 0.3 * s.grown(0.3) + (0.4 - s.down) * 0.8)


def _agouti(s: Shape) -> Field:
    """Even, paler below."""
    return np.asarray(0.25 + 0.1 * s.grown(0.15) + (s.down - 0.6) * 0.8)


def _tabby(s: Shape) -> Field:
    """Faint bars over an even coat."""
    bars = np.sin(2 * np.pi * (s.along * s.wide * 7 + 0.2 * s.grown(0.25)))
    return np.asarray(0.25 + 0.35 * bars * (s.down < 0.75))


def _clothes(s: Shape) -> Field:
    """One colour above the belt, another below."""
    return np.asarray((s.down > 0.52) * 1.0)


def _paint(s: Shape) -> Field:
    """Lacquer, with dark wheels and sills below."""
    return np.asarray(np.clip((s.down - 0.74) * 12, 0, 1))


_PATTERNS: dict[str, Callable[[Shape], Field]] = {
    "agouti": _agouti,
    "belly": _belly,
    "bristles": _bristles,
    "clothes": _clothes,
    "feathers": _feathers,
    "paint": _paint,
    "patches": _patches,
    "points": _points,
    "saddle": _saddle,
    "scutes": _scutes,
    "stripes": _stripes,
    "tabby": _tabby,
    "wool": _wool,
    "wrinkles": _wrinkles,
}
"""How much of the second colour each pixel has, 0..1 after clipping."""


def _light(s: Shape) -> Field:
    """Light from above on a body that is as round as its outline is wide."""
    solid = Image.fromarray((s.mask * 255).astype(np.uint8))
    round_ = np.asarray(solid.filter(ImageFilter.GaussianBlur(0.055 * s.tall))).astype(np.float32) / 255
    edge = np.asarray(solid.filter(ImageFilter.GaussianBlur(0.016 * s.tall))).astype(np.float32) / 255
    slope_y, slope_x = np.gradient(round_)
    up = np.clip(slope_y * 0.11 * s.tall, -1, 1)
    left = np.clip(slope_x * 0.11 * s.tall, -1, 1)
    return np.asarray((0.74 + 0.26 * edge) * (1.04 + 0.34 * up + 0.12 * left - 0.22 * s.down), np.float32)


def _hair(species: Species, s: Shape) -> Field:
    """Fine texture around 1: strands for fur, curls for wool, folds for skin, nearly nothing for lacquer."""
    if species.pattern == "paint":
        return np.asarray(1 + 0.02 * s.grown(0.05, 2))
    if species.pattern == "wool":
        return np.asarray(1 + 0.07 * s.grown(0.05))
    if species.pattern == "wrinkles":
        return np.asarray(1 + 0.035 * s.grown(0.05))
    rows, columns = s.mask.shape
    strands = Image.fromarray(noise.field(s.rng, rows, max(4, columns // 4), 2.5, 2).astype(np.float32))
    combed = np.asarray(strands.resize((columns, rows), Image.Resampling.BICUBIC))
    return np.asarray(1 + 0.035 * s.grown(0.22) + 0.1 * combed, np.float32)


def _ends(places: "np.ndarray") -> tuple[int, int]:
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 1)
