"""Where each camera stood, asked for where a format needs it: typed in, pasted, or taken from a table."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.problem import Problem
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask

TABLES = "Tables (*.csv *.txt *.tsv);;All files (*)"
WORDS = (
    "In degrees (WGS 84): south and west are negative, as in -2.43 and 34.85. A table has the columns location, "
    "latitude and longitude; with start and end too, a camera may have stood at several places."
)


class CoordinatesDialog(QDialog):
    """Emits ``made`` with the table that was written to ``target``."""

    made = Signal(Path)

    def __init__(
        self,
        locations: tuple[str, ...],
        known: dict[str, list[Place]],
        target: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._locations, self._target = locations, target
        self._moved: dict[str, list[Place]] = {}
        self.setWindowTitle("Coordinates")
        self.resize(GRID * 76, GRID * 66)
        self.table = QTableWidget(len(locations), 3)
        self.table.setAccessibleName("Coordinates of the locations")
        self.table.setHorizontalHeaderLabels(["Location", "Latitude", "Longitude"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setStyleSheet(f"QTableView::item {{ padding: 0 {GRID - 3}px; }}")
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        for row, location in enumerate(locations):
            for column in range(3):
                item = QTableWidgetItem(location if column == 0 else "")
                if column == 0:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(row, column, item)
        self.message = text("", role="muted", wrap=True)
        self.take = QPushButton("Take from a table…")
        self.take.clicked.connect(
            lambda: ask.for_files(
                self, "Table of coordinates", Path.home(), TABLES, lambda paths: self.take_from(paths[0])
            )
        )
        self.keep = QPushButton("Use these")
        self.keep.setProperty("primary", True)
        self.keep.clicked.connect(self._keep)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(cancel)
        buttons.addWidget(self.take)
        buttons.addStretch()
        buttons.addWidget(self.keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text("Where did the cameras stand?", "title", bold=True))
        layout.addWidget(text(WORDS, role="muted", wrap=True))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.message)
        layout.addLayout(buttons)
        self.table.itemChanged.connect(lambda _: self._count())
        self._fill(known)
        self.finished.connect(self.deleteLater)

    def take_from(self, table: Path) -> None:
        """Fill in what a table says; what it does not say stays."""
        try:
            known = coordinates.read(table)
        except Problem as problem:
            self._say(str(problem), "error")
            return
        self._fill(known)
        strangers = len(set(known) - set(self._locations))
        if strangers:
            self._say(
                f"{self.message.text()} {strangers:,} locations of the table are none of this project.",
                "warning",
            )

    def _fill(self, known: dict[str, list[Place]]) -> None:
        for row, location in enumerate(self._locations):
            places = known.get(location, [])
            if len(places) > 1 or (places and (places[0].start or places[0].end)):
                self._moved[location] = places
            if places:
                self._item(row, 1).setText(f"{places[0].latitude:g}")
                self._item(row, 2).setText(f"{places[0].longitude:g}")
        self._count()

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None
        return item

    def _count(self) -> None:
        lacking = sum(not self._item(row, 1).text().strip() for row in range(len(self._locations)))
        self._say(
            f"{lacking:,} of {len(self._locations):,} locations are still to be filled in."
            if lacking
            else "All locations have coordinates.",
            "muted",
        )

    def _places(self) -> dict[str, list[Place]]:
        places = {}
        for row, location in enumerate(self._locations):
            latitude, longitude = (self._item(row, column).text().strip() for column in (1, 2))
            if location in self._moved:
                places[location] = self._moved[location]
            elif latitude or longitude:
                places[location] = [coordinates.place(latitude, longitude, location)]
        return places

    def _keep(self) -> None:
        try:
            coordinates.write_template(self._target, self._places(), self._locations)
        except Problem as problem:
            self._say(str(problem), "error")
        except OSError as error:
            self._say(f"{self._target} cannot be written: {error.strerror}.", "error")
        else:
            self.made.emit(self._target)
            self.accept()

    def _say(self, words: str, role: str) -> None:
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)
        self.message.setText(words)
