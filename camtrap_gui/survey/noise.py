"""Smooth randomness: what makes hills, clouds, fur and cow patches look grown rather than ruled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
"""Numbers over the pixels of a picture, or along a line of it."""


def field(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4) -> Field:
    """Fractal noise [height, width], mean 0, standard deviation about 1; ``cell`` is its largest bump in pixels."""
    total = np.zeros((height, width), np.float32)
    weight, power = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = (max(2, round(side / cell) + 3) for side in (height, width))
        grid = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
        total += weight * np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
        power += weight * weight
        weight *= 0.55
        cell = max(cell / 2.1, 1.0)
    return total / np.float32(max(power, 1e-6) ** 0.5 * 0.7)


def line(rng: np.random.Generator, length: int, cell: float, octaves: int = 4) -> Field:
    """Fractal noise along a line [length], as ``field``."""
    positions = np.arange(length)
    total = np.zeros(length, np.float32)
    weight = 1.0
    for _ in range(octaves):
        knots = rng.standard_normal(max(2, round(length / cell) + 2))
        total += (weight * np.interp(positions, np.linspace(0, length, len(knots)), knots)).astype(np.float32)
        weight *= 0.5
        cell = max(cell / 2, 1.0)
    return total


def tile(rng: np.random.Generator, side: int, cell: float, octaves: int = 5) -> Field:
    """Fractal noise [side, side] as ``field``, whose edges meet, so that it can be sampled endlessly."""
    total = np.zeros((side, side), np.float32)
    weight, power = 1.0, 0.0
    for _ in range(octaves):
        knots = max(2, round(side / cell))
        grid = np.pad(rng.standard_normal((knots, knots), dtype=np.float32), 2, mode="wrap")
        # Pillow looks at the pixels around the box too, so the wrapped border makes the edges meet.
        inner = (2, 2, knots + 2, knots + 2)
        total += weight * np.asarray(
            Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC, box=inner)
        )
        power += weight * weight
        weight *= 0.6
        cell = max(cell / 2.1, 1.0)
    return total / np.float32(max(power, 1e-6) ** 0.5 * 0.7)
