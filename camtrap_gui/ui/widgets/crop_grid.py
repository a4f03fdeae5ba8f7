"""Crops side by side, what each is above what it was called."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from camtrap_gui.project.predictions import Judged
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails

CELL = QSize(GRID * 22, GRID * 24)

Index = QModelIndex | QPersistentModelIndex


class CropGrid(QTableView):
    """Emits ``opened`` with the place of a crop on a double click or Enter."""

    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Sequence[Judged] = ()
        self._folder = Path()
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self.setAccessibleName("Crops with truth and prediction")
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setItemDelegate(_Cell(self._thumbnails, self))
        for signal in (self.activated, self.doubleClicked):
            signal.connect(self._open)

    def show_crops(self, found: Sequence[Judged], folder: Path) -> None:
        """Show these crops; their files are below ``folder``."""
        self._found, self._folder = found, folder
        self._lay_out(anew=True)

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self, anew: bool = False) -> None:
        across = max(1, (self.width() - GRID * 3) // CELL.width())
        model = self.model()
        if not anew and model is not None and model.columnCount() == across:
            return
        self.setModel(_Crops(self._found, self._folder, across))
        height = CELL.height() + 2 * self.fontMetrics().height()
        self.verticalHeader().setDefaultSectionSize(height)
        if model is not None:
            model.deleteLater()

    def _open(self, index: QModelIndex) -> None:
        place = index.row() * index.model().columnCount() + index.column()
        if place < len(self._found):
            self.opened.emit(place)


class _Crops(QAbstractTableModel):
    """As many crops per row as fit."""

    def __init__(self, found: Sequence[Judged], folder: Path, across: int) -> None:
        super().__init__()
        self._found, self._folder, self._across = found, folder, across

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else -(-len(self._found) // self._across)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return self._across

    def flags(self, index: Index) -> Qt.ItemFlag:
        place = index.row() * self._across + index.column()
        return super().flags(index) if place < len(self._found) else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = 0) -> object:
        place = index.row() * self._across + index.column()
        if place >= len(self._found):
            return None
        judged = self._found[place]
        if role == Qt.ItemDataRole.UserRole:
            return judged, self._folder / judged.file
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{judged.file}\nIs: {judged.truth}\nWas called: {called(judged)}"
        return None


class _Cell(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, _: QStyleOptionViewItem, __: Index) -> QSize:
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found = index.data(Qt.ItemDataRole.UserRole)
        if found is None:
            return
        judged, path = found
        colours, line = theme.colours, painter.fontMetrics().height()
        area: QRect = option.rect.adjusted(GRID // 2, GRID // 2, -GRID // 2, -GRID // 2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(area.adjusted(-3, -3, 3, 3), QColor(colours.accent))
        picture = area.adjusted(0, 0, 0, -2 * line - GRID)
        painter.fillRect(picture, QColor(colours.raised))
        pixmap = self._thumbnails.get(path)
        if pixmap is not None and pixmap.isNull():
            icon("image-off-outline", colours.muted).paint(painter, picture.adjusted(40, 40, -40, -40))
        elif pixmap is not None:
            target = QRect(
                picture.topLeft(), pixmap.size().scaled(picture.size(), Qt.AspectRatioMode.KeepAspectRatio)
            )
            target.moveCenter(picture.center())
            painter.drawPixmap(target, pixmap)
        words = picture.adjusted(GRID // 2, picture.height() + GRID // 2, 0, 2 * line + GRID)
        self._write(painter, words.adjusted(0, 0, 0, -line), judged.truth, colours.text, chosen)
        below = words.adjusted(0, line, 0, 0)
        right = bool(judged.top) and judged.top[0][0] == judged.truth
        colour = colours.muted if not judged.top else colours.success if right else colours.error
        sign = "" if not judged.top else "✓ " if right else "✗ "
        self._write(painter, below, sign + called(judged), colour, chosen)

    @staticmethod
    def _write(painter: QPainter, place: QRect, words: str, colour: str, chosen: bool) -> None:
        painter.setPen(QColor(theme.colours.on_accent if chosen else colour))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, shown)


def called(judged: Judged) -> str:
    """What a classifier said about a crop, in words."""
    return f"{judged.top[0][0]} {judged.top[0][1]:.0%}" if judged.top else "not asked yet"
