"""The images of a project as a table and as a grid of thumbnails, at any length.

Both are QTableViews over ids: a QListView of a million rows takes seconds to open. Rows are fetched in pages for what
is on screen.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPixmapCache, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from camtrap_gui.project import Project, browse, detections
from camtrap_gui.project.detections import StoredDetection
from camtrap_gui.ui.pictures import category_colour
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails

PAGE = 64
"""Rows fetched at once: two screens of a table. Measured: a page of 256 takes up to 12 ms, which a frame has not."""

PAGES_KEPT = 256
COLUMNS = ("File", "Location", "Taken", "Labels", "Problem")
CELL = QSize(GRID * 24, GRID * 20)
NO_PICTURE = QSize(GRID * 5, GRID * 5)

NOTHING: Mapping[int, str] = {}

Index = QModelIndex | QPersistentModelIndex


class Marks(NamedTuple):
    """Whose boxes to draw on pictures, and how confident they must be."""

    detector_id: int
    threshold: float


class Rows:
    """Rows by their place in a list of ids, fetched in pages, with what a detector found where ``marks`` says so."""

    def __init__(
        self, project: Project, ids: Sequence[int], problems: Mapping[int, str], marks: Marks | None = None
    ) -> None:
        self.ids = ids
        self.problems = problems
        self._project = project
        self._marks = marks
        self._pages: OrderedDict[int, dict[int, browse.Row]] = OrderedDict()
        self._boxes: dict[int, dict[int, list[StoredDetection]]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, place: int) -> browse.Row | None:
        """The row at a place; None when its image is gone."""
        number = place // PAGE
        if number not in self._pages:
            wanted = self.ids[number * PAGE : (number + 1) * PAGE]
            self._pages[number] = {
                row.id: replace(row, problem=self.problems.get(row.id) or row.problem)
                for row in browse.rows(self._project, wanted)
            }
            if self._marks is not None:
                self._boxes[number] = detections.of_images(self._project, wanted, *self._marks)
            while len(self._pages) > PAGES_KEPT:
                self._boxes.pop(self._pages.popitem(last=False)[0], None)
        self._pages.move_to_end(number)
        return self._pages[number].get(int(self.ids[place]))

    def boxes(self, place: int) -> Sequence[StoredDetection]:
        """What was found in the picture at a place whose row was asked for, the most confident last."""
        return self._boxes.get(place // PAGE, {}).get(int(self.ids[place]), ())


class TableModel(QAbstractTableModel):
    """One image per row."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = 0) -> object:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        row = self._rows.row(index.row())
        return (
            None
            if row is None
            else (row.name, row.location, row.taken, row.species, row.problem)[index.column()]
        )


class GridModel(QAbstractTableModel):
    """As many images per row as fit."""

    def __init__(self, rows: Rows, across: int) -> None:
        super().__init__()
        self.rows = rows
        self.across = across

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else -(-len(self.rows) // self.across)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return self.across

    def place(self, index: Index) -> int:
        """The place in the list of a cell."""
        return index.row() * self.across + index.column()

    def data(self, index: Index, role: int = 0) -> object:
        place = self.place(index)
        if place >= len(self.rows):
            return None
        row = self.rows.row(place)
        if row is None:
            return None
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join(part for part in (row.name, row.taken, row.species, row.problem) if part)
        return None


class ImageList(QStackedWidget):
    """Table and grid of the same images. ``opened`` is emitted with a place in the list."""

    opened = Signal(int)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self.rows = Rows(project, (), NOTHING)
        self._thumbnails = Thumbnails(self)
        self.table = _view("Images as a table")
        self.grid = _view("Images as a grid")
        self.grid.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.grid.setItemDelegate(_Cell(self._thumbnails, self.grid))
        self.grid.horizontalHeader().hide()
        self.grid.horizontalHeader().setStretchLastSection(False)
        self.grid.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.grid.verticalHeader().setDefaultSectionSize(CELL.height())
        self._thumbnails.ready.connect(lambda _: self.grid.viewport().update())
        self.table.activated.connect(lambda index: self.opened.emit(index.row()))
        self.table.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self.grid.activated.connect(lambda index: self._open_cell(index))
        self.grid.doubleClicked.connect(lambda index: self._open_cell(index))
        self.addWidget(self.grid)
        self.addWidget(self.table)

    def show_ids(
        self, ids: Sequence[int], problems: Mapping[int, str] = NOTHING, marks: Marks | None = None
    ) -> None:
        """Show these images, with boxes on the thumbnails where ``marks`` asks for them.

        ``problems`` says of some what is wrong, before what the project says of their files.
        """
        self.rows = Rows(self._project, ids, problems, marks)
        old = self.table.model()
        self.table.setModel(TableModel(self.rows))
        if old is not None:
            old.deleteLater()
        for column, width in enumerate((46, 18, 22, 22, 30)):
            self.table.setColumnWidth(column, width * GRID)
        self._lay_out()

    def show_grid(self, as_grid: bool) -> None:
        """Grid of thumbnails, or table."""
        self.setCurrentWidget(self.grid if as_grid else self.table)

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        room = self.width() - self.grid.verticalScrollBar().sizeHint().width()
        across = max(1, round(room / CELL.width()))
        # Not "stretch": a header that is hidden hears too late that the room is another.
        self.grid.horizontalHeader().setDefaultSectionSize(room // across)
        model = self.grid.model()
        if isinstance(model, GridModel) and model.rows is self.rows and model.across == across:
            return
        self.grid.setModel(GridModel(self.rows, across))
        if model is not None:
            model.deleteLater()

    def _open_cell(self, index: QModelIndex) -> None:
        model = self.grid.model()
        if isinstance(model, GridModel) and model.place(index) < len(self.rows):
            self.opened.emit(model.place(index))


class _Cell(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, _: QStyleOptionViewItem, __: Index) -> QSize:
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(row, browse.Row):
            return
        colours = theme.colours
        area: QRect = option.rect.adjusted(4, 4, -4, -4)
        words = area.adjusted(2, area.height() - painter.fontMetrics().height() - 2, -2, 0)
        picture = area.adjusted(0, 0, 0, -words.height() - 4)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area.adjusted(-3, -3, 3, 3), QColor(colours.accent))
        pixmap = None if row.problem else self._thumbnails.get(row.file)
        if pixmap is None or pixmap.isNull():
            painter.fillRect(picture, QColor(colours.raised))
        if pixmap is not None and not pixmap.isNull():
            size = pixmap.size().scaled(picture.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(picture.topLeft(), size)
            target.moveCenter(picture.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)
            model = index.model()
            assert isinstance(model, GridModel)
            _draw_boxes(painter, QRectF(target), model.rows.boxes(model.place(index)))
        elif pixmap is not None or row.problem:
            sign = _no_picture()
            painter.drawPixmap(picture.center() - sign.rect().center(), sign)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(
            QColor(colours.on_accent if chosen else colours.error if row.problem else colours.muted)
        )
        label = row.problem or row.species or row.name.rsplit("/", 1)[-1]
        metrics = painter.fontMetrics()
        painter.drawText(
            words,
            Qt.AlignmentFlag.AlignCenter,
            metrics.elidedText(label, Qt.TextElideMode.ElideRight, words.width()),
        )


def _draw_boxes(painter: QPainter, picture: QRectF, boxes: Sequence[StoredDetection]) -> None:
    """Frames in the colours of their categories on a dark edge that shows on any picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for box in boxes:
        frame = QRectF(
            picture.left() + box.x * picture.width(), picture.top() + box.y * picture.height(),
            box.width * picture.width(), box.height * picture.height(),
        ) & picture  # fmt: skip
        for colour, thickness in ((QColor(0, 0, 0, 110), 4), (QColor(category_colour(box.category)), 2)):
            painter.setPen(QPen(colour, thickness))
            painter.drawRect(frame)


def _no_picture() -> QPixmap:
    """Kept, as the icon is drawn from a font each time and every cell shows it when a disk is not there."""
    colour = theme.colours.muted
    kept = QPixmap()
    if not QPixmapCache.find(f"no picture {colour}", kept):
        kept = icon("image-off-outline", colour).pixmap(NO_PICTURE)
        QPixmapCache.insert(f"no picture {colour}", kept)
    return kept


def _view(name: str) -> QTableView:
    view = QTableView()
    view.setAccessibleName(name)
    view.setShowGrid(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.horizontalHeader().setStretchLastSection(True)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setWordWrap(False)
    return view
