"""The confusion matrix, painted: which species was taken for which, and a way into the pictures behind every cell.

The names stay in sight while the cells scroll. A cell is tinted by its share of the crops of its row: one colour where
the classifier was right, another where it was not.
"""

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from camtrap_gui.charts import THEMES
from camtrap_gui.colours import ink_on
from camtrap_gui.ui.theme import GRID, theme

LEAST, MOST = GRID * 3, GRID * 7
_LONGEST_NAME = GRID * 18
_SLANT = 0.7071  # of 45 degrees


class ConfusionView(QAbstractScrollArea):
    """Rows are what the animal is, columns what it was called. ``opened`` brings the names (truth, prediction).

    ``pointed`` brings a sentence about the cell below the cursor, '' when there is none. The arrow keys move the
    cursor, Enter and a click open the cell.
    """

    opened = Signal(str, str)
    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._cells = np.zeros((0, 0), int)
        self._shares = np.zeros((0, 0))
        self._cursor: tuple[int, int] | None = None
        self._longest, self._side = 0.0, float(MOST)  # of the names, of a cell; see _lay_out
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Confusion matrix")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        theme.changed.connect(self.viewport().update)

    def show_matrix(self, names: Sequence[str], cells: Sequence[Sequence[int]]) -> None:
        """Show crops as ``cells[truth][prediction]``, in the order of the names."""
        self._names = list(names)
        self._cells = np.asarray(cells, int).reshape(len(names), len(names))
        crops = self._cells.sum(axis=1, keepdims=True)
        self._shares = np.divide(self._cells, crops, out=np.zeros(self._cells.shape), where=crops > 0)
        self._point(None)
        self._lay_out()
        self.viewport().update()

    def cursor_cell(self) -> tuple[str, str] | None:
        """The names (truth, prediction) of the cell under the cursor."""
        return None if self._cursor is None else (self._names[self._cursor[0]], self._names[self._cursor[1]])

    def cell_rect(self, truth: str, prediction: str) -> QRectF:
        """Where a cell is on the viewport."""
        return self._rect(self._names.index(truth), self._names.index(prediction))

    def sizeHint(self) -> QSize:
        return QSize(GRID * 60, GRID * 50)

    # The cursor.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._cell_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(self._cell_at(event.position().toPoint()))
            self._open()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave and not self.hasFocus():
            self._point(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
        }  # fmt: skip
        key, last = Qt.Key(event.key()), len(self._names) - 1
        if key in steps and last >= 0:
            row, column = self._cursor or (0, 0)
            down, right = steps[key] if self._cursor is not None else (0, 0)
            self._point((min(max(row + down, 0), last), min(max(column + right, 0), last)))
            self._scroll_to_cursor()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._cursor is None and self._names and event.reason() != Qt.FocusReason.MouseFocusReason:
            self._point((0, 0))
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell == self._cursor:
            return
        self._cursor = cell
        words = self._words(cell) if cell is not None else ""
        self.setAccessibleDescription(words)
        openable = cell is not None and self._cells[cell] > 0
        shape = Qt.CursorShape.PointingHandCursor if openable else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)
        self.pointed.emit(words)
        self.viewport().update()

    def _open(self) -> None:
        if self._cursor is not None and self._cells[self._cursor] > 0:
            self.opened.emit(*(self._names[place] for place in self._cursor))

    def _words(self, cell: tuple[int, int]) -> str:
        truth, said = (self._names[place] for place in cell)
        crops, total = int(self._cells[cell]), int(self._cells[cell[0]].sum())
        if not total:
            return f"There are no crops of {truth}."
        share = f"{crops:,} of {total:,} {truth} crops ({self._shares[cell]:.0%})"
        return f"{share} were recognised." if truth == said else f"{share} were called {said}."

    # Places on the viewport.

    def _left(self) -> float:
        return self._longest + GRID

    def _slant(self) -> float:
        """Height of the slanted names above the cells, and how far the last one sticks out."""
        return self._longest * _SLANT + GRID * 2

    def _rect(self, row: int, column: int) -> QRectF:
        side = self._side
        x = self._left() + column * side - self.horizontalScrollBar().value()
        y = self._slant() + row * side - self.verticalScrollBar().value()
        return QRectF(x, y, side, side).adjusted(0.5, 0.5, -0.5, -0.5)

    def _in_sight(self) -> tuple[range, range]:
        """The rows and columns of which something is to be seen."""
        down, across = (
            bar.value() / self._side for bar in (self.verticalScrollBar(), self.horizontalScrollBar())
        )
        high, wide = (size / self._side for size in (self.viewport().height(), self.viewport().width()))
        count = len(self._names)
        return (
            range(int(down), min(count, math.ceil(down + high))),
            range(int(across), min(count, math.ceil(across + wide))),
        )

    def _cell_at(self, point: QPoint) -> tuple[int, int] | None:
        x, y = point.x() - self._left(), point.y() - self._slant()
        if x < 0 or y < 0:
            return None
        column = int((x + self.horizontalScrollBar().value()) / self._side)
        row = int((y + self.verticalScrollBar().value()) / self._side)
        return (row, column) if max(row, column) < len(self._names) else None

    def _scroll_to_cursor(self) -> None:
        if self._cursor is None:
            return
        area = self._rect(*self._cursor)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        over_right, over_bottom = (
            area.right() - self.viewport().width(),
            area.bottom() - self.viewport().height(),
        )
        across.setValue(
            across.value() + math.ceil(max(0, over_right)) + math.floor(min(0, area.left() - self._left()))
        )
        down.setValue(
            down.value() + math.ceil(max(0, over_bottom)) + math.floor(min(0, area.top() - self._slant()))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()

    def _lay_out(self) -> None:
        bold = QFont(self.font())  # as the names of the cursor's row and column are
        bold.setBold(True)
        metrics = QFontMetricsF(bold)
        self._longest = min(_LONGEST_NAME, max(map(metrics.horizontalAdvance, self._names), default=0.0))
        size = self.viewport().size()
        room = min(size.width() - self._left() - self._slant(), size.height() - self._slant() - 1)
        self._side = min(max(room / max(1, len(self._names)), LEAST), MOST)
        whole = self._side * len(self._names)
        for bar, room, start in (
            (self.horizontalScrollBar(), self.viewport().width(), self._left() + self._slant()),
            (self.verticalScrollBar(), self.viewport().height(), self._slant() + 1),
        ):
            bar.setRange(0, max(0, int(start + whole - room)))
            bar.setPageStep(room)
            bar.setSingleStep(int(self._side))

    # Painting.

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide, high = self.viewport().width(), self.viewport().height()
        painter.save()
        painter.setClipRect(QRectF(self._left(), self._slant(), wide, high))
        self._paint_cells(painter)
        painter.restore()
        painter.save()
        painter.setClipRect(QRectF(0, self._slant(), self._left(), high))
        self._paint_rows(painter)
        painter.restore()
        painter.setClipRect(QRectF(self._left() - GRID, 0, wide, self._slant()))
        self._paint_columns(painter)

    def _paint_cells(self, painter: QPainter) -> None:
        look = THEMES["dark" if theme.dark else "light"]
        figures = painter.fontMetrics().horizontalAdvance("100") < self._side
        for row, column in product(*self._in_sight()):
            area, share = self._rect(row, column), float(self._shares[row, column])
            if not share:
                painter.fillRect(area, QColor(look.faint))
                continue
            paper = _between(*(look.right if row == column else look.wrong), share)
            painter.fillRect(area, paper)
            if figures:
                painter.setPen(QColor(*ink_on((paper.red(), paper.green(), paper.blue()))))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, _per_cent(share))
        if self._cursor is not None:
            width = 3 if self.hasFocus() else 2
            painter.setPen(QPen(QColor(theme.colours.text), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._rect(*self._cursor).adjusted(1, 1, -1, -1))

    def _paint_rows(self, painter: QPainter) -> None:
        for row, name in enumerate(self._names):
            area = self._rect(row, 0)
            self._set_pen(painter, self._cursor is not None and self._cursor[0] == row)
            shown = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(self._longest) + 1
            )
            place = QRectF(0, area.top(), self._left() - GRID, area.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_columns(self, painter: QPainter) -> None:
        for column, name in enumerate(self._names):
            self._set_pen(painter, self._cursor is not None and self._cursor[1] == column)
            shown = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(self._longest) + 1
            )
            painter.save()
            painter.translate(self._rect(0, column).center().x(), self._slant() - GRID * 0.75)
            painter.rotate(-45)
            painter.drawText(QPointF(0, painter.fontMetrics().ascent() / 3), shown)
            painter.restore()

    def _set_pen(self, painter: QPainter, chosen: bool) -> None:
        font = self.font()
        font.setBold(chosen)
        painter.setFont(font)
        painter.setPen(QColor(theme.colours.text if chosen else theme.colours.muted))


def _between(low: str, high: str, share: float) -> QColor:
    one, other = QColor(low), QColor(high)
    mixed = (
        round(start + (end - start) * share)
        for start, end in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)  # type: ignore[index]
    )
    return QColor(*mixed)


def _per_cent(share: float) -> str:
    """As the saved chart says it: "100" means every crop, and no crop that is there is 0."""
    return "100" if share >= 1 else str(min(99, max(1, round(100 * share))))
