"""Painting of boxes: lines that stay thin at every zoom, chips that stay readable and apart, handles."""

from collections.abc import Iterable
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from camtrap_gui.colours import ink_on
from camtrap_gui.ui.theme import GRID

CHIP_HEIGHT = 20
HANDLE = 9.0
"""Side of a handle in screen pixels."""

SHADOW = QColor(0, 0, 0, 150)


class BoxPainter:
    """Paints boxes onto a room of some size; chips know of each other and keep apart."""

    def __init__(self, painter: QPainter, room: QSizeF, font: QFont, taken: Iterable[QRectF] = ()) -> None:
        self._painter = painter
        self._room = QRectF(QPointF(), room)
        self._font = QFont(font)
        self._font.setBold(True)
        self._metrics = QFontMetricsF(self._font)
        self.taken = list(taken)
        painter.setFont(self._font)

    def box(self, area: QRectF, words: str, colour: str, chosen: bool = False) -> None:
        """A box with its chip."""
        if not area.adjusted(-4, -4, 4, 4).intersects(self._room):
            return
        painter = self._painter
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shadow, line = _pens(colour, chosen)
        painter.setPen(shadow)
        painter.drawRect(area)
        painter.setPen(line)
        painter.drawRect(area)
        if words and area.intersects(self._room):
            self.chip(area, words, colour)

    def chip(self, area: QRectF, words: str, colour: str) -> None:
        """Words on a plate of the box's colour, beside the box and on no other chip as far as there is room."""
        width = self._metrics.horizontalAdvance(words) + GRID * 1.5
        chip = self._place(area, width)
        self.taken.append(chip)
        brush, ink = _plate(colour)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(brush)
        self._painter.drawRoundedRect(chip, 4, 4)
        self._painter.setPen(ink)
        self._painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, words)

    def _place(self, area: QRectF, width: float) -> QRectF:
        return chip_place(area, QSizeF(width, self._metrics.height()), self._room, self.taken)

    def handles(self, places: Iterable[tuple[float, float]], frame: QRectF | None, colour: str) -> None:
        """Handles at these places; ``frame`` connects those that stand around a tiny box."""
        painter, half = self._painter, HANDLE / 2
        if frame is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (QPen(SHADOW, 2.5), QPen(QColor("white"), 1, Qt.PenStyle.DashLine)):
                painter.setPen(pen)
                painter.drawRect(frame)
        painter.setPen(QPen(QColor(colour).darker(140), 1.5))
        painter.setBrush(QColor("white"))
        for x, y in places:
            painter.drawRoundedRect(QRectF(x - half, y - half, HANDLE, HANDLE), 2, 2)


def chip_place(area: QRectF, size: QSizeF, room: QRectF, taken: Iterable[QRectF]) -> QRectF:
    """Where a chip for the words of ``size`` goes: above, in, or below the box, inside the room, free of others."""
    width, height = size.width(), max(float(CHIP_HEIGHT), size.height() + 4)
    left = min(max(area.left(), 0.0), max(0.0, room.width() - width))
    inner = min(max(area.left() + 2, 0.0), max(0.0, room.width() - width))
    for x, y in (
        (left, area.top() - height - 2),
        (inner, area.top() + 2),
        (left, area.bottom() + 2),
        (inner, area.bottom() - height - 2),
    ):
        if y < 0 or y + height > room.height():
            continue
        chip = QRectF(x, y, width, height)
        if not any(map(chip.intersects, taken)):
            return chip
    top = min(max(area.top(), 0.0), max(0.0, room.height() - height))
    return QRectF(left, top, width, height)


@lru_cache(maxsize=256)
def _pens(colour: str, chosen: bool) -> tuple[QPen, QPen]:
    return QPen(SHADOW, 5 if chosen else 3.5), QPen(QColor(colour), 3 if chosen else 1.8)


@lru_cache(maxsize=256)
def _plate(colour: str) -> tuple[QColor, QColor]:
    plate = QColor(colour)
    return plate, QColor(*ink_on((plate.red(), plate.green(), plate.blue())))
