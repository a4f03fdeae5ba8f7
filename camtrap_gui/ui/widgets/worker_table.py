"""The workers of a cluster while they work: what each does, has done and costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableView, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, text, theme

Worker = Mapping[str, Any]
Index = QModelIndex | QPersistentModelIndex

ROW = GRID * 3
BESIDE = GRID * 50
"""Pixels of the height of what the table stands in that are left to what is beside it."""
LEAST_ROWS = 3
PLAIN = ("Worker", "State", "Done", "Per s", "Time")
PRICED = (*PLAIN, "Cost", "Per 1,000")
_ROOT = QModelIndex()


class WorkerTable(QWidget):
    """Nothing is to be seen of it while there are no workers. The rows stay where they are while their figures change."""

    def __init__(self, beside: int = BESIDE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._beside = beside
        self.headline = text("", role="muted")
        self.rows = _Workers(self)
        self.table = _table(self.rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.headline)
        layout.addWidget(self.table)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show the workers in the values of a progress (``camtrap_gui.cluster``); without any, hide."""
        workers: Sequence[Worker] = values.get("workers", ())
        self.setVisible(bool(workers))
        if workers:
            self.headline.setText(_headline(workers, values))
            self.rows.show(workers)
            self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.table.horizontalHeader().setMinimumSectionSize(max(GRID * 6, self.width() // 8))
        super().resizeEvent(event)

    def _fit(self) -> None:
        """Be as high as the rows, if there is room for them."""
        around = self.parentWidget()
        room = (around.height() - self._beside) // ROW if around is not None else LEAST_ROWS
        shown = min(self.rows.rowCount(), max(LEAST_ROWS, room))
        # Half a row more where there are more says so.
        part = ROW // 2 if shown < self.rows.rowCount() else 0
        self.table.setFixedHeight(self.table.horizontalHeader().height() + shown * ROW + part + 2)


class _Workers(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._workers: Sequence[Worker] = ()
        self._columns: tuple[str, ...] = PLAIN

    def show(self, workers: Sequence[Worker]) -> None:
        columns = PRICED if any(worker["cost"] is not None for worker in workers) else PLAIN
        if len(workers) == len(self._workers) and columns == self._columns:
            self._workers = workers
            self.dataChanged.emit(self.index(0, 0), self.index(len(workers) - 1, len(columns) - 1))
            return
        self.beginResetModel()
        self._workers, self._columns = workers, columns
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._workers)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return self._columns[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        worker, column = self._workers[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(worker)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and column == 1:
            return QColor(getattr(theme.colours, _colour(worker)))
        return worker["name"] if role == Qt.ItemDataRole.ToolTipRole and column == 0 else None


def _cells(worker: Worker) -> tuple[str, ...]:
    return (
        worker["name"] if worker["host"] else "–",
        f"restarted {worker['deaths']:,}×" if _is_shaky(worker) else worker["state"],
        f"{worker['done']:,}" if worker["done"] else "–",
        _rate(worker["rate"]) if worker["rate"] else "–",
        _time(worker["hours"]),
        *(_money(worker[name]) if worker[name] is not None else "–" for name in ("cost", "cost_per_1000")),
    )


def _headline(workers: Sequence[Worker], values: Mapping[str, Any]) -> str:
    computers = len({worker["host"] for worker in workers if worker["host"]})
    rate = sum(worker["rate"] for worker in workers if worker["state"] == "working")
    parts = [f"{_many(len(workers), 'worker')} on {_many(computers, 'computer')}"] if computers else []
    parts += [] if computers else [f"{_many(len(workers), 'worker')}, not there yet"]
    parts += [f"{_rate(rate)} per second"] if rate else []
    parts += [f"{_time(values['hours'])} of work"] if values.get("hours") else []
    parts += [f"cost {_money(values['cost'])} so far"] if values.get("cost") else []
    return "  ·  ".join(parts)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 20 else f"{rate:,.1f}"


def _time(hours: float) -> str:
    if hours < 0.025:
        return f"{hours * 3600:.0f} s"
    return f"{hours * 60:.0f} min" if hours < 1.5 else f"{hours:,.1f} h"


def _money(cost: float) -> str:
    decimals = 2 if cost >= 1 or not cost else 3 if cost >= 0.1 else 4
    return f"{cost:,.{decimals}f}"


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"


def _colour(worker: Worker) -> str:
    if worker["state"] == "gave up":
        return "error"
    return "warning" if _is_shaky(worker) else "text" if worker["state"] == "working" else "muted"


def _is_shaky(worker: Worker) -> bool:
    """Whether it works, but had to be started again."""
    return worker["deaths"] > 0 and worker["state"] in ("working", "idle")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column < 2 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def _table(rows: _Workers) -> QTableView:
    table = QTableView()
    table.setModel(rows)
    table.setAccessibleName("Workers")
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # a long name ends with the worker's number
    table.setStyleSheet(f"QTableView::item {{ padding: 0 {GRID - 3}px; }}")
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setHighlightSections(False)
    return table
