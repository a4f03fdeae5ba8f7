"""The training crops most like what a box shows: small, below its bars."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QVBoxLayout, QWidget

from camtrap_gui.models.explanation import Like
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails
from camtrap_gui.ui.widgets.tile_grid import TileGrid

TILE = QSize(GRID * 8, GRID * 8)
TITLE = "Most like it in training"


class LikestCrops(QWidget):
    """``opened`` brings the crop that was clicked, or chosen with Enter."""

    opened = Signal(Like)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.about = text("", role="muted", wrap=True)
        self.title = text(TITLE, bold=True, wrap=True)
        self.grid = LikestGrid()
        self.grid.opened.connect(lambda place: self.opened.emit(self.grid.crops[place]))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.about)
        layout.addWidget(self.title)
        layout.addWidget(self.grid, 1)
        self.tell("")

    def hasHeightForWidth(self) -> bool:
        """The grid gives way where it is low, which a widget with a height for its width never does."""
        return False

    def tell(self, about: str, crops: Sequence[Like] = ()) -> None:
        """Say something of what was looked at, and show the crops most like it."""
        self.about.setText(about)
        self.grid.crops = crops
        self.grid.show_tiles(len(crops), current=-1)
        self.title.setVisible(bool(crops))
        self.grid.setVisible(bool(crops))
        self.setVisible(bool(about or crops))

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self.grid.thumbnails.close()


class LikestGrid(TileGrid):
    """Tiles with the species below; the tooltip says where it was, and how like it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(TITLE, parent=parent)
        self.crops: Sequence[Like] = ()
        self.thumbnails = Thumbnails(self)
        self.thumbnails.ready.connect(lambda _: self.viewport().update())
        self.setStyleSheet("QTableView { background: transparent; }")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(GRID * 4)  # a small window shows a line of them, to be scrolled

    def sizeHint(self) -> QSize:
        return QSize(TILE.width() * 3, 2 * self.cell_size().height() + GRID // 2)

    def cell_size(self) -> QSize:
        return TILE + QSize(0, self.fontMetrics().height())

    def words_of(self, place: int) -> str:
        one = self.crops[place]
        return f"{one.species}\n{one.location}\nCosine of the angle between the two: {one.likeness:.3f}"

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        one, line, c = self.crops[place], painter.fontMetrics().height(), theme.colours
        side = min(area.width(), area.height() - line)
        picture = QRect(area.left() + (area.width() - side) // 2, area.top(), side, side)
        pixmap = self.thumbnails.get(one.path)
        path = QPainterPath()
        path.addRoundedRect(QRectF(picture), 4, 4)
        painter.fillPath(path, QColor(c.raised))
        if pixmap is not None and pixmap.isNull():
            icon("image-off-outline", c.muted).paint(painter, picture.adjusted(16, 16, -16, -16))
        elif pixmap is not None:
            painter.save()
            painter.setClipPath(path)
            whole = QRect(
                picture.topLeft(),
                pixmap.size().scaled(picture.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding),
            )
            whole.moveCenter(picture.center())
            painter.drawPixmap(whole, pixmap)
            painter.restore()
        below = QRect(area.left(), picture.bottom() + 1, area.width(), line)
        painter.setPen(QColor(c.text))
        words = painter.fontMetrics().elidedText(one.species, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        on_a_tile = self._place_at(event) == self.place() >= 0
        if event.button() == Qt.MouseButton.LeftButton and on_a_tile:
            self.opened.emit(self.place())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()  # the first click has opened it
