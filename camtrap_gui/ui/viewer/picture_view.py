"""The picture itself: zoomed to the cursor, moved by dragging, with boxes of which one is selected."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from camtrap_gui.geometry import Box
from camtrap_gui.ui.theme import GRID, theme
from camtrap_gui.ui.viewer import keys
from camtrap_gui.ui.viewer.box_drawing import BoxPainter
from camtrap_gui.ui.viewer.layers import GROUND, Glow, Room, Still, paint_still
from camtrap_gui.ui.viewer.placement import Placement
from camtrap_gui.ui.viewer.shown import Region, ShownBox, place_of

WORDS = "#b9c0b8"
"""In place of a picture, on its ground."""

_PAN = {
    "left": QPointF(GRID * 6, 0),
    "right": QPointF(-GRID * 6, 0),
    "up": QPointF(0, GRID * 6),
    "down": QPointF(0, -GRID * 6),
}


class PictureView(QWidget):
    """Shows one picture. Wheel and pinch zoom, dragging pans, a click selects a box.

    ``selected`` brings the number of the selected box or -1, ``box_chosen`` the region it stands for or None.
    """

    selected = Signal(int)
    box_chosen = Signal(object)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._message = ""
        self._boxes: tuple[ShownBox, ...] = ()
        self._threshold = 0.0
        self._chosen = -1
        self._wanted: Box | None = None  # where the box to be selected will be when the boxes are shown anew
        self._panned: QPointF | None = None
        self._still: Still | None = None
        self._glow: Glow | None = None
        self.placement = Placement()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(GRID * 30, GRID * 24)
        self.setAccessibleName("Picture")
        theme.changed.connect(self._look_again)

    # What is shown.

    def show_image(
        self, image: QImage | None, message: str = "", keep_view: bool = False, size: QSize | None = None
    ) -> None:
        """Show a picture, or a sentence in its place. ``keep_view`` keeps zoom and place if the size is the same.

        ``size`` is that of the picture where ``image`` is a smaller copy of it.
        """
        before = self.placement.picture if self._has_picture() else None
        self._image = image or QImage()
        self._message = message
        if self._has_picture():
            self.placement.picture = QSizeF(size or self._image.size())
        if not (keep_view and self._has_picture() and self.placement.picture == before):
            self.fit()
        self._look_again()

    def is_blurred(self) -> bool:
        """Whether the screen could show more than the image has."""
        wanted = self.placement.picture.width() * min(1.0, self.scale() * self.devicePixelRatioF())
        return self._has_picture() and self._image.width() < wanted

    def show_boxes(self, boxes: Sequence[ShownBox], keep: bool = False) -> None:
        """Draw these boxes. ``keep`` when the picture is the same as before: then the selected box stays so.

        Otherwise, when it is gone, or where no box was before, the most confident one above the threshold is selected.
        """
        before, wanted, were_some = self.chosen(), self._wanted, bool(self._boxes)
        self._wanted, self._boxes = None, tuple(boxes)
        chosen = -1
        if keep and wanted is not None:
            chosen = place_of(boxes, None, wanted)
        elif keep and before is not None:
            chosen = place_of(boxes, before.region, before.area)
        none_is_wanted = keep and were_some and before is None and wanted is None
        if chosen < 0 and not none_is_wanted:
            chosen = max(self._visible(), key=lambda number: boxes[number].confidence, default=-1)
        self._choose(chosen)

    def show_glow(self, glow: Glow | None) -> None:
        """Show heat over a part of the picture, or none."""
        if glow != self._glow:
            self._glow = glow
            self._look_again()

    def set_threshold(self, threshold: float) -> None:
        """Hide boxes below this confidence."""
        self._threshold = threshold
        self._look_again()

    def visible_boxes(self) -> list[ShownBox]:
        """The boxes that are drawn."""
        return [self._boxes[number] for number in self._visible()]

    def box(self, number: int) -> ShownBox | None:
        """The box with this number."""
        return self._boxes[number] if 0 <= number < len(self._boxes) else None

    def chosen(self) -> ShownBox | None:
        """The selected box."""
        return self.box(self._chosen)

    def select(self, number: int) -> None:
        """Select a box by its number, -1 for none."""
        self._choose(number)

    def select_region(self, region: Region) -> None:
        """Select the box that stands for this region, if it is shown."""
        number = place_of(self._boxes, region, None)
        if number >= 0:
            self.select(number)

    def _choose(self, number: int) -> None:
        self._chosen = number
        box = self.box(number)
        self.selected.emit(number)
        self.box_chosen.emit(box.region if box else None)
        self._look_again()

    def _select_next(self, by: int) -> None:
        shown = self._visible()
        if shown:
            place = shown.index(self._chosen) + by if self._chosen in shown else 0
            self.select(shown[place % len(shown)])

    def _visible(self) -> list[int]:
        return [number for number, box in enumerate(self._boxes) if box.confidence >= self._threshold]

    def _has_picture(self) -> bool:
        return not self._image.isNull()

    # Zoom.

    def fit(self) -> None:
        """Show the whole picture, as large as it fits."""
        self.placement.fit()
        if self._has_picture():
            self.zoomed.emit(self.placement.scale)
        self._look_again()

    def zoom_to(self, scale: float, about: QPointF | None = None) -> None:
        """Show ``scale`` screen pixels per picture pixel, keeping the point ``about`` (the middle) where it is."""
        if self._has_picture():
            middle = QPointF(self.width() / 2, self.height() / 2)
            self.placement.zoom_to(scale, middle if about is None else about)
            self.zoomed.emit(self.placement.scale)
            self._look_again()

    def scale(self) -> float:
        """Screen pixels per picture pixel."""
        return self.placement.scale

    def to_screen(self, box: ShownBox) -> QRectF:
        """Where a box is on the widget."""
        return self.placement.to_screen(box.area)

    def to_picture(self, point: QPointF) -> QPointF:
        """A point of the widget in picture pixels."""
        return self.placement.to_picture(point)

    def _pan(self, by: QPointF) -> None:
        if self._has_picture():
            self.placement.move_to(self.placement.origin + by)
            self._look_again()

    def _box_at(self, point: QPointF) -> int:
        if not self._has_picture():
            return -1
        hits = [
            (self._boxes[number].width * self._boxes[number].height, number)
            for number in self._visible()
            if self.to_screen(self._boxes[number]).contains(point)
        ]
        return min(hits)[1] if hits else -1  # the smallest: the one in front

    # Events.

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_to(self.scale() * 1.0015 ** event.angleDelta().y(), event.position())

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom_to(self.scale() * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            hit = self._box_at(event.position())
            if hit >= 0:
                self.select(hit)
            self._start_pan(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panned is not None:
            self._pan(event.position() - self._panned)
            self._panned = event.position()

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self._panned = None
        self._look_again()  # smoothly
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.placement.fitted:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def _start_pan(self, at: QPointF) -> None:
        self._panned = at
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._do(keys.meaning(event, editing=False)):
            super().keyPressEvent(event)

    def _do(self, what: str) -> bool:
        """Do what a key means; says whether the key is used up."""
        match what.split(" "):
            case ["larger"]:
                self.zoom_to(self.scale() * 1.25)
            case ["smaller"]:
                self.zoom_to(self.scale() / 1.25)
            case ["whole"]:
                self.fit()
            case ["one", "to", "one"]:
                self.zoom_to(1.0)
            case ["next", "box"]:
                self._select_next(1)
            case ["previous", "box"]:
                self._select_next(-1)
            case ["pan", way]:
                self._pan(_PAN[way])
            case _:
                return False
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.placement.room = QSizeF(self.size())
        if self.placement.fitted:
            self.fit()
        self._look_again()

    # Painting.

    def _look_again(self) -> None:
        """Forget what was painted of the picture and the boxes that are not selected."""
        self._still = None
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._has_picture():
            painter.fillRect(self.rect(), QColor(GROUND))
            painter.setPen(QColor(WORDS))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message
            )
            return
        if self._still is None:
            self._still = self._paint_still()
        painter.drawPixmap(0, 0, self._still.picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_chosen(painter, self._still)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_still(self) -> Still:
        room = Room(QSizeF(self.size()), self.devicePixelRatioF(), self.font())
        smooth = self.scale() < 3 and self._panned is None
        others = [self._boxes[number] for number in self._visible() if number != self._chosen]
        boxes = [(box, self.to_screen(box)) for box in others]
        glow = (self._glow, self.placement.to_screen(self._glow.area)) if self._glow else None
        return paint_still(room, self._image, self.placement.to_screen((0, 0, 1, 1)), smooth, boxes, glow)

    def _paint_chosen(self, painter: QPainter, still: Still) -> None:
        """The selected box over the others, but below their chips; and its own chip over all."""
        boxes = BoxPainter(painter, QSizeF(self.size()), self.font())
        box = self.chosen()
        shown = box is not None and box.confidence >= self._threshold
        if box is not None and shown:
            boxes.lines(self.to_screen(box), box.colour, chosen=True)
        painter.drawPixmap(0, 0, still.chips)
        if box is not None and shown:
            boxes.chip(self.to_screen(box), box.words, box.colour, still.taken, must=True)
