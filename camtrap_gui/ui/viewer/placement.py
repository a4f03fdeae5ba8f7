"""Where a picture lies on a widget: how much it is enlarged and how far it is moved."""

from PySide6.QtCore import QPointF, QRectF, QSizeF

from camtrap_gui.geometry import Box
from camtrap_gui.ui.theme import GRID

MOST_ZOOM = 16.0
IN_SIGHT = GRID * 6
"""Pixels of the picture's edge that cannot be moved out of sight."""


class Placement:
    """``scale`` is screen pixels per picture pixel, ``origin`` the place of the picture's left top corner.

    ``fitted`` as long as the picture shall be seen whole whatever the size of the widget.
    """

    def __init__(self) -> None:
        self.picture = QSizeF(1, 1)
        self.room = QSizeF(1, 1)
        self.scale = 1.0
        self.origin = QPointF()
        self.fitted = True

    def fit(self) -> None:
        """Show the whole picture, as large as it fits."""
        self.fitted = True
        self.scale = self._fitting()
        left = self.room.width() - self.picture.width() * self.scale
        top = self.room.height() - self.picture.height() * self.scale
        self.origin = QPointF(left / 2, top / 2)

    def zoom_to(self, scale: float, about: QPointF) -> None:
        """Enlarge the picture, keeping a point of the widget where it is."""
        fitting = self._fitting()
        scale = min(max(scale, min(fitting, 1.0) * 0.5), max(fitting, MOST_ZOOM))
        in_picture = self.to_picture(about)
        self.scale = scale
        self.move_to(about - in_picture * scale)

    def move_to(self, origin: QPointF) -> None:
        """Move the picture, but never out of sight."""
        shown = self.picture * self.scale
        left = min(max(origin.x(), IN_SIGHT - shown.width()), self.room.width() - IN_SIGHT)
        top = min(max(origin.y(), IN_SIGHT - shown.height()), self.room.height() - IN_SIGHT)
        self.origin, self.fitted = QPointF(left, top), False

    def to_screen(self, box: Box) -> QRectF:
        """Where a box is on the widget."""
        width, height = self.picture.width() * self.scale, self.picture.height() * self.scale
        return QRectF(
            self.origin.x() + box[0] * width, self.origin.y() + box[1] * height, box[2] * width, box[3] * height
        )  # fmt: skip

    def to_picture(self, point: QPointF) -> QPointF:
        """A point of the widget in picture pixels."""
        return (point - self.origin) / self.scale

    def to_fraction(self, point: QPointF) -> tuple[float, float]:
        """A point of the widget as fractions of the picture."""
        inside = self.to_picture(point)
        return inside.x() / self.picture.width(), inside.y() / self.picture.height()

    def _fitting(self) -> float:
        return min(self.room.width() / self.picture.width(), self.room.height() / self.picture.height())
