"""Tiles side by side, painted by whoever derives from it, of any number: chosen by clicks and keys as text is.

Shift chooses from one tile on to another along the lines, not a rectangle as tables do.
"""

from itertools import compress

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from camtrap_gui.ui.theme import GRID, theme

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier

Index = QModelIndex | QPersistentModelIndex


class TileGrid(QTableView):
    """``moved`` tells that another tile is current or others are chosen, ``opened`` brings the place of a tile.

    A derived class says how large a tile is (``cell_size``), paints it (``paint_tile``) and puts it into words.
    ``in_a_row`` makes it one line that scrolls sideways.
    """

    opened = Signal(int)
    moved = Signal()

    def __init__(self, name: str, in_a_row: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._in_a_row = in_a_row
        self._anchor = -1
        self._current = -1
        self._chosen = bytearray()  # a mark for each tile, as there may be a million
        self.setAccessibleName(name)
        self.setItemDelegate(_Cell(self))
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        resize = QHeaderView.ResizeMode
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(resize.Fixed if in_a_row else resize.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(resize.Fixed)
        theme.changed.connect(self.viewport().update)

    # What a grid defines.

    def cell_size(self) -> QSize:
        """Of a tile, in pixels; a grid that is no row makes tiles wider to fill its lines."""
        raise NotImplementedError

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        """Paint a tile; what tells that it is chosen or current is there already."""
        raise NotImplementedError

    def words_of(self, place: int) -> str:
        """What a tile says, for tooltips and for who cannot see it."""
        raise NotImplementedError

    # What is shown and chosen.

    def show_tiles(self, count: int, current: int = 0) -> None:
        """Show that many tiles, with one of them chosen."""
        self._count = count
        self._chosen = bytearray(count)
        self._current = self._anchor = -1
        self._lay_out(anew=True)
        self.choose(min(current, count - 1))

    def add_tiles(self, count: int) -> None:
        """Show so many more at the end; what is chosen and in sight stays."""
        model = self.model()
        assert isinstance(model, _Tiles)
        self._count += count
        self._chosen += bytearray(count)
        model.grow(self._count)

    def count(self) -> int:
        """How many tiles there are."""
        return self._count

    def place(self) -> int:
        """The place of the current tile, -1 where there is none."""
        return self._current

    def chosen(self) -> list[int]:
        """The places of the chosen tiles, ascending."""
        within = range(max(self._chosen.find(1), 0), self.last_chosen() + 1)
        return list(compress(within, self._chosen[within.start : within.stop]))

    def last_chosen(self) -> int:
        """The place of the last chosen tile, -1 when none is."""
        return self._chosen.rfind(1)

    def choose(self, place: int, extend: bool = False, toggle: bool = False) -> None:
        """Make a tile the current one: alone, with all from the one chosen before, or in turn."""
        if 0 <= place < self._count:
            if toggle:
                self._chosen[place] ^= 1
            else:
                first, last = sorted((self._anchor if extend and self._anchor >= 0 else place, place))
                self._chosen = bytearray(self._count)
                self._chosen[first : last + 1] = b"\1" * (last + 1 - first)
            if not extend or self._anchor < 0:
                self._anchor = place
            self._current = place
            self.setCurrentIndex(self.model().index(*divmod(place, self._across())))
        self._tell()

    def selectAll(self) -> None:
        """Choose every tile."""
        self._chosen = bytearray(b"\1" * self._count)
        self._tell()

    # Keys and mouse.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, here, across = Qt.Key(event.key()), max(self._current, 0), self._across()
        screen = max(1, self.viewport().height() // self.cell_size().height()) * across
        last = self._count - 1
        to = {
            Qt.Key.Key_Left: here - 1, Qt.Key.Key_Right: here + 1, Qt.Key.Key_Up: here - across,
            Qt.Key.Key_Down: here + across, Qt.Key.Key_PageUp: max(0, here - screen),
            Qt.Key.Key_PageDown: min(last, here + screen), Qt.Key.Key_Home: 0, Qt.Key.Key_End: last,
        }.get(key)  # fmt: skip
        if to is not None and not (self._in_a_row and key in (Qt.Key.Key_Up, Qt.Key.Key_Down)):
            if 0 <= to <= last:
                self.choose(to, extend=bool(event.modifiers() & SHIFT))
        elif key == Qt.Key.Key_Space and event.modifiers() & CTRL:
            self.choose(here, toggle=True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current >= 0:
            self.opened.emit(self._current)
        elif key == Qt.Key.Key_A and event.modifiers() & CTRL:
            self.selectAll()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event)
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            held = event.modifiers()
            self.choose(place, extend=bool(held & SHIFT), toggle=bool(held & CTRL))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event)
        if event.buttons() & Qt.MouseButton.LeftButton and place >= 0 and place != self._current:
            self.choose(place, extend=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if (place := self._place_at(event)) >= 0:
            self.opened.emit(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _tell(self) -> None:
        self.viewport().update()
        self.moved.emit()

    def _place_at(self, event: QMouseEvent) -> int:
        index = self.indexAt(event.position().toPoint())
        place = index.row() * self._across() + index.column() if index.isValid() else -1
        return place if place < self._count else -1

    def _across(self) -> int:
        if self._in_a_row:
            return max(1, self._count)
        return max(1, (self.width() - GRID * 2) // self.cell_size().width())

    def _lay_out(self, anew: bool = False) -> None:
        model, across = self.model(), self._across()
        self.verticalHeader().setDefaultSectionSize(self.cell_size().height())
        if not anew and model is not None and model.columnCount() == across:
            return
        self.setModel(_Tiles(self, across))
        if self._in_a_row:
            self.horizontalHeader().setDefaultSectionSize(self.cell_size().width())
        if model is not None:
            model.deleteLater()
        if self._current >= 0:
            self.setCurrentIndex(self.model().index(*divmod(self._current, across)))


class _Tiles(QAbstractTableModel):
    """As many tiles in a line as fit."""

    def __init__(self, grid: TileGrid, across: int) -> None:
        super().__init__(grid)
        self._grid, self._across, self._count = grid, across, grid.count()

    def grow(self, count: int) -> None:
        """There are more tiles now."""
        before, after = self.rowCount(), -(-count // self._across)
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
        self._count = count
        if after > before:
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else -(-self._count // self._across)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._across

    def place(self, index: Index) -> int:
        """The place of a cell's tile, -1 for a cell behind the last one."""
        place = index.row() * self._across + index.column()
        return place if place < self._count else -1

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled if self.place(index) >= 0 else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = 0) -> object:
        if (
            role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
            and self.place(index) >= 0
        ):
            return self._grid.words_of(self.place(index))
        return None


class _Cell(QStyledItemDelegate):
    def __init__(self, grid: TileGrid) -> None:
        super().__init__(grid)
        self._grid = grid

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, _Tiles)
        if (place := model.place(index)) < 0:
            return
        c, grid = theme.colours, self._grid
        area: QRect = option.rect.adjusted(3, 3, -3, -3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        is_quiet = (
            grid._in_a_row and not grid.hasFocus()
        )  # a row is for looking along; nothing is done to its tiles
        if grid._chosen[place] and not is_quiet:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.selected))
            painter.drawRoundedRect(area, 6, 6)
        grid.paint_tile(painter, area.adjusted(5, 5, -5, -5), place)
        if place == grid._current and not is_quiet:
            painter.setPen(QPen(QColor(c.accent if grid.hasFocus() else c.muted), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)
