"""What stays on the screen while one box is changed, painted once: a drag repaints only what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPixmap

from camtrap_gui.geometry import Box
from camtrap_gui.ui.viewer.box_drawing import BoxPainter
from camtrap_gui.ui.viewer.shown import ShownBox

GROUND = "#101211"
"""Behind pictures, in both themes: dark, so that night pictures can be judged."""


@dataclass(frozen=True)
class Still:
    """The picture with the lines of boxes, and above them their chips, which ``taken`` tells the places of."""

    picture: QPixmap
    chips: QPixmap
    taken: list[QRectF]


@dataclass(frozen=True)
class Room:
    """A piece of screen: ``size`` in pixels of the window, each ``ratio`` pixels of the screen wide."""

    size: QSizeF
    ratio: float
    font: QFont

    def layer(self, ground: QColor) -> QPixmap:
        """An empty layer that fills it."""
        layer = QPixmap((self.size * self.ratio).toSize())
        layer.setDevicePixelRatio(self.ratio)
        layer.fill(ground)
        return layer


@dataclass(frozen=True)
class Glow:
    """Heat over a part of the picture, ``area`` as fractions of it, at an opacity of 0..1."""

    image: QImage
    area: Box
    strength: float


def paint_still(
    room: Room,
    image: QImage,
    place: QRectF,
    smooth: bool,
    boxes: Sequence[tuple[ShownBox, QRectF]],
    glow: tuple[Glow, QRectF] | None = None,
) -> Still:
    """Paint an image at a place of the room, with heat and boxes at theirs. The surest box is the first to get its chip."""
    picture, chips = room.layer(QColor(GROUND)), room.layer(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(place, image)
    if glow is not None:
        painter.setOpacity(glow[0].strength)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(glow[1], glow[0].image)
        painter.setOpacity(1.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing = BoxPainter(painter, room.size, room.font)
    for box, area in boxes:
        drawing.lines(area, box.colour)
    painter.end()
    painter = QPainter(chips)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing = BoxPainter(painter, room.size, room.font)
    taken: list[QRectF] = []
    for box, area in sorted(boxes, key=lambda pair: -pair[0].confidence):
        chip = drawing.chip(area, box.words, box.colour, taken)
        taken += [chip] if chip is not None else []
    painter.end()
    return Still(picture, chips, taken)
