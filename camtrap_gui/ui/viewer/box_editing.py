"""What becomes of a box between the press and the release of a mouse button or key: nothing is decided before the end."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt

from camtrap_gui.geometry import Box
from camtrap_gui.ui.viewer.box_handles import MOVE, Grip, Point, dragged, spanned

BEGINS = 3.0
"""Screen pixels the mouse has to move before a press is a drag."""

_CURSORS = {
    (0, 0): Qt.CursorShape.SizeAllCursor,
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (1, -1): Qt.CursorShape.SizeBDiagCursor,
    (1, 0): Qt.CursorShape.SizeHorCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
}


def cursor_of(grip: Grip) -> Qt.CursorShape:
    """What the mouse looks like over a handle."""
    shape = _CURSORS.get(grip)
    return shape if shape is not None else _CURSORS[-grip[0], -grip[1]]


@dataclass
class Drag:
    """A box being changed or, where ``before`` is None, drawn. ``draft`` is what it would be if it ended now.

    ``pressed`` is where the mouse went down, on the screen; ``start`` the same as fractions of the picture.
    """

    pressed: QPointF
    start: Point
    least: Point
    before: Box | None = None
    grip: Grip = MOVE
    draft: Box | None = None

    def go_to(self, at: QPointF, point: Point) -> None:
        """The mouse is at ``at`` on the screen, ``point`` of the picture."""
        away = at - self.pressed
        if self.draft is None and max(abs(away.x()), abs(away.y())) < BEGINS:
            return
        if self.before is None:
            self.draft = spanned(self.start, point, self.least)
        else:
            by = (point[0] - self.start[0], point[1] - self.start[1])
            self.draft = dragged(self.before, self.grip, by, self.least)


def nudged(box: Box, way: str, by: Point, sizing: bool, least: Point) -> Box:
    """The box after an arrow key: moved, or with its right or lower edge moved, ``by`` (fractions)."""
    sign = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}[way]
    grip = (abs(sign[0]), abs(sign[1])) if sizing else MOVE
    return dragged(box, grip, (sign[0] * by[0], sign[1] * by[1]), least)
