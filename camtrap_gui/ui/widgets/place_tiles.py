"""How a static object looks: one tile for a place, and what was there at one moment after the other."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QWidget

from camtrap_gui.geometry import Box
from camtrap_gui.project.static_objects import Place
from camtrap_gui.ui.pictures import category_colour
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails
from camtrap_gui.ui.widgets.tile_grid import TileGrid

TILE = QSize(GRID * 20, GRID * 14)
INSTANCE = QSize(GRID * 15, GRID * 11)
SURROUNDINGS = 2.2
"""Side of what a tile shows over the longer side of the box, as parts of the picture."""

LEAST_PART = 0.2

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Tile(NamedTuple):
    """A place and a picture of it."""

    place: Place
    file: Path


class Instance(NamedTuple):
    """One picture of a place: its image, its file, and when it was taken ('' unknown)."""

    image_id: int
    file: Path
    taken: str


class PlaceGrid(TileGrid):
    """The places, with location, how often something was there, and from when to when."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Places where the same box comes again and again", parent=parent)
        self.tiles: list[Tile] = []
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())

    def show_places(self, tiles: list[Tile], current: int = 0) -> None:
        """Show these places."""
        self.tiles = tiles
        self.show_tiles(len(tiles), current)

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def cell_size(self) -> QSize:
        return TILE + QSize(0, 2 * self.fontMetrics().height())

    def words_of(self, place: int) -> str:
        return f"{title(self.tiles[place].place)}\n{figures(self.tiles[place].place)}"

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        tile, line, c = self.tiles[place], painter.fontMetrics().height(), theme.colours
        picture = area.adjusted(0, 0, 0, -2 * line - GRID // 2)
        paint_part(painter, picture, self._thumbnails, tile.file, tile.place.box, tile.place.category)
        above = QRect(area.left(), picture.bottom() + GRID // 2, area.width(), line)
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        times = f"{tile.place.occurrences:,} ×"
        painter.setPen(QColor(c.text))
        painter.drawText(above, RIGHT, times)
        room = above.width() - painter.fontMetrics().horizontalAdvance(times) - GRID
        name = painter.fontMetrics().elidedText(
            tile.place.location or "No location", Qt.TextElideMode.ElideMiddle, room
        )
        painter.drawText(above, LEFT, name)
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(QColor(c.muted))
        below = above.translated(0, line)
        kind = "" if tile.place.category == "animal" else tile.place.category
        painter.drawText(below, RIGHT, kind)
        room = below.width() - painter.fontMetrics().horizontalAdvance(kind) - GRID
        days = painter.fontMetrics().elidedText(days_of(tile.place), Qt.TextElideMode.ElideRight, room)
        painter.drawText(below, LEFT, days)


class InstanceStrip(TileGrid):
    """Pictures of one place in the order of time, all cut at the same spot, so that what moves is seen to move."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pictures of the chosen place", in_a_row=True, parent=parent)
        self.instances: Sequence[Instance] = ()
        self._place: Place | None = None
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(lambda _: self.viewport().update())
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(self.cell_size().height() + GRID * 2)

    def show_instances(self, place: Place | None, instances: Sequence[Instance]) -> None:
        """Show pictures of a place."""
        self._place, self.instances = place, instances
        self.show_tiles(len(instances))

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._thumbnails.close()

    def cell_size(self) -> QSize:
        return INSTANCE + QSize(0, self.fontMetrics().height())

    def words_of(self, place: int) -> str:
        one = self.instances[place]
        return "\n".join(part for part in (one.file.name, one.taken) if part)

    def paint_tile(self, painter: QPainter, area: QRect, place: int) -> None:
        one, line = self.instances[place], painter.fontMetrics().height()
        assert self._place is not None
        picture = area.adjusted(0, 0, 0, -line - GRID // 2)
        paint_part(painter, picture, self._thumbnails, one.file, self._place.box, self._place.category)
        painter.setPen(QColor(theme.colours.muted))
        words = QRect(area.left(), picture.bottom() + GRID // 2, area.width(), line)
        shown = one.taken[5:16] or one.file.name  # the year stands above
        painter.drawText(
            words, LEFT, painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, words.width())
        )


def paint_part(
    painter: QPainter, place: QRect, thumbnails: Thumbnails, file: Path, box: Box, category: str
) -> None:
    """Paint the part of a picture around a box, and the box, so that a place on the screen is filled.

    What does not fit is cut off as far from the box as can be.
    """
    painter.fillRect(place, QColor(theme.colours.raised))
    part = part_around(box)
    pixmap = thumbnails.get(file, part)
    if pixmap is None:
        return
    if pixmap.isNull():
        sign = QRect(0, 0, GRID * 5, GRID * 5)
        sign.moveCenter(place.center())
        icon("image-off-outline", theme.colours.muted).paint(painter, sign)
        return
    x, y, width, height = (
        (edge - start) / side for edge, start, side in zip(box, (*part[:2], 0, 0), part[2:] * 2, strict=True)
    )
    across, down = pixmap.width(), pixmap.height()
    scale = max(place.width() / across, place.height() / down)
    seen_across, seen_down = place.width() / scale, place.height() / scale
    left = min(max((x + width / 2) * across - seen_across / 2, 0.0), across - seen_across)
    top = min(max((y + height / 2) * down - seen_down / 2, 0.0), down - seen_down)
    painter.drawPixmap(QRectF(place), pixmap, QRectF(left, top, seen_across, seen_down))
    frame = QRectF(
        place.left() + (x * across - left) * scale, place.top() + (y * down - top) * scale,
        width * across * scale, height * down * scale,
    ) & QRectF(place)  # fmt: skip
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, thickness in ((QColor(0, 0, 0, 110), 4.0), (QColor(category_colour(category)), 2.0)):
        painter.setPen(QPen(colour, thickness))
        painter.drawRect(frame)


def part_around(box: Box) -> Box:
    """The part of a picture that shows a box with its surroundings, of the picture's own shape and never beyond it."""
    x, y, width, height = box
    side = min(1.0, max(LEAST_PART, SURROUNDINGS * max(width, height)))
    left, top = (min(max(middle - side / 2, 0.0), 1.0 - side) for middle in (x + width / 2, y + height / 2))
    return left, top, side, side


def title(place: Place) -> str:
    """Where something is, and what it was taken for."""
    return f"{place.location or 'No location'} · {place.category}"


def figures(place: Place) -> str:
    """How often, from when to when, and how sure the detector was."""
    parts = [
        f"seen {place.occurrences:,} times" + (f" on {place.days:,} days" if place.days else ""),
        days_of(place),
        f"mean confidence {place.confidence:.2f}",
        f"{place.rejected:,} rejected before" if place.rejected else "",
    ]
    return " · ".join(part for part in parts if part)


def days_of(place: Place) -> str:
    """From when to when, '' unknown."""
    first, last = place.first[:10], place.last[:10]
    return first if first == last else f"{first} – {last}"
