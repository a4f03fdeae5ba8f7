"""A small table of words and numbers: numbers right-aligned with separators, sortable by a click on a heading."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget


class NumberTable(QTableWidget):
    """Up to some thousands of rows; for images use ``ImageList``."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setAlternatingRowColors(False)
        self.verticalHeader().hide()
        self.setSortingEnabled(True)

    def fill(self, columns: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> None:
        """Show these rows. Whole numbers get separators, fractions three digits; 0 is shown as a dash."""
        self.setSortingEnabled(False)
        self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels(list(columns))
        self.setRowCount(len(rows))
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                self.setItem(line, column, _Item(value))
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if columns:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            first = self.horizontalHeaderItem(0)
            assert first is not None
            first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)


class _Item(QTableWidgetItem):
    def __init__(self, value: str | int | float) -> None:
        super().__init__(_words(value))
        self.value = value
        if not isinstance(value, str):
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if isinstance(other, _Item) and not isinstance(self.value, str) and not isinstance(other.value, str):
            return self.value < other.value
        return super().__lt__(other)


def _words(value: str | int | float) -> str:
    if isinstance(value, str):
        return value
    if value == 0:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
