"""The picture with boxes that can be drawn, moved, resized and deleted, with the mouse or with keys."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from camtrap_gui.geometry import Box
from camtrap_gui.ui.viewer import keys
from camtrap_gui.ui.viewer.box_drawing import HANDLE, BoxPainter
from camtrap_gui.ui.viewer.box_editing import BEGINS, Drag, cursor_of, nudged
from camtrap_gui.ui.viewer.box_handles import (
    MOVE,
    Area,
    Grip,
    Point,
    grip_at,
    handle_frame,
    handle_places,
    least_size,
)
from camtrap_gui.ui.viewer.layers import Still
from camtrap_gui.ui.viewer.picture_view import PictureView
from camtrap_gui.ui.viewer.shown import ShownBox

NEW = "#ffffff"
"""A box that has no species yet."""

STEP = 2.0
"""Screen pixels an arrow key moves a box, but at least one pixel of the picture."""


class Canvas(PictureView):
    """Where boxes can be edited, it says what a person wants and changes nothing itself.

    The owner hears ``box_drawn`` (where), ``box_moved`` (region, where) and ``box_deleted`` (region), does it, and shows
    the boxes as they then are. Rectangles are fractions of the upright picture.
    """

    box_drawn = Signal(QRectF)
    box_moved = Signal(object, QRectF)
    box_deleted = Signal(object)
    drawing_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editable = self._drawing = False
        self._drag: Drag | None = None
        self._nudged: Box | None = None
        self._pressed: QPointF | None = None
        self._mouse: QPointF | None = None
        self.set_editable(False)

    def set_editable(self, editable: bool) -> None:
        """Let boxes be drawn, moved, resized and deleted, or not."""
        self.set_drawing(False)
        self._editable = editable
        self._let_go()
        self.setMouseTracking(editable)
        self.setAccessibleDescription(keys.help_text(editable))

    def is_editable(self) -> bool:
        """Whether boxes can be edited."""
        return self._editable

    def set_drawing(self, drawing: bool) -> None:
        """In draw mode a drag draws a new box."""
        drawing = drawing and self._editable
        if drawing != self._drawing:
            self._drawing = drawing
            self._let_go()
            self._point()
            self.drawing_changed.emit(drawing)

    def is_drawing(self) -> bool:
        """Whether a drag would draw a box."""
        return self._drawing

    def show_boxes(self, boxes: Sequence[ShownBox], keep: bool = False) -> None:
        before = self.chosen()
        super().show_boxes(boxes, keep)
        now = self.chosen()
        same = now is before or (now and before and (now.region, now.area) == (before.region, before.area))
        if not (keep and same):
            self._let_go()  # what was in hand is no more

    def select(self, number: int) -> None:
        self._finish_nudge()
        super().select(number)

    def delete_chosen(self) -> bool:
        """Ask for the selected box to be deleted; says whether there is one that can be."""
        box = self.chosen()
        if not self._can_edit() or box is None:
            return False
        self._let_go()
        others = [number for number in self._visible() if number != self._chosen]
        heir = min(others, key=lambda n: (n < self._chosen, abs(n - self._chosen)), default=-1)
        self._wanted = self._boxes[heir].area if heir >= 0 else None
        self.box_deleted.emit(box.region)
        return True

    def _can_edit(self) -> bool:
        box = self.chosen()
        there = box is not None and box.region is not None and box.confidence >= self._threshold
        return self._editable and self._has_picture() and there

    # In hand.

    def _let_go(self) -> None:
        """Forget what is being dragged or moved."""
        self._drag = self._nudged = self._pressed = None
        self.update()

    def _finish_drag(self, stay: bool) -> None:
        drag, self._drag = self._drag, None
        self.update()
        if drag is None or drag.draft is None:
            return
        if drag.before is not None:
            self._ask_to_move(drag.draft)
            return
        self.set_drawing(stay)
        self._wanted = drag.draft
        self.box_drawn.emit(QRectF(*drag.draft))

    def _finish_nudge(self) -> None:
        moved, self._nudged = self._nudged, None
        if moved is not None:
            self._ask_to_move(moved)

    def _ask_to_move(self, where: Box) -> None:
        box = self.chosen()
        if box is not None and box.region is not None and where != box.area:
            self._wanted = where
            self.box_moved.emit(box.region, QRectF(*where))

    def _nudge(self, way: str, sizing: bool) -> bool:
        """Move the box a little. The owner hears of it when the key is let go, so that a long way is one edit."""
        box = self.chosen()
        if not self._can_edit() or box is None:
            return False
        step = max(1.0, STEP / self.scale())
        by = step / self.placement.picture.width(), step / self.placement.picture.height()
        self._nudged = nudged(self._nudged or box.area, way, by, sizing, self._least())
        self.update()
        return True

    def _place_box(self) -> bool:
        """Draw a box without a mouse: in the middle of what is seen, a quarter as long and high."""
        if not (self._drawing and self._has_picture()):
            return False
        seen = self.placement.to_screen((0, 0, 1, 1)).intersected(QRectF(self.rect()))
        corner = QPointF(seen.width() / 8, seen.height() / 8)
        start = self.placement.to_fraction(seen.center() - corner)
        end = self.placement.to_fraction(seen.center() + corner)
        self._drag = Drag(QPointF(), start, self._least(), draft=(*start, *start))
        self._drag.go_to(QPointF(), end)
        self._finish_drag(stay=False)
        return True

    def _leave(self) -> bool:
        if self._is_busy():
            self._let_go()
            self._point()
            return True
        was_drawing = self._drawing
        self.set_drawing(False)
        return was_drawing

    def _is_busy(self) -> bool:
        return self._drag is not None or self._nudged is not None

    # Mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position(), event.button()
        if button == Qt.MouseButton.MiddleButton:
            self._start_pan(at)
        elif not (self._editable and self._has_picture()):
            super().mousePressEvent(event)
        elif button == Qt.MouseButton.LeftButton:
            self._finish_nudge()
            self._pressed = at
            if self._drawing:
                self._drag = Drag(at, self.placement.to_fraction(at), self._least())
            elif not self._hold(at):
                self._start_pan(at)
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
        self._drag = Drag(at, self.placement.to_fraction(at), self._least(), box.area, grip)
        return True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = at = event.position()
        if self._pressed is not None and (at - self._pressed).manhattanLength() > BEGINS:
            self._pressed = None  # no click any more
        if self._drag is not None:
            self._drag.go_to(at, self.placement.to_fraction(at))
            self.update()
        else:
            super().mouseMoveEvent(event)
            if self._drawing:
                self.update()
        self._point()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, clicked = self._drag, self._pressed is not None
        self._pressed = None
        super().mouseReleaseEvent(event)
        if held is not None and held.draft is not None:
            self._finish_drag(stay=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif clicked and not self._drawing:
            self._click(event.position(), held is not None)
        self._drag = None
        self._point()

    def _click(self, at: QPointF, on_chosen: bool) -> None:
        """Select the box in front; none where there is none, except at the handles of the selected one."""
        hit = self._box_at(at)
        if hit != self._chosen and not (hit < 0 and on_chosen):
            self.select(hit)

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.update()
        super().leaveEvent(event)

    def _point(self) -> None:
        """Give the mouse the shape of what it would do."""
        if self._panned is not None or not self._editable:
            return
        grip = self._grip(self._mouse) if self._mouse is not None else None
        if self._drawing:
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif self._drag is not None:
            self.setCursor(cursor_of(self._drag.grip))
        elif grip is not None:
            self.setCursor(cursor_of(grip))
        elif self._mouse is not None and self._box_at(self._mouse) >= 0:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def _grip(self, at: QPointF) -> Grip | None:
        box = self.chosen()
        if box is None or not self._can_edit():
            return None
        return grip_at((at.x(), at.y()), _area(self.to_screen(box)))

    def _least(self) -> Point:
        return least_size(self.placement.picture.width(), self.placement.picture.height())

    # Keys.

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._uses(keys.meaning(event, self._editable))
        ):
            event.accept()  # while a box is in hand, its keys are no shortcuts of anybody else
            return True
        return super().event(event)

    def _uses(self, what: str) -> bool:
        verb = what.partition(" ")[0]
        if verb == "leave":
            return self._is_busy() or self._drawing
        if what == "place box":
            return self._drawing
        return what == "draw" or (verb in ("delete", "move", "size") and self._can_edit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._do(keys.meaning(event, self._editable)):
            QWidget.keyPressEvent(self, event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._finish_nudge()
        super().keyReleaseEvent(event)

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

    def _do(self, what: str) -> bool:
        match what.split(" "):
            case ["draw"]:
                self.set_drawing(not self._drawing)
                return True
            case ["place", "box"]:
                return self._place_box()
            case ["delete", "box"]:
                return self.delete_chosen()
            case ["leave"]:
                return self._leave()
            case ["move" | "size" as verb, way]:
                return self._nudge(way, sizing=verb == "size")
        return super()._do(what)

    # Painting.

    def _paint_chosen(self, painter: QPainter, still: Still) -> None:
        drag, box = self._drag, self.chosen()
        draft = drag.draft if drag is not None else self._nudged
        is_new = self._drawing and drag is not None
        if box is not None and self._can_edit() and not self._drawing:
            self._paint_in_hand(painter, still, box, draft)
        else:
            super()._paint_chosen(painter, still)
        if self._drawing:
            self._paint_drawing(painter, draft if is_new else None)

    def _paint_in_hand(self, painter: QPainter, still: Still, box: ShownBox, draft: Box | None) -> None:
        """The selected box with its handles, where it would be if it were let go now."""
        boxes = BoxPainter(painter, QSizeF(self.size()), self.font())
        area = self.placement.to_screen(draft or box.area)
        frame = QRectF(*handle_frame(_area(area)))
        places = handle_places(_area(area), (self.width(), self.height()))
        boxes.lines(area, box.colour, chosen=True)
        painter.drawPixmap(0, 0, still.chips)
        boxes.handles(places.values(), frame if frame != area else None, box.colour)
        words = f"{box.words}  {self._size_words(draft)}" if draft else box.words
        around = frame if frame == area else frame.adjusted(0, -HANDLE / 2, 0, HANDLE / 2)
        boxes.chip(around, words, box.colour, still.taken, must=True)

    def _paint_drawing(self, painter: QPainter, draft: Box | None) -> None:
        boxes = BoxPainter(painter, QSizeF(self.size()), self.font())
        if draft is not None:
            area = self.placement.to_screen(draft)
            boxes.lines(area, NEW, chosen=True)
            boxes.chip(area, self._size_words(draft), NEW, (), must=True)
            return
        if self._mouse is not None:
            boxes.guides(self._mouse)
        boxes.hint("Drag from corner to corner · Esc to stop", NEW)

    def _size_words(self, area: Box) -> str:
        picture = self.placement.picture
        return f"{area[2] * picture.width():.0f} × {area[3] * picture.height():.0f}"


def _area(place: QRectF) -> Area:
    return place.x(), place.y(), place.width(), place.height()
