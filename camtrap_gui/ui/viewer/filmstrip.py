"""The strip of small pictures below the large one, for a sequence of three or a queue of a hundred thousand."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.viewer.shown import Given, Pictures
from camtrap_gui.ui.widgets.thumbnails import Thumbnails

HEIGHT = GRID * 11
CELL = GRID * 13
BORDER = 3


class Filmstrip(QAbstractScrollArea):
    """Knows only of the pictures in sight. ``chosen`` brings the place of the one that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Pictures = Given(())
        self._place = -1
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self.setFixedHeight(HEIGHT)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalScrollBar().setSingleStep(CELL // 2)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Pictures before and after this one")

    def show_pictures(self, pictures: Pictures) -> None:
        """Show the beginning of these pictures, none of them as the current one."""
        self._pictures, self._place = pictures, -1
        self._lay_out()
        self.horizontalScrollBar().setValue(0)
        self.viewport().update()

    def count(self) -> int:
        """How many pictures there are."""
        return len(self._pictures)

    def place(self) -> int:
        """The place of the current picture, -1 for none."""
        return self._place

    def go_to(self, place: int) -> None:
        """Make a picture the current one, and let it and its neighbours be seen."""
        self._place = place
        self.setAccessibleDescription(f"Picture {place + 1:,} of {self.count():,}")
        bar, width = self.horizontalScrollBar(), self.viewport().width()
        first, last = (place - 1) * CELL, (place + 2) * CELL
        if last - bar.value() > width:
            bar.setValue(last - width)
        if first < bar.value():
            bar.setValue(first)
        self.viewport().update()

    def cell(self, place: int) -> QRect:
        """Where a picture is on the viewport."""
        return QRect(place * CELL - self.horizontalScrollBar().value(), 0, CELL, self.viewport().height())

    def thumbnail(self, place: int) -> QPixmap | None:
        """The small picture if it is here; a null one if the file cannot be read."""
        path = self._pictures.path(place)
        return self._thumbnails.get(path) if path != Path() else QPixmap()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    # Events.

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        if self._place >= 0:
            self.go_to(self._place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar, turned = self.horizontalScrollBar(), event.angleDelta()
        bar.setValue(bar.value() - (turned.y() or turned.x()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End; all other keys are the viewer's."""
        match event.key():
            case Qt.Key.Key_Home if self.count():
                self.chosen.emit(0)
            case Qt.Key.Key_End if self.count():
                self.chosen.emit(self.count() - 1)
            case _:
                event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().toPoint())
        if place >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(place)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._at(event.pos())
            words = "" if place < 0 else self._pictures[place].title or self._pictures.path(place).name
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().viewportEvent(event)

    def _at(self, point: QPoint) -> int:
        place = (point.x() + self.horizontalScrollBar().value()) // CELL
        return place if 0 <= place < self.count() else -1

    def _lay_out(self) -> None:
        bar, width = self.horizontalScrollBar(), self.viewport().width()
        bar.setRange(0, max(0, self.count() * CELL - width))
        bar.setPageStep(max(CELL, width))

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place in self._in_sight():
            self._paint_cell(painter, place)

    def _in_sight(self) -> Sequence[int]:
        start = self.horizontalScrollBar().value()
        return range(start // CELL, min(self.count(), (start + self.viewport().width()) // CELL + 1))

    def _paint_cell(self, painter: QPainter, place: int) -> None:
        colours, cell = theme.colours, self.cell(place)
        inside = cell.adjusted(GRID // 2 + BORDER, BORDER + 2, -GRID // 2 - BORDER, -BORDER - 2)
        pixmap = self.thumbnail(place)
        if pixmap is None or pixmap.isNull():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(inside, 4, 4)
            if pixmap is not None:
                sign = QRect(0, 0, GRID * 3, GRID * 3)
                sign.moveCenter(inside.center())
                icon("image-off-outline", colours.muted).paint(painter, sign)
            shown = inside
        else:
            size = pixmap.size().scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
            shown = QRect(inside.topLeft(), size)
            shown.moveCenter(inside.center())
            painter.drawPixmap(shown, pixmap)
        if place == self._place:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), BORDER))
            painter.drawRoundedRect(shown.adjusted(-3, -3, 2, 2), 5, 5)
            if self.hasFocus():
                painter.setPen(QPen(QColor(colours.text), 1))
                painter.drawRoundedRect(shown.adjusted(-5, -5, 4, 4), 7, 7)
