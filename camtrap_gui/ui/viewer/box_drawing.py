"""Painting of boxes: lines that stay thin at every zoom, chips that stay readable and apart, handles."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from camtrap_gui.colours import ink_on
from camtrap_gui.ui.theme import GRID

CHIP_HEIGHT = 20
HANDLE = 9.0
"""Side of a handle in screen pixels."""

THIN_BELOW = 16
"""Screen pixels: thick lines would hide what is in a smaller box."""

SHADOW = QColor(0, 0, 0, 150)


class BoxPainter:
    """Paints boxes onto a room of some size. Chips are painted after all lines, so that none is crossed out."""

    def __init__(self, painter: QPainter, room: QSizeF, font: QFont) -> None:
        self._painter = painter
        self._room = QRectF(QPointF(), room)
        bold = QFont(font)
        bold.setBold(True)
        self._metrics = QFontMetricsF(bold)
        painter.setFont(bold)

    def lines(self, area: QRectF, colour: str, chosen: bool = False) -> None:
        """The box itself."""
        if not area.adjusted(-4, -4, 4, 4).intersects(self._room):
            return
        thick = chosen and min(area.width(), area.height()) > THIN_BELOW
        _frame(self._painter, area, 5 if thick else 4, SHADOW)
        _frame(self._painter, area, 3 if thick else 2, QColor(colour))

    def chip(
        self, area: QRectF, words: str, colour: str, taken: Sequence[QRectF], must: bool = False
    ) -> QRectF | None:
        """Words on a plate of the box's colour beside the box; says where.

        Without a place that is free of others there is no chip, unless it ``must`` be: zooming in makes room.
        """
        if not words or not area.intersects(self._room):
            return None
        size = QSizeF(self._metrics.horizontalAdvance(words) + GRID * 1.5, self._metrics.height())
        chip = chip_place(area, size, self._room, taken)
        if chip is None and must:
            chip = chip_place(area, size, self._room, ()) or _at_edge(area, size, self._room)
        if chip is not None:
            self.plate(chip, words, colour)
        return chip

    def plate(self, place: QRectF, words: str, colour: str) -> None:
        """Words on a rounded plate, black or white, whichever reads better."""
        brush, ink = _plate(colour)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(brush)
        self._painter.drawRoundedRect(place, 4, 4)
        self._painter.setPen(ink)
        self._painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)

    def hint(self, words: str, colour: str) -> None:
        """Words at the top in the middle."""
        width, height = self._metrics.horizontalAdvance(words) + GRID * 3, self._metrics.height() + GRID
        self.plate(QRectF((self._room.width() - width) / 2, GRID, width, height), words, colour)

    def guides(self, at: QPointF) -> None:
        """Lines through a point, to begin a box in line with the animal."""
        for pen in (QPen(SHADOW, 3), QPen(QColor(255, 255, 255, 200), 1)):
            self._painter.setPen(pen)
            self._painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), self._room.height()))
            self._painter.drawLine(QPointF(0, at.y()), QPointF(self._room.width(), at.y()))

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


def chip_place(area: QRectF, size: QSizeF, room: QRectF, taken: Sequence[QRectF]) -> QRectF | None:
    """Where a chip for words of ``size`` goes: above, in, or below the box, inside the room, on none of ``taken``."""
    width, height = size.width(), max(float(CHIP_HEIGHT), size.height() + 4)
    most = max(0.0, room.width() - width)
    left, inner = min(max(area.left(), 0.0), most), min(max(area.left() + 2, 0.0), most)
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
    return None


def _at_edge(area: QRectF, size: QSizeF, room: QRectF) -> QRectF:
    """Of a box that reaches out of the room above and below."""
    height = max(float(CHIP_HEIGHT), size.height() + 4)
    left = min(max(area.left(), 0.0), max(0.0, room.width() - size.width()))
    top = min(max(area.top(), 0.0), max(0.0, room.height() - height))
    return QRectF(left, top, size.width(), height)


def _frame(painter: QPainter, area: QRectF, width: int, colour: QColor) -> None:
    """A rectangle of lines on whole pixels: ten times as quick as to stroke it, and crisp."""
    left, top = round(area.left() - width / 2), round(area.top() - width / 2)
    right, bottom = round(area.right() - width / 2), round(area.bottom() - width / 2)
    across, down = right - left + width, max(0, bottom - top - width)
    painter.fillRect(left, top, across, width, colour)
    painter.fillRect(left, bottom, across, width, colour)
    painter.fillRect(left, top + width, width, down, colour)
    painter.fillRect(right, top + width, width, down, colour)


@lru_cache(maxsize=256)
def _plate(colour: str) -> tuple[QColor, QColor]:
    plate = QColor(colour)
    return plate, QColor(*ink_on((plate.red(), plate.green(), plate.blue())))
