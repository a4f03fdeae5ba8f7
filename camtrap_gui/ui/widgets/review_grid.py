"""The pictures of a queue side by side, to be labelled by the screenful: ranges are selected by Shift, Ctrl or dragging."""

from collections.abc import Iterable, Sequence
from itertools import compress

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from camtrap_gui.project import Project
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets.review_cells import CELL, ReviewCell, ReviewCells, ReviewRows
from camtrap_gui.ui.widgets.thumbnails import Thumbnails

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class ReviewGrid(QTableView):
    """A grid reads like text: Shift selects from one picture on to another along the lines, not a rectangle.

    ``opened`` brings the place of a picture to be looked at, ``accepted`` whether Shift was held, ``moved`` that another
    picture or selection is current.
    """

    opened = Signal(int)
    accepted = Signal(bool)
    moved = Signal()

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = ReviewRows(project)
        self._project = project
        self._anchor = -1
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self._cell = ReviewCell(self._thumbnails, self)
        self.setItemDelegate(self._cell)
        self.setAccessibleName("Pictures of this queue")
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    # What is shown and selected.

    def show_ids(self, ids: Sequence[int], place: int = 0) -> None:
        """Show these images, the one at ``place`` selected."""
        self.rows = ReviewRows(self._project, ids)
        self._cell.chosen = bytearray(len(ids))
        self._cell.current = self._anchor = -1
        self._lay_out(anew=True)
        self.choose(min(place, len(ids) - 1))

    def place(self) -> int:
        """The place of the current picture, -1 where there is none."""
        return self._cell.current

    def chosen(self) -> list[int]:
        """The ids of the selected images, in the order of the queue."""
        marks = self._cell.chosen
        within = slice(max(marks.find(1), 0), marks.rfind(1) + 1)  # a few of a million are found at once
        return [int(image_id) for image_id in compress(self.rows.ids[within], marks[within])]

    def last_chosen(self) -> int:
        """The place of the last selected picture, -1 when none is."""
        return self._cell.chosen.rfind(1)

    def choose(self, place: int, extend: bool = False, toggle: bool = False) -> None:
        """Make a picture the current one: alone, with all from the one chosen before, or in turn with Ctrl."""
        if not 0 <= place < len(self.rows):
            self.moved.emit()
            return
        marks = self._cell.chosen
        if toggle:
            marks[place] ^= 1
        elif extend and self._anchor >= 0:
            first, last = sorted((self._anchor, place))
            self._clear()
            marks[first : last + 1] = b"\1" * (last + 1 - first)
        else:
            self._clear()
            marks[place] = 1
        if not extend or self._anchor < 0:
            self._anchor = place
        self._cell.current = place
        self.setCurrentIndex(self.model().index(*divmod(place, self._across())))
        self.viewport().update()
        self.moved.emit()

    def selectAll(self) -> None:
        """Select the whole queue."""
        self._cell.chosen[:] = b"\1" * len(self.rows)
        self.viewport().update()
        self.moved.emit()

    def look_again(self, image_ids: Iterable[int] | None = None) -> None:
        """Show what is known now about these images, or about all."""
        self.rows.forget(image_ids)
        self.viewport().update()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    # Keys and mouse.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & SHIFT)
        key, here, across = event.key(), max(self.place(), 0), self._across()
        screen = max(1, self.viewport().height() // max(1, self.rowHeight(0))) * across
        last = len(self.rows) - 1
        step = {
            Qt.Key.Key_Left: here - 1, Qt.Key.Key_Right: here + 1, Qt.Key.Key_Up: here - across,
            Qt.Key.Key_Down: here + across, Qt.Key.Key_PageUp: max(0, here - screen),
            Qt.Key.Key_PageDown: min(last, here + screen), Qt.Key.Key_Home: 0, Qt.Key.Key_End: last,
        }.get(Qt.Key(key))  # fmt: skip
        if step is not None:
            if 0 <= step <= last:
                self.choose(step, extend=shift)
        elif key == Qt.Key.Key_Space:
            self.accepted.emit(shift)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.place() >= 0:
            self.opened.emit(self.place())
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
        if event.buttons() & Qt.MouseButton.LeftButton and place >= 0 and place != self.place():
            self.choose(place, extend=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if (place := self._place_at(event)) >= 0:
            self.opened.emit(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._cell.has_keyboard = True
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._cell.has_keyboard = False
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _place_at(self, event: QMouseEvent) -> int:
        index: QModelIndex = self.indexAt(event.position().toPoint())
        place = index.row() * self._across() + index.column() if index.isValid() else -1
        return place if place < len(self.rows) else -1

    def _clear(self) -> None:
        self._cell.chosen[:] = bytes(len(self._cell.chosen))

    def _across(self) -> int:
        return max(2, round((self.width() - GRID * 2) / CELL.width()))

    def _lay_out(self, anew: bool = False) -> None:
        model, across = self.model(), self._across()
        picture = (self.width() - GRID * 2) / across * 0.75  # pictures are mostly four to three
        self.verticalHeader().setDefaultSectionSize(round(picture) + self.fontMetrics().height() + GRID)
        if not anew and model is not None and model.columnCount() == across:
            return
        self.setModel(ReviewCells(self.rows, across, self))
        if model is not None:
            model.deleteLater()
        if self.place() >= 0:
            self.setCurrentIndex(self.model().index(*divmod(self.place(), across)))
