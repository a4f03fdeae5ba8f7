"""What was predicted, one picture per row, growing while the work goes on."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from camtrap_gui.ui.theme import GRID

MOST = 100_000
"""Rows kept for looking at; the saved table has all."""

COLUMNS = ("File", "Boxes", "Best species", "Confidence", "Look")
LOOK = COLUMNS.index("Look")
"""Takes room only where there is something in it; of a picture that cannot be read it says why."""

SURE, DOUBTFUL, UNKNOWN = "not needed", "needed", "unknown?"
LOOKS = {
    SURE: "Sure enough to be accepted without a look.",
    DOUBTFUL: "Not sure enough to be accepted without a look.",
    UNKNOWN: "Perhaps of a species that the classifier does not know.",
}
"""Whether somebody needs to look at a picture, and why."""

Index = QModelIndex | QPersistentModelIndex


class _Row(NamedTuple):
    name: str
    boxes: int
    species: str
    confidence: float
    failure: str
    look: str
    packed: bytes


class PredictionRows(QAbstractTableModel):
    """Rows of pictures as the predict step says them (plain data); kept packed, a few hundred bytes each."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[_Row] = []
        self._paths: set[str] = set()
        self.failures = 0
        self.has_looks = False

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self._rows.clear()
        self.failures = 0
        self.has_looks = False
        self._paths.clear()
        self.endResetModel()

    def add(self, pictures: Sequence[Mapping[str, Any]]) -> None:
        """Put pictures that are not there yet at the end, as long as there is room."""
        new = {picture["path"]: picture for picture in pictures if picture["path"] not in self._paths}
        pictures = list(new.values())[: MOST - len(self._rows)]
        if not pictures:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(pictures) - 1)
        rows = [_row(picture) for picture in pictures]
        self._rows += rows
        self.has_looks |= any(row.look for row in rows)
        self.failures += sum(bool(picture["failure"]) for picture in pictures)
        self._paths.update(picture["path"] for picture in pictures)
        self.endInsertRows()

    def picture(self, place: int) -> dict[str, Any]:
        """The picture of a row with all its boxes."""
        found: dict[str, Any] = msgspec.msgpack.decode(self._rows[place].packed)
        return found

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> object:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.failure or (LOOKS.get(row.look, "") if column == LOOK else row.name)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        shown = f"{row.confidence:.1%}" if row.species else ""
        boxes = "" if row.failure else f"{row.boxes:,}" if row.boxes else "–"
        return (row.name, boxes, row.species, shown, row.failure or row.look)[column]


class PredictionTable(QTableView):
    """Emits ``picked`` with the place of the picture selected."""

    picked = Signal(int)

    def __init__(self, rows: PredictionRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self.setModel(rows)
        self.setAccessibleName("Predictions")
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setStyleSheet(
            f"QTableView::item {{ padding: 0 {GRID - 3}px; }}"
        )  # with Fusion's own 3 in line with the headings
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 8), (2, 15), (3, 13), (LOOK, 14)):
            self.setColumnWidth(column, width * GRID)
        rows.rowsInserted.connect(lambda *_: self._lay_out(rows))
        rows.modelReset.connect(lambda: self._lay_out(rows))
        self._lay_out(rows)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self.picked.emit(now.row()))

    def _lay_out(self, rows: PredictionRows) -> None:
        self.setColumnHidden(LOOK, not (rows.has_looks or rows.failures))
        self.setColumnWidth(LOOK, max(14 * GRID, self.viewport().width() // 3 if rows.failures else 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out(self._rows)

    def sizeHintForRow(self, _: int) -> int:
        return self.fontMetrics().height() + GRID


def _row(picture: Mapping[str, Any]) -> _Row:
    named = [(box["species"][0], box["confidence"] or 1.0) for box in picture["boxes"] if box["species"]]
    others = [box["category"] for box in picture["boxes"] if not box["species"]]
    (species, confidence), _ = max(named, key=lambda found: found[1], default=(("", 0.0), 0.0))
    if not named and others:
        best = max(picture["boxes"], key=lambda box: box["confidence"])
        species, confidence = best["category"], best["confidence"]
    packed = msgspec.msgpack.encode(picture)
    return _Row(
        picture["name"],
        len(picture["boxes"]),
        species,
        confidence,
        picture["failure"],
        _look(picture),
        packed,
    )


def _look(picture: Mapping[str, Any]) -> str:
    """Whether somebody needs to look, '' where that is not known: of the box that asks for it most."""
    boxes = picture["boxes"]
    if any(box.get("unknown") for box in boxes):
        return UNKNOWN
    said = [box["accepted"] for box in boxes if box.get("accepted") is not None]
    return "" if not said else SURE if all(said) else DOUBTFUL


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (1, 3) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
