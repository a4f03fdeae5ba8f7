"""What a cell of the review grid shows: the animal, what is said or proposed, how sure, and whether it is done."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, review_rows
from camtrap_gui.project.review_rows import ReviewRow
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.thumbnails import Thumbnails

SIGN = GRID * 5 // 2
PAGE, PAGES_KEPT = 48, 128
SURROUNDINGS = 1.6
"""Side of what a cell shows over the longer side of the region, as parts of the picture."""

LEAST_PART = 0.25


class ReviewRows:
    """Rows by their place in the ids of a queue, fetched in pages; ``forget`` those that have changed."""

    def __init__(self, project: Project, ids: Sequence[int] = ()) -> None:
        self.ids = ids
        self._project = project
        self._pages: OrderedDict[int, dict[int, ReviewRow]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, place: int) -> ReviewRow | None:
        """The row at a place; None when its image is gone."""
        number = place // PAGE
        if number not in self._pages:
            self._pages[number] = review_rows.rows(
                self._project, self.ids[number * PAGE : (number + 1) * PAGE]
            )
            while len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        page, image_id = self._pages[number], int(self.ids[place])
        if image_id not in page:
            page |= review_rows.rows(self._project, [image_id])
        return page.get(image_id)

    def forget(self, image_ids: Iterable[int] | None = None) -> None:
        """Fetch these images again when they are next shown; None: all of them."""
        if image_ids is None:
            self._pages.clear()
            return
        changed = set(image_ids)
        for page in self._pages.values():
            for image_id in changed & page.keys():
                del page[image_id]


def spoken(row: ReviewRow) -> str:
    """What a row says of its image, in words for who cannot see the cell."""
    marks = [word for word, is_so in (("reviewed", row.reviewed), ("flagged", row.flagged)) if is_so]
    said = row.words or "nothing proposed"
    if row.source in ("model", "detector"):
        said = f"proposed: {said}" + (f" {row.confidence:.0%}" if row.confidence is not None else "")
    return ", ".join([said, *marks])


def part_around(region: Box | None) -> Box | None:
    """The part of a picture that shows a region with its surroundings, of the picture's own shape; None for all."""
    if region is None:
        return None
    x, y, width, height = region
    side = min(1.0, max(LEAST_PART, SURROUNDINGS * max(width, height)))
    left, top = (min(max(middle - side / 2, 0.0), 1.0 - side) for middle in (x + width / 2, y + height / 2))
    return left, top, side, side


class ReviewCell:
    """Paints what is known of an image."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails

    def paint(self, painter: QPainter, area: QRect, row: ReviewRow) -> None:
        """Picture above, words below."""
        line = painter.fontMetrics().height()
        picture = area.adjusted(0, 0, 0, 4 - line - GRID)
        self._paint_picture(painter, picture, row)
        self._paint_words(
            painter, QRect(picture.left() + 2, picture.bottom() + 3, picture.width() - 4, line), row
        )
        self._paint_signs(painter, picture, row)

    def _paint_picture(self, painter: QPainter, place: QRect, row: ReviewRow) -> None:
        c = theme.colours
        painter.fillRect(place, QColor(c.raised))
        pixmap = None if row.problem else self._thumbnails.get(row.file, part_around(row.region))
        if pixmap is not None and not pixmap.isNull():
            target = QRect(
                place.topLeft(), pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            )
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)
        elif pixmap is not None or row.problem:
            icon("image-off-outline", c.muted).paint(painter, place.adjusted(40, 40, -40, -40))
        if row.reviewed:
            faded = QColor(c.surface)
            faded.setAlpha(110)
            painter.fillRect(place, faded)

    def _paint_words(self, painter: QPainter, place: QRect, row: ReviewRow) -> None:
        c, font = theme.colours, QFont(painter.font())
        proposed = row.source in ("model", "detector")
        sure = f"{row.confidence:.0%}" if row.confidence is not None else ""
        painter.setPen(QColor(c.muted))
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, sure)
        room = place.width() - painter.fontMetrics().horizontalAdvance(sure + "  ")
        font.setBold(row.source == "label")
        painter.setFont(font)
        painter.setPen(QColor(c.error if row.problem else c.muted if proposed or not row.words else c.text))
        words = row.problem or (f"{row.words}?" if proposed else row.words) or "–"
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        font.setBold(False)
        painter.setFont(font)

    def _paint_signs(self, painter: QPainter, picture: QRect, row: ReviewRow) -> None:
        c, right = theme.colours, picture.right() - SIGN - 3
        for shown, name, colour in (
            (row.reviewed, "check-bold", c.success),
            (row.flagged, "flag", c.warning),
        ):
            if shown:
                plate = QRect(right, picture.top() + 4, SIGN, SIGN)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(c.surface))
                painter.drawEllipse(plate)
                icon(name, colour).paint(painter, plate.adjusted(3, 3, -3, -3))
                right -= SIGN + 4
