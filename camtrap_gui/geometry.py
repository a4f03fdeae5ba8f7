"""Boxes on pictures: how large a piece of the picture a crop takes, and how much two boxes agree."""

import math

Box = tuple[float, float, float, float]
"""x (left), y (top), width, height as fractions 0..1 of the upright picture."""

Window = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the upright picture; right and bottom are just outside."""

PADDING = 1.69
"""Side of a crop over the longer side of its box: 1.3 squared, as in the "Training a classifier" tutorial."""


def crop_window(box: Box, size: tuple[int, int], padding: float = PADDING) -> Window:
    """The piece of a picture of ``size`` (width, height in pixels) that shows ``box`` with its surroundings.

    A square of ``padding`` times the longer side of the box **in pixels**, centred on the box, then clipped to the
    picture: at a border the piece is not square. Never empty, also for boxes without area or beyond the picture.
    Edges are truncated to whole pixels as in the tutorial. Raises ValueError for a box that is not finite.
    """
    if not all(math.isfinite(value) for value in box):
        raise ValueError(f"not a box: {box}")
    x, y, width, height = box
    across, down = size
    side = padding * max(width * across, height * down)
    left, right = _clipped((x + width / 2) * across, side, across)
    top, bottom = _clipped((y + height / 2) * down, side, down)
    return left, top, right, bottom


def iou(a: Box, b: Box) -> float:
    """Area that two boxes share over the area they cover together: 0 (apart, or without area) to 1 (equal)."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return min(1.0, shared / (a[2] * a[3] + b[2] * b[3] - shared))


def _clipped(centre: float, side: float, length: int) -> tuple[int, int]:
    low = min(int(max(0.0, centre - side / 2)), length - 1)
    high = int(min(float(length), centre + side / 2))
    return low, max(high, low + 1)
