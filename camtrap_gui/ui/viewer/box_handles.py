"""How boxes change under the mouse: by which part one is held, and what becomes of it.

Boxes are fractions of the picture and stay inside it, whatever the mouse does; where something is on the screen is in
pixels of the screen, so handles have the same size at every zoom.
"""

from camtrap_gui.geometry import Box

Grip = tuple[int, int]
"""Which edges follow the mouse: -1 left or top, 1 right or bottom, 0 neither. (0, 0) holds the whole box."""

Point = tuple[float, float]
Area = tuple[float, float, float, float]
"""left, top, width, height in pixels of the screen."""

MOVE: Grip = (0, 0)
GRIPS: tuple[Grip, ...] = ((-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0))
"""The eight handles, clockwise from the left top."""

LEAST_SIDE = 4
"""Pixels of the picture: a smaller box shows nothing that could be recognised."""

REACH = 7.0
"""Screen pixels around a handle in which it is caught."""

LEAST_FRAME = 44.0
"""Screen pixels: around a smaller box the handles stand off, so that its middle can still be held."""

LONG_EDGE = 60.0
"""Screen pixels: shorter edges have no room for a handle between those of the corners."""


def least_size(width: float, height: float) -> Point:
    """The smallest box of a picture of ``width`` x ``height`` pixels, as fractions."""
    return min(1.0, LEAST_SIDE / width), min(1.0, LEAST_SIDE / height)


def dragged(box: Box, grip: Grip, by: Point, least: Point) -> Box:
    """The box after the part held by ``grip`` moved ``by`` (fractions): inside the picture, at least ``least`` large.

    Edges stop at the edge of the picture and at the opposite edge; a box that is moved keeps its size.
    """
    left, width = _along(box[0], box[2], grip[0], by[0], least[0], grip == MOVE)
    top, height = _along(box[1], box[3], grip[1], by[1], least[1], grip == MOVE)
    return left, top, width, height


def spanned(start: Point, end: Point, least: Point) -> Box:
    """The box between two points, cut at the edges of the picture, at least ``least`` large."""
    left, right = _between(start[0], end[0], least[0])
    top, bottom = _between(start[1], end[1], least[1])
    return left, top, right - left, bottom - top


def handle_frame(area: Area) -> Area:
    """Where the handles of a box stand: on its lines, or around them if it is tiny."""
    left, top, width, height = area
    across, down = max(0.0, LEAST_FRAME - width), max(0.0, LEAST_FRAME - height)
    return left - across / 2, top - down / 2, width + across, height + down


def handle_places(area: Area, room: Point) -> dict[Grip, Point]:
    """The middle of each handle. Those on edges stay in sight in a widget of size ``room`` as long as their edge does.

    Short edges have no handle of their own; they can be held anyway.
    """
    left, top, width, height = handle_frame(area)
    across = {-1: left, 0: _middle(left, left + width, room[0]), 1: left + width}
    down = {-1: top, 0: _middle(top, top + height, room[1]), 1: top + height}
    wide, tall = width >= LONG_EDGE, height >= LONG_EDGE
    return {
        grip: (across[grip[0]], down[grip[1]]) for grip in GRIPS if (grip[0] or wide) and (grip[1] or tall)
    }


def grip_at(point: Point, area: Area) -> Grip | None:
    """By which part a box on the screen is held at a point: a corner, an edge (anywhere along it), or all of it."""
    left, top, width, height = handle_frame(area)
    across, down = point[0] - left, point[1] - top
    if not (-REACH <= across <= width + REACH and -REACH <= down <= height + REACH):
        return None
    return _near(across, width), _near(down, height)


def _near(along: float, length: float) -> int:
    if min(abs(along), abs(along - length)) > REACH:
        return 0
    return -1 if abs(along) < abs(along - length) else 1


def _middle(low: float, high: float, room: float) -> float:
    seen_low, seen_high = max(low, 0.0), min(high, room)
    return (seen_low + seen_high) / 2 if seen_low < seen_high else (low + high) / 2


def _along(low: float, length: float, side: int, by: float, least: float, whole: bool) -> Point:
    """Low edge and length along one axis after a drag."""
    low, high = _between(low, low + length, least)
    if whole:
        length = high - low
        low = min(max(low + by, 0.0), 1.0 - length)
        return low, length
    if side < 0:
        low = min(max(low + by, 0.0), high - least)
    elif side > 0:
        high = max(min(high + by, 1.0), low + least)
    return low, high - low


def _between(start: float, end: float, least: float) -> Point:
    """Two places along one axis, in order, inside the picture and ``least`` apart, growing away from ``start``."""
    start, end = min(max(start, 0.0), 1.0), min(max(end, 0.0), 1.0)
    low, high = min(start, end), max(start, end)
    if high - low >= least:
        return low, high
    low = min(max(start if end >= start else start - least, 0.0), 1.0 - least)
    return low, low + least
