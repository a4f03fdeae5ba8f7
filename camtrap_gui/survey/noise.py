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
    """Fractal noise [side, side] whose edges meet, so that it can be sampled endlessly; deviation about 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    low = 1.0 / cell
    spectrum = np.where(frequency > 0, (low + frequency) ** -1.6, 0.0)
    spectrum[frequency > low * 2.2**octaves] = 0.0
    wave = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) * spectrum).real
    return np.asarray(wave / wave.std(), np.float32)
