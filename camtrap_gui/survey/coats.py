"""Coats: the colour of every hair, stripe, patch and plate, and the light on a rounded body."""

import numpy as np
from PIL import Image, ImageFilter

from camtrap_gui.survey import noise
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.species import Species


def paint(species: Species, mask: Field, rng: np.random.Generator, part: str) -> Field:
    """Colours float32 [h, w, 3] for a shape (coverage 0..1). ``part`` is 'whole', 'body' or 'face'."""
    rows, columns = np.nonzero(mask > 0.5)
    top, bottom = (int(rows.min()), int(rows.max()) + 1) if len(rows) else (0, 1)
    tall = max(8, bottom - top)
    down = np.clip((np.arange(mask.shape[0])[:, None] - top) / tall, 0, 1) * np.ones_like(mask)
    left, right = (int(columns.min()), int(columns.max()) + 1) if len(columns) else (0, 1)
    along = np.clip((np.arange(mask.shape[1])[None, :] - left) / max(8, right - left), 0, 1) * np.ones_like(
        mask
    )
    first = np.array(species.coat, np.float32) * rng.uniform(0.86, 1.14) + rng.normal(0, 5, 3).astype(
        np.float32
    )
    second = np.array(species.second, np.float32) * rng.uniform(0.88, 1.12)
    share = np.clip(_pattern(species.pattern, part, mask.shape, tall, down, along, rng), 0, 1)[..., None]
    colour = first + (second - first) * share
    if species.pattern == "clothes":
        colour = np.where((down < 0.17)[..., None], np.array((150, 108, 84), np.float32), colour)
    return np.asarray(
        colour * _light(mask, tall, down)[..., None] * _hair(species, mask.shape, tall, rng)[..., None],
        np.float32,
    )


def _pattern(
    pattern: str,
    part: str,
    shape: tuple[int, ...],
    tall: int,
    down: Field,
    along: Field,
    rng: np.random.Generator,
) -> Field:
    """How much of the second colour, 0..1 (clipped by the caller), for each pixel."""
    h, w = shape

    def grown(cell: float, octaves: int = 3) -> Field:
        return noise.field(rng, h, w, max(2.0, cell * tall), octaves)

    if pattern == "stripes":
        turn = np.clip((down - 0.55) / 0.2, 0, 1)
        across = along * w / tall * (1 - turn) + down * 1.1 * turn
        wave = np.sin(2 * np.pi * (across * rng.uniform(8, 10) + 0.25 * grown(0.25)) + 1.2 * (down - 0.3))
        return np.asarray(0.5 + wave * 1.9 + 0.25)
    if pattern == "patches":
        if part == "face":
            return np.asarray((np.abs(along - 0.5) < 0.13) * 0.9 + 0.0 * down)
        return np.asarray(0.5 + (grown(0.3, 3) - rng.uniform(0.2, 0.9)) * 5)
    if pattern == "spots":
        if part == "face":
            return np.asarray(0.5 + (grown(0.07, 2) - 0.9) * 3)
        return np.asarray(0.5 + (grown(0.06, 2) - 0.55) * 3.5)
    if pattern == "belly":
        return np.asarray((down - 0.5) * 1.6 + 0.15 * grown(0.2))
    if pattern == "saddle":
        return np.asarray((0.42 - down) * 3.2 + 0.25 * grown(0.2))
    if pattern == "points":
        return np.asarray(
            np.clip((down - 0.68) * 5, 0, 1) + np.clip((0.2 - along) * 8, 0, 1) + 0.1 * grown(0.2)
        )
    if pattern == "wool":
        return np.asarray(
            (0.85 if part == "face" else 0.0) * np.clip((down - 0.3) * 5, 0, 1)
            + np.clip((down - 0.78) * 8, 0, 1) * (part == "body")
        )
    if pattern == "scutes":
        x, y = along * w / tall * 4.5 + 0.3 * grown(0.3), down * 6 + 0.3 * grown(0.3)
        plates = np.minimum(np.abs(np.sin(np.pi * (x + y))), np.abs(np.sin(np.pi * (x - y))))
        return np.asarray((0.3 - plates) * 5)
    if pattern == "feathers":
        rows = np.floor(down * 16)
        scallop = np.abs(np.sin(np.pi * (along * w / tall * 9 + 0.5 * (rows % 2))))
        return np.asarray(
            0.55 * (down * 16 - rows) * scallop + 0.35 * grown(0.3) + (0.3 if part == "face" else 0.0)
        )
    if pattern == "wrinkles":
        return np.asarray(0.35 + 0.3 * grown(0.04, 2) + 0.2 * grown(0.4))
    if pattern == "bristles":
        return np.asarray(0.3 + 0.5 * grown(0.3) + (0.4 - down) * 0.8)
    if pattern == "clothes":
        return np.asarray((down > 0.52) * 1.0)
    if pattern == "paint":
        return np.asarray(np.clip((down - 0.74) * 12, 0, 1))
    return np.asarray(0.25 + 0.3 * grown(0.15) + (down - 0.6) * 0.8)  # agouti: paler below


def _light(mask: Field, tall: int, down: Field) -> Field:
    """Light from above on a body as round as its outline is wide."""
    solid = Image.fromarray((mask * 255).astype(np.uint8))
    round_ = np.asarray(solid.filter(ImageFilter.GaussianBlur(0.055 * tall))).astype(np.float32) / 255
    edge = np.asarray(solid.filter(ImageFilter.GaussianBlur(0.016 * tall))).astype(np.float32) / 255
    slope_y, slope_x = np.gradient(round_)
    up = np.clip(slope_y * 0.11 * tall, -1, 1)
    left = np.clip(slope_x * 0.11 * tall, -1, 1)
    return np.asarray((0.74 + 0.26 * edge) * (1.04 + 0.34 * up + 0.12 * left - 0.22 * down), np.float32)


def _hair(species: Species, shape: tuple[int, ...], tall: int, rng: np.random.Generator) -> Field:
    """Fine texture around 1: strands for fur, curls for wool, nearly nothing for paint."""
    h, w = shape
    if species.pattern == "paint":
        return np.asarray(1 + 0.02 * noise.field(rng, h, w, 12, 2))
    if species.pattern == "wool":
        return np.asarray(1 + 0.17 * noise.field(rng, h, w, max(2.0, 0.06 * tall), 3))
    coarse = noise.field(rng, h, w, max(2.0, 0.22 * tall), 3)
    strands = noise.field(rng, h, max(4, w // 4), 2.5, 2)
    strands = np.asarray(Image.fromarray(strands).resize((w, h), Image.Resampling.BICUBIC))
    return np.asarray(1 + 0.07 * coarse + 0.1 * strands, np.float32)
