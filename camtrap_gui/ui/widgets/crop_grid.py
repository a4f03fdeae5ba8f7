"""Crops side by side, what each is above what it was called."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QWidget

from camtrap_gui.project.predictions import Judged
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails
from camtrap_gui.ui.widgets.tile_grid import TileGrid

TILE = QSize(GRID * 20, GRID * 18)
AHEAD = 2
"""Screens below what is seen that are asked for in time."""

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class CropGrid(TileGrid):
    """``opened`` brings the place of a crop; ``end_near`` tells that the end of what is there comes in sight."""

    end_near = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Crops with truth and prediction", parent=parent)
        self.found: list[Judged] = []
        self._folder = Path()
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self.verticalScrollBar().valueChanged.connect(self._look_ahead)

    def show_crops(self, found: Sequence[Judged], folder: Path) -> None:
        """Show these crops; their files are below ``folder``."""
        self.found, self._folder = list(found), folder
        self.show_tiles(len(found))
        self.scrollToTop()

    def add_crops(self, more: Sequence[Judged]) -> None:
        """Show these behind the others."""
        self.found += more
        self.add_tiles(len(more))

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def cell_size(self) -> QSize:
        return TILE + QSize(0, 2 * self.fontMetrics().height())

    def words_of(self, place: int) -> str:
        one = self.found[place]
        return f"Is: {one.truth}\nWas called: {called(one)}\nLocation: {one.location}\n{one.file}"

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        judged, line, c = self.found[place], painter.fontMetrics().height(), theme.colours
        picture = area.adjusted(0, 0, 0, -2 * line - GRID // 2)
        painter.fillRect(picture, QColor(c.raised))
        pixmap = self._thumbnails.get(self._folder / judged.file)
        if pixmap is not None and pixmap.isNull():
            sign = QRect(0, 0, GRID * 5, GRID * 5)
            sign.moveCenter(picture.center())
            icon("image-off-outline", c.muted).paint(painter, sign)
        elif pixmap is not None:
            ratio = Qt.AspectRatioMode.KeepAspectRatio
            target = QRect(picture.topLeft(), pixmap.size().scaled(picture.size(), ratio))
            target.moveCenter(picture.center())
            painter.drawPixmap(target, pixmap)
        above = QRect(area.left(), picture.bottom() + GRID // 2, area.width(), line)
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        _write(painter, above, judged.truth, c.text)
        font.setBold(False)
        painter.setFont(font)
        if not judged.top:
            _write(painter, above.translated(0, line), "not asked yet", c.muted)
            return
        species, confidence = judged.top[0]
        right = species == judged.truth
        colour, below = c.success if right else c.error, above.translated(0, line)
        percent = f"{confidence:.0%}"
        _write(painter, below, percent, colour, RIGHT)
        room = below.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(percent) - GRID, 0)
        _write(painter, room, ("✓ " if right else "✗ ") + species, colour)

    def _look_ahead(self) -> None:
        bar = self.verticalScrollBar()
        if bar.value() >= bar.maximum() - AHEAD * self.viewport().height():
            self.end_near.emit()


def called(judged: Judged) -> str:
    """What a classifier said about a crop, in words."""
    return f"{judged.top[0][0]} {judged.top[0][1]:.0%}" if judged.top else "not asked yet"


def _write(painter: QPainter, place: QRect, words: str, colour: str, where: Qt.AlignmentFlag = LEFT) -> None:
    painter.setPen(QColor(colour))
    painter.drawText(
        place, where, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, place.width())
    )
