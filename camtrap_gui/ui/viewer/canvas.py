"""The picture itself: zoomed to the cursor, moved by dragging, with boxes that can be chosen and, if wanted, edited."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
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

from camtrap_gui.geometry import Box
from camtrap_gui.ui.theme import GRID, theme
from camtrap_gui.ui.viewer import keys
from camtrap_gui.ui.viewer.box_drawing import BoxPainter
from camtrap_gui.ui.viewer.box_editing import BEGINS, Drag, cursor_of, nudged
from camtrap_gui.ui.viewer.box_handles import (
    MOVE,
    Point,
    grip_at,
    handle_frame,
    handle_places,
    least_size,
)
from camtrap_gui.ui.viewer.placement import Placement
from camtrap_gui.ui.viewer.shown import Region, ShownBox, place_of

GROUND, WORDS = "#101211", "#b9c0b8"
"""Behind pictures, in both themes: dark, so that night pictures can be judged."""

STEP = 2.0
"""Screen pixels an arrow key moves a box, but at least one pixel of the picture."""

_PAN = {
    "left": QPointF(GRID * 6, 0),
    "right": QPointF(-GRID * 6, 0),
    "up": QPointF(0, GRID * 6),
    "down": QPointF(0, -GRID * 6),
}


class Canvas(QWidget):
    """Shows one picture. Wheel and pinch zoom, dragging pans, a click selects a box.

    Where boxes can be edited it says what a person wants (``box_drawn``, ``box_moved``, ``box_deleted``) and changes
    nothing: the owner does, and shows the boxes as they then are. Rectangles are fractions of the upright picture.
    ``box_chosen`` brings the region of the selected box, or None.
    """

    selected = Signal(int)
    zoomed = Signal(float)
    box_drawn = Signal(QRectF)
    box_moved = Signal(object, QRectF)
    box_deleted = Signal(object)
    box_chosen = Signal(object)
    drawing_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._message = ""
        self._boxes: tuple[ShownBox, ...] = ()
        self._threshold = 0.0
        self._chosen = -1
        self._wanted: Box | None = None
        self._editable = self._drawing = False
        self._drag: Drag | None = None
        self._panned: QPointF | None = None
        self._pressed: QPointF | None = None
        self._mouse: QPointF | None = None
        self._nudged: Box | None = None
        self._still: QPixmap | None = None
        self._still_chips: list[QRectF] = []
        self.placement = Placement()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(GRID * 30, GRID * 24)
        self.setAccessibleName("Picture")
        self.set_editable(False)
        theme.changed.connect(self._look_again)

    # What is shown.

    def show_image(self, image: QImage | None, message: str = "", keep_view: bool = False) -> None:
        """Show a picture, or a sentence in its place. ``keep_view`` keeps zoom and place if the size is the same."""
        before = self._image.size()
        self._image = image or QImage()
        self._message = message
        if not self._image.isNull():
            self.placement.picture = QSizeF(self._image.size())
        if not (keep_view and self._has_picture() and self._image.size() == before):
            self.fit()
        self._look_again()

    def show_boxes(self, boxes: Sequence[ShownBox], keep: bool = False) -> None:
        """Draw these boxes. ``keep`` when the picture is the same as before: then the selected box stays so.

        Otherwise, or when it is gone, the most confident one above the threshold is selected.
        """
        before, wanted = self.chosen(), self._wanted
        self._wanted, self._boxes = None, tuple(boxes)
        chosen = -1
        if keep and wanted is not None:
            chosen = place_of(boxes, None, wanted)
        elif keep and before is not None:
            chosen = place_of(boxes, before.region, before.area)
        if chosen < 0 and not (keep and before is None and wanted is None):
            chosen = max(self._visible(), key=lambda number: boxes[number].confidence, default=-1)
        now = self.box(chosen)
        if not keep or (before and (now is None or (now.region, now.area) != (before.region, before.area))):
            self._drop_drag()  # what was in hand is no more
        self._choose(chosen)

    def set_threshold(self, threshold: float) -> None:
        """Hide boxes below this confidence."""
        self._threshold = threshold
        self._look_again()

    def visible_boxes(self) -> list[ShownBox]:
        """The boxes that are drawn."""
        return [self._boxes[number] for number in self._visible()]

    def select(self, number: int) -> None:
        """Select a box by its number, -1 for none."""
        self._finish_nudge()
        self._choose(number)

    def _choose(self, number: int) -> None:
        self._chosen = number
        box = self.box(number)
        self.selected.emit(number)
        self.box_chosen.emit(box.region if box else None)
        self._look_again()

    def select_region(self, region: Region) -> None:
        """Select the box that stands for this region, if it is shown."""
        number = place_of(self._boxes, region, None)
        if number >= 0:
            self.select(number)

    def box(self, number: int) -> ShownBox | None:
        """The box with this number."""
        return self._boxes[number] if 0 <= number < len(self._boxes) else None

    def chosen(self) -> ShownBox | None:
        """The selected box."""
        return self.box(self._chosen)

    # Editing.

    def set_editable(self, editable: bool) -> None:
        """Let boxes be drawn, moved, resized and deleted, or not."""
        self._editable = editable
        self._drop_drag()
        self.set_drawing(False)
        self.setMouseTracking(editable)
        self.setAccessibleDescription(keys.help_text(editable))
        self._look_again()

    def is_editable(self) -> bool:
        """Whether boxes can be edited."""
        return self._editable

    def set_drawing(self, drawing: bool) -> None:
        """In draw mode a drag draws a new box."""
        drawing = drawing and self._editable
        if drawing != self._drawing:
            self._drawing = drawing
            self._drop_drag()
            self._point()
            self.drawing_changed.emit(drawing)
            self.update()

    def delete_chosen(self) -> bool:
        """Ask for the selected box to be deleted; says whether there is one that can be."""
        box = self.chosen()
        if not (self._editable and box and box.region):
            return False
        following = [number for number in self._visible() if number != self._chosen]
        heir = min(
            following, key=lambda number: (number < self._chosen, abs(number - self._chosen)), default=-1
        )
        self._wanted = self._boxes[heir].area if heir >= 0 else None
        self._drop_drag()
        self.box_deleted.emit(box.region)
        return True

    def _can_edit(self) -> bool:
        box = self.chosen()
        return (
            self._editable and self._has_picture() and box is not None
            and box.region is not None and box.confidence >= self._threshold
        )  # fmt: skip

    def _drop_drag(self) -> None:
        self._drag = self._nudged = self._pressed = None
        self.update()

    def _finish_drag(self, stay: bool) -> None:
        drag, self._drag = self._drag, None
        box = self.chosen()
        self.update()
        if drag is None or drag.draft is None or drag.draft == drag.before:
            return
        self._wanted = drag.draft
        if drag.before is None:
            self.set_drawing(stay)
            self.box_drawn.emit(QRectF(*drag.draft))
        elif box is not None and box.region is not None:
            self.box_moved.emit(box.region, QRectF(*drag.draft))

    def _nudge(self, way: str, sizing: bool) -> bool:
        """Move the box a little; only when the key is let go the owner hears of it."""
        box = self.chosen()
        if not self._can_edit() or box is None:
            return False
        step = max(1.0, STEP / self.placement.scale)
        by = step / self._image.width(), step / self._image.height()
        self._nudged = nudged(self._nudged or box.area, way, by, sizing, self._least())
        self.update()
        return True

    def _finish_nudge(self) -> None:
        moved, self._nudged = self._nudged, None
        box = self.chosen()
        if moved is not None and box is not None and box.region is not None and moved != box.area:
            self._wanted = moved
            self.box_moved.emit(box.region, QRectF(*moved))

    def _place_box(self) -> bool:
        """Draw a box without a mouse: a quarter of what is seen, in the middle."""
        if not (self._drawing and self._has_picture()):
            return False
        seen = self._screen_area((0, 0, 1, 1)).intersected(QRectF(self.rect()))
        quarter = QPointF(seen.width() / 8, seen.height() / 8)
        self._drag = Drag(QPointF(), self._fraction(seen.center() - quarter), self._least())
        self._drag.go_to(QPointF(99, 99), self._fraction(seen.center() + quarter))
        self._finish_drag(stay=False)
        return True

    # Zoom.

    def fit(self) -> None:
        """Show the whole picture, as large as it fits."""
        self.placement.fit()
        self.zoomed.emit(self.placement.scale)
        self._look_again()

    def zoom_to(self, scale: float, about: QPointF | None = None) -> None:
        """Show ``scale`` screen pixels per picture pixel, keeping the point ``about`` (the middle) where it is."""
        if not self._has_picture():
            return
        self.placement.zoom_to(scale, about or QPointF(self.width() / 2, self.height() / 2))
        self.zoomed.emit(self.placement.scale)
        self._look_again()

    def scale(self) -> float:
        """Screen pixels per picture pixel."""
        return self.placement.scale

    def to_screen(self, box: ShownBox) -> QRectF:
        """Where a box is on the widget."""
        return self._screen_area(box.area)

    def to_picture(self, point: QPointF) -> QPointF:
        """A point of the widget in picture pixels."""
        return self.placement.to_picture(point)

    def _pan(self, by: QPointF) -> None:
        self.placement.move_to(self.placement.origin + by)
        self._look_again()

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
        at = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = at
        elif event.button() == Qt.MouseButton.LeftButton and self._has_picture():
            self._finish_nudge()
            self._pressed = at
            if self._drawing:
                self._drag = Drag(at, self._fraction(at), self._least())
            elif not self._hold(at):
                self._panned = at
        self._point()

    def _hold(self, at: QPointF) -> bool:
        """Take the box at a point in hand; says whether there is one that can be moved."""
        grip = self._grip(at)
        if grip is None:
            hit = self._box_at(at)
            if hit >= 0:
                self.select(hit)
            if hit < 0 or not self._can_edit():
                return False
            grip = MOVE
        box = self.chosen()
        assert box is not None
        self._drag = Drag(at, self._fraction(at), self._least(), box.area, grip)
        return True

    def _click(self, at: QPointF, on_chosen: bool) -> None:
        """Select the box in front; none where there is none, except at the handles of the selected one."""
        hit = self._box_at(at)
        if hit != self._chosen and not (hit < 0 and on_chosen):
            self.select(hit)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = at = event.position()
        if self._drag is not None:
            self._drag.go_to(at, self._fraction(at))
            self.update()
        elif self._panned is not None and self._has_picture():
            if self._pressed is not None and (at - self._pressed).manhattanLength() > BEGINS:
                self._pressed = None
            self._pan(at - self._panned)
            self._panned = at
        elif self._drawing:
            self.update()
        self._point()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, clicked = self._drag, self._pressed is not None
        self._panned = self._pressed = None
        if held is not None and held.draft is not None:
            self._finish_drag(stay=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif self._editable and clicked and not self._drawing:
            self._click(event.position(), held is not None)
        self._drag = None
        self._point()
        self._look_again()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.placement.fitted:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.update()
        super().leaveEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._finish_nudge()
        super().focusOutEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from box to box, and on when there is no other."""
        if self._editable and self._has_picture():
            shown = self._visible()
            at = shown.index(self._chosen) if self._chosen in shown else (-1 if forward else len(shown))
            following = at + (1 if forward else -1)
            if 0 <= following < len(shown):
                self.select(shown[following])
                return True
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._do(keys.meaning(event, self._editable)):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._finish_nudge()
        super().keyReleaseEvent(event)

    def _do(self, what: str) -> bool:
        """Do what a key means; says whether the key is used up."""
        verb, _, way = what.rpartition(" ")
        match what:
            case "larger":
                self.zoom_to(self.scale() * 1.25)
            case "smaller":
                self.zoom_to(self.scale() / 1.25)
            case "whole":
                self.fit()
            case "one to one":
                self.zoom_to(1.0)
            case "next box":
                self._select_next(1)
            case "previous box":
                self._select_next(-1)
            case "draw":
                self.set_drawing(not self._drawing)
            case "place box":
                return self._place_box()
            case "delete box":
                return self.delete_chosen()
            case "leave":
                return self._leave()
            case _ if verb == "pan" and self._has_picture():
                self._pan(_PAN[way])
            case _ if verb in ("move", "size"):
                return self._nudge(way, verb == "size")
            case _:
                return False
        return True

    def _leave(self) -> bool:
        busy = self._drag is not None or self._nudged is not None
        if busy:
            self._drop_drag()
            self._point()
            return True
        was_drawing = self._drawing
        self.set_drawing(False)
        return was_drawing

    def _select_next(self, by: int) -> None:
        shown = self._visible()
        if shown:
            place = shown.index(self._chosen) + by if self._chosen in shown else 0
            self.select(shown[place % len(shown)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.placement.room = QSizeF(self.size())
        if self.placement.fitted:
            self.fit()
        self._look_again()

    # Where things are.

    def _has_picture(self) -> bool:
        return not self._image.isNull()

    def _visible(self) -> list[int]:
        return [number for number, box in enumerate(self._boxes) if box.confidence >= self._threshold]

    def _screen_area(self, area: Box) -> QRectF:
        return self.placement.to_screen(area)

    def _fraction(self, point: QPointF) -> Point:
        return self.placement.to_fraction(point)

    def _least(self) -> Point:
        return least_size(self._image.width(), self._image.height())

    def _box_at(self, point: QPointF) -> int:
        if not self._has_picture():
            return -1
        hits = [
            (self._boxes[number].width * self._boxes[number].height, number)
            for number in self._visible()
            if self.to_screen(self._boxes[number]).contains(point)
        ]
        return min(hits)[1] if hits else -1  # the smallest: the one in front

    def _grip(self, point: QPointF) -> tuple[int, int] | None:
        box = self.chosen()
        if box is None or not self._can_edit():
            return None
        return grip_at((point.x(), point.y()), self.to_screen(box).getRect())  # type: ignore[arg-type]

    def _point(self) -> None:
        """Give the mouse the shape of what it would do."""
        if self._panned is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._drawing:
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif self._drag is not None:
            self.setCursor(cursor_of(self._drag.grip))
        elif self._editable and self._mouse is not None and (grip := self._grip(self._mouse)) is not None:
            self.setCursor(cursor_of(grip))
        elif self._editable and self._mouse is not None and self._box_at(self._mouse) >= 0:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

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
        painter.drawPixmap(0, 0, self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_chosen(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_still(self) -> QPixmap:
        """The picture and all boxes but the selected one: a drag repaints only what it changes."""
        ratio = self.devicePixelRatioF()
        still = QPixmap((QSizeF(self.size()) * ratio).toSize())
        still.setDevicePixelRatio(ratio)
        still.fill(QColor(GROUND))
        painter = QPainter(still)
        smooth = self.scale() < 3 and self._panned is None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(self._screen_area((0, 0, 1, 1)), self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        boxes = BoxPainter(painter, QSizeF(self.size()), self.font())
        for number in self._visible():
            if number != self._chosen:
                box = self._boxes[number]
                boxes.box(self.to_screen(box), box.words, box.colour)
        self._still_chips = boxes.taken
        painter.end()
        return still

    def _paint_chosen(self, painter: QPainter) -> None:
        """The selected box comes last, over the others, with its handles; and the box that is being drawn."""
        boxes = BoxPainter(painter, QSizeF(self.size()), self.font(), self._still_chips)
        box, drag = self.chosen(), self._drag
        draft = drag.draft if drag is not None else self._nudged
        is_new = drag is not None and drag.before is None
        if box is not None and box.confidence >= self._threshold:
            changed = None if is_new else draft
            words = f"{box.words}  {self._size_words(changed)}" if changed else box.words
            area = self._screen_area(changed or box.area)
            boxes.box(area, words, box.colour, chosen=True)
            if self._can_edit() and not self._drawing:
                self._paint_handles(boxes, area, box.colour)
        if self._drawing:
            self._paint_drawing(painter, boxes, draft if is_new else None)

    def _paint_handles(self, boxes: BoxPainter, area: QRectF, colour: str) -> None:
        frame = QRectF(*handle_frame(area.getRect()))  # type: ignore[arg-type]
        places = handle_places(area.getRect(), (self.width(), self.height()))  # type: ignore[arg-type]
        boxes.handles(places.values(), frame if frame != area else None, colour)

    def _paint_drawing(self, painter: QPainter, boxes: BoxPainter, draft: Box | None) -> None:
        """The box so far, or the two lines that help to begin in the right place."""
        accent = theme.colours.accent
        if draft is not None:
            boxes.box(self._screen_area(draft), self._size_words(draft), accent, chosen=True)
        elif self._mouse is not None:
            x, y = self._mouse.x(), self._mouse.y()
            for pen in (QPen(QColor(0, 0, 0, 140), 3), QPen(QColor(255, 255, 255, 200), 1)):
                painter.setPen(pen)
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
                painter.drawLine(QPointF(0, y), QPointF(self.width(), y))

    def _size_words(self, area: Box) -> str:
        return f"{area[2] * self._image.width():.0f} × {area[3] * self._image.height():.0f}"
