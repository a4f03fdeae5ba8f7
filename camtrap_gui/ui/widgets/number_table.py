"""A small table of words and numbers: numbers right-aligned with separators, sortable by a click on a heading."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets.interval_bar import LEAST_BAR, ROLE, IntervalBar, Ranged

Value = str | int | float | Ranged | None

CELLS = f"QTableView::item {{ padding: 0 {GRID - 3}px; }}"
"""Brings the words of cells, with Fusion's own 3 pixels, in line with their headings."""

LEAST_WORDS = GRID * 14
"""How narrow a column of long words may become, in pixels."""


class NumberTable(QTableWidget):
    """Up to some thousands of rows; for images use ``ImageList``."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # paths and cameras differ at their ends
        self.setAlternatingRowColors(False)
        self.setStyleSheet(CELLS)
        self.verticalHeader().hide()
        self.setSortingEnabled(True)
        self._bars, self._plain = IntervalBar(self), self.itemDelegate()
        self._ranged: list[int] = []
        self._wide: tuple[tuple[int, ...], int] = ((), 0)

    def show_only_where_wide(self, columns: tuple[int, ...], width: int) -> None:
        """Hide these columns while the table is narrower than ``width`` pixels."""
        self._wide = columns, width

    def fill(self, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Show these rows. Whole numbers get separators, fractions three digits; a count of 0 and None are a dash.

        A ``Ranged`` is a number and a line for its interval. Headings begin with a capital letter.
        """
        self.setSortingEnabled(False)
        self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels([name[:1].upper() + name[1:] for name in columns])
        self.setRowCount(len(rows))
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                self.setItem(line, column, _Item(value, line))
        self._ranged = [n for n in range(len(columns)) if rows and isinstance(rows[0][n], Ranged)]
        for column in range(len(columns)):
            self.setItemDelegateForColumn(column, self._bars if column in self._ranged else self._plain)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if columns:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in range(len(columns)):
            heading = self.horizontalHeaderItem(column)
            assert heading is not None
            if column == 0 or (rows and isinstance(rows[0][column], str | Ranged)):
                heading.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """Give the first column what the others leave, but never less than its words can be told apart by.

        Where figures have intervals, their lines get the room instead, once the first column has what it needs.
        """
        if not self.columnCount():
            return
        columns, wide = self._wide
        for column in columns:
            self.setColumnHidden(column, self.width() < wide)
        header, whole = self.horizontalHeader(), self.viewport().width()
        others = [n for n in range(1, self.columnCount()) if n not in self._ranged]
        room = whole - sum(self.columnWidth(column) for column in others)
        first = self.sizeHintForColumn(0)
        share = max((room - first) // max(1, len(self._ranged)), LEAST_BAR)
        for column in self._ranged:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, share)
            room -= share
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(0, max(room, min(first, LEAST_WORDS)))

    def chosen(self) -> list[int]:
        """The rows selected, by their places in what ``fill`` was given, whatever the table is sorted by."""
        return [self._item(index.row()).place for index in self.selectionModel().selectedRows()]

    def choose(self, places: Sequence[int]) -> None:
        """Select rows by their places in what ``fill`` was given."""
        self.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for line in range(self.rowCount()):
            if self._item(line).place in places:
                self.selectionModel().setCurrentIndex(self.model().index(line, 0), flags)

    def _item(self, line: int) -> "_Item":
        item = self.item(line, 0)
        assert isinstance(item, _Item)
        return item


class _Item(QTableWidgetItem):
    def __init__(self, value: Value, place: int) -> None:
        super().__init__(_words(value))
        self.value = value
        self.place = place
        if isinstance(value, str):
            self.setToolTip(value)  # it may be too long for its column
        elif isinstance(value, Ranged):
            self.setToolTip(value.words())
            self.setData(ROLE, value)
        else:
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if isinstance(other, _Item) and not isinstance(self.value, str) and not isinstance(other.value, str):
            return _order(self.value) < _order(other.value)
        return (
            self.text().casefold() < other.text().casefold()
        )  # super().__lt__ would come back here for ever


def _order(value: int | float | Ranged | None) -> float:
    number = value.value if isinstance(value, Ranged) else value
    return -1.0 if number is None else number


def _words(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Ranged):
        return value.words()
    if value is None or (value == 0 and isinstance(value, int)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
