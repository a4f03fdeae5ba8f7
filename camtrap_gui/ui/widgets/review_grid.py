"""The pictures of a queue side by side, to be labelled by the screenful: ranges are selected by Shift, Ctrl or dragging."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from camtrap_gui.project import Project
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets.review_cells import ReviewCell, ReviewRows, spoken
from camtrap_gui.ui.widgets.thumbnails import Thumbnails
from camtrap_gui.ui.widgets.tile_grid import SHIFT, TileGrid

WIDTH = GRID * 20
"""Of a picture, at least."""


class ReviewGrid(TileGrid):
    """``accepted`` brings whether Shift was held."""

    accepted = Signal(bool)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__("Pictures of this queue", parent=parent)
        self.rows = ReviewRows(project)
        self._project = project
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self._cell = ReviewCell(self._thumbnails)

    def show_ids(self, ids: Sequence[int], place: int = 0) -> None:
        """Show these images, the one at ``place`` selected."""
        self.rows = ReviewRows(self._project, ids)
        self.show_tiles(len(ids), place)

    def chosen_ids(self) -> list[int]:
        """The ids of the selected images, in the order of the queue."""
        return [int(self.rows.ids[place]) for place in self.chosen()]

    def look_again(self, image_ids: Iterable[int] | None = None) -> None:
        """Show what is known now about these images, or about all."""
        self.rows.forget(image_ids)
        self.viewport().update()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def cell_size(self) -> QSize:
        room = self.width() - GRID * 2
        picture = room / max(1, room // WIDTH) * 0.75  # pictures are mostly four to three
        return QSize(WIDTH, round(picture) + self.fontMetrics().height() + GRID)

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        row = self.rows.row(place)
        if row is not None:
            self._cell.paint(painter, area, row)

    def words_of(self, place: int) -> str:
        row = self.rows.row(place)
        parts = (row.name, row.location, row.taken, spoken(row), row.problem) if row is not None else ()
        return "\n".join(part for part in parts if part)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.accepted.emit(bool(event.modifiers() & SHIFT))
        else:
            super().keyPressEvent(event)
