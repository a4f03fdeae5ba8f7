"""The picture itself: zoomed to the cursor, moved by dragging, with boxes that stay crisp and chips that stay readable."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from camtrap_gui.colours import ink_on
from camtrap_gui.ui.theme import GRID, theme

MOST_ZOOM = 16.0
_CHIP_HEIGHT = 20
_PAN: dict[int, QPointF] = {
    Qt.Key.Key_Left: QPointF(GRID * 6, 0),
    Qt.Key.Key_Right: QPointF(-GRID * 6, 0),
    Qt.Key.Key_Up: QPointF(0, GRID * 6),
    Qt.Key.Key_Down: QPointF(0, -GRID * 6),
}
KEYS = (
    "Wheel or + and -: zoom. 0: whole picture. 1: one to one. Shift and arrows: move. Up and down: next box."
)


@dataclass(frozen=True)
class ShownBox:
    """A box to draw: ``x y width height`` as fractions of the picture, ``words`` of its chip, ``colour`` as #rrggbb.

    ``confidence`` (0..1) is held against the threshold; ``top`` are the (species, probability) pairs of its bars.
    """

    x: float
    y: float
    width: float
    height: float
    words: str
    confidence: float
    colour: str
    top: tuple[tuple[str, float], ...] = ()


class Canvas(QWidget):
    """Shows one picture. Wheel and pinch zoom, dragging pans, a click selects a box."""

    selected = Signal(int)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._message = ""
        self._boxes: tuple[ShownBox, ...] = ()
        self._threshold = 0.0
        self._chosen = -1
        self._scale = 1.0
        self._origin = QPointF()
        self._fitted = True
        self._dragged: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(GRID * 30, GRID * 24)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(KEYS)
        theme.changed.connect(self.update)

    # What is shown.

    def show_image(self, image: QImage | None, message: str = "", keep_view: bool = False) -> None:
        """Show a picture, or a sentence in its place. ``keep_view`` keeps zoom and place if the size is the same."""
        before = None if self._pixmap is None else self._pixmap.size()
        self._pixmap = None if image is None or image.isNull() else QPixmap.fromImage(image)
        self._message = message
        if not (keep_view and self._pixmap is not None and self._pixmap.size() == before):
            self.fit()
        self.update()

    def show_boxes(self, boxes: Sequence[ShownBox]) -> None:
        """Draw these boxes; the most confident one above the threshold is selected."""
        self._boxes = tuple(boxes)
        visible = [number for number, box in enumerate(boxes) if box.confidence >= self._threshold]
        self.select(max(visible, key=lambda number: boxes[number].confidence, default=-1))
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Hide boxes below this confidence."""
        self._threshold = threshold
        self.update()

    def visible_boxes(self) -> list[ShownBox]:
        """The boxes that are drawn."""
        return [box for box in self._boxes if box.confidence >= self._threshold]

    def select(self, number: int) -> None:
        """Select a box by its number, -1 for none."""
        self._chosen = number
        self.selected.emit(number)
        self.update()

    def box(self, number: int) -> ShownBox | None:
        """The box with this number."""
        return self._boxes[number] if 0 <= number < len(self._boxes) else None

    # Zoom.

    def fit(self) -> None:
        """Show the whole picture, as large as it fits."""
        self._fitted = True
        if self._pixmap is not None:
            size = self._pixmap.size()
            self._scale = min(self.width() / size.width(), self.height() / size.height())
            left = self.width() - size.width() * self._scale
            top = self.height() - size.height() * self._scale
            self._origin = QPointF(left / 2, top / 2)
        self.zoomed.emit(self._scale)
        self.update()

    def zoom_to(self, scale: float, about: QPointF | None = None) -> None:
        """Show ``scale`` screen pixels per picture pixel, keeping the point ``about`` (the middle) where it is."""
        if self._pixmap is None:
            return
        about = about or QPointF(self.width() / 2, self.height() / 2)
        fitting = min(self.width() / self._pixmap.width(), self.height() / self._pixmap.height())
        scale = min(max(scale, min(fitting, 1.0) * 0.5), max(fitting, MOST_ZOOM))
        in_picture = (about - self._origin) / self._scale
        self._scale, self._fitted = scale, False
        self._origin = about - in_picture * scale
        self._keep_in_sight()
        self.zoomed.emit(scale)
        self.update()

    def scale(self) -> float:
        """Screen pixels per picture pixel."""
        return self._scale

    def to_screen(self, box: ShownBox) -> QRectF:
        """Where a box is on the widget."""
        assert self._pixmap is not None
        width, height = self._pixmap.width() * self._scale, self._pixmap.height() * self._scale
        corner = self._origin + QPointF(box.x * width, box.y * height)
        return QRectF(corner, QSizeF(box.width * width, box.height * height))

    def to_picture(self, point: QPointF) -> QPointF:
        """A point of the widget in picture pixels."""
        return (point - self._origin) / self._scale

    def _keep_in_sight(self) -> None:
        assert self._pixmap is not None
        margin = GRID * 6
        width, height = self._pixmap.width() * self._scale, self._pixmap.height() * self._scale
        self._origin.setX(min(max(self._origin.x(), margin - width), self.width() - margin))
        self._origin.setY(min(max(self._origin.y(), margin - height), self.height() - margin))

    # Events.

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_to(self._scale * 1.0015 ** event.angleDelta().y(), event.position())

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom_to(self._scale * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            hit = self._box_at(event.position())
            if hit >= 0:
                self.select(hit)
            self._dragged = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None and self._pixmap is not None:
            self._origin += event.position() - self._dragged
            self._dragged, self._fitted = event.position(), False
            self._keep_in_sight()
            self.update()

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self._dragged = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._fitted:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case key if shift and key in _PAN and self._pixmap is not None:
                self._origin += _PAN[key]
                self._fitted = False
                self._keep_in_sight()
                self.update()
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_to(self._scale * 1.25)
            case Qt.Key.Key_Minus:
                self.zoom_to(self._scale / 1.25)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_1:
                self.zoom_to(1.0)
            case Qt.Key.Key_Down:
                self._select_next(1)
            case Qt.Key.Key_Up:
                self._select_next(-1)
            case _:
                super().keyPressEvent(event)

    def _select_next(self, by: int) -> None:
        shown = [number for number, box in enumerate(self._boxes) if box.confidence >= self._threshold]
        if shown:
            place = shown.index(self._chosen) + by if self._chosen in shown else 0
            self.select(shown[place % len(shown)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def _box_at(self, point: QPointF) -> int:
        if self._pixmap is None:
            return -1
        hits = [
            (box.width * box.height, number)
            for number, box in enumerate(self._boxes)
            if box.confidence >= self._threshold and self.to_screen(box).contains(point)
        ]
        return min(hits)[1] if hits else -1  # the smallest: the one in front

    # Painting.

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#101211"))
        if self._pixmap is None:
            painter.setPen(QColor("#b9c0b8"))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message
            )
            return
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, self._scale < 3 and self._dragged is None
        )
        target = QRectF(self._origin, QSizeF(self._pixmap.size()) * self._scale)
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        taken: list[QRectF] = []
        # The chosen box comes last, over the others.
        for number, box in sorted(enumerate(self._boxes), key=lambda one: one[0] == self._chosen):
            if box.confidence >= self._threshold:
                self._paint_box(painter, box, number == self._chosen, taken)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_box(self, painter: QPainter, box: ShownBox, chosen: bool, taken: list[QRectF]) -> None:
        area, colour = self.to_screen(box), QColor(box.colour)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 5 if chosen else 3.5))
        painter.drawRect(area)
        painter.setPen(QPen(colour, 3 if chosen else 1.8))
        painter.drawRect(area)
        if not area.intersects(QRectF(self.rect())):
            return
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        chip = self._chip_place(area, QFontMetricsF(font).horizontalAdvance(box.words) + GRID * 1.5, taken)
        taken.append(chip)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(QColor(*ink_on((colour.red(), colour.green(), colour.blue()))))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, box.words)

    def _chip_place(self, area: QRectF, width: float, taken: list[QRectF]) -> QRectF:
        height = max(_CHIP_HEIGHT, QFontMetricsF(self.font()).height() + 4)
        places = (
            area.topLeft() - QPointF(0, height + 2),
            area.topLeft() + QPointF(2, 2),
            area.bottomLeft() + QPointF(0, 2),
            area.bottomLeft() + QPointF(2, -height - 2),
        )
        inside = QRectF(self.rect())
        for corner in places:
            chip = QRectF(corner, QSizeF(width, height))
            chip.moveLeft(min(max(chip.left(), 0.0), max(0.0, self.width() - width)))
            if (
                inside.top() <= chip.top()
                and chip.bottom() <= inside.bottom()
                and not any(chip.intersects(t) for t in taken)
            ):
                return chip
        chip.moveTop(min(max(area.top(), 0.0), self.height() - height))
        return chip
