"""One picture of a queue large, its boxes to be edited, its sequence below it, and what comes next decoded ahead."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from camtrap_gui.project import Project, browse, decisions, detections, images
from camtrap_gui.ui import pictures
from camtrap_gui.ui.viewer.shown import Region
from camtrap_gui.ui.viewer.viewer import Viewer

AHEAD = 3
BOX_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
STEP_KEYS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}


class ReviewSingle(QWidget):
    """Shows an image by its id. A box that a person has chosen is what decisions are about, until ``leave_box``.

    ``moved``: another picture of the sequence or another box is at hand. ``box_decided`` brings a decision about a box
    to be made, and whether its species is still to be named. ``stepped`` is 1 or -1, ``accepted`` whether Shift was
    held, ``closed`` that Escape was pressed.
    """

    moved = Signal()
    box_decided = Signal(object, bool)
    stepped = Signal(int)
    accepted = Signal(bool)
    closed = Signal()

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._frames: Sequence[int] = ()
        self._region: Region | None = None
        self._by_hand = False
        self.viewer = Viewer()
        self.viewer.set_editable(not project.read_only)
        self.viewer.hide_threshold()
        self.viewer.hide_side()
        self.viewer.strip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.viewer.moved.connect(lambda _: self._turn())
        canvas = self.viewer.canvas
        canvas.installEventFilter(self)
        canvas.box_chosen.connect(self._choose_box)
        canvas.box_drawn.connect(self._draw_box)
        canvas.box_moved.connect(self._move_box)
        canvas.box_deleted.connect(self._delete_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.viewer)

    def show_image(self, image_id: int, ahead: Sequence[int] = ()) -> None:
        """Show an image with its sequence; the images ``ahead`` are likely to be next."""
        self._by_hand, self._region = False, None
        detector = detections.latest_detector(self._project)
        self.viewer.set_threshold(detector.typical_threshold if detector is not None else 0.0)
        self._frames = browse.sequence_of(self._project, image_id)
        self.viewer.show_pictures(
            pictures.OfProject(self._project, self._frames), self._frames.index(image_id)
        )
        self.viewer.warm([images.path_of(self._project, number) for number in ahead[:AHEAD]])

    def clear(self) -> None:
        """Show nothing."""
        self._frames = ()
        self.viewer.show_pictures([])

    def image_id(self) -> int | None:
        """The image that is shown; None when there is none."""
        place = self.viewer.place()
        return int(self._frames[place]) if 0 <= place < len(self._frames) else None

    def region(self) -> Region | None:
        """The box that decisions are about; None when they are about the whole picture."""
        return self._region

    def leave_box(self) -> bool:
        """Let decisions be about the picture again; says whether they were about a box."""
        was, self._region, self._by_hand = self._region is not None, None, False
        if was:
            self.moved.emit()
        return was

    def look_again(self) -> None:
        """Show what is known now about the picture shown, at the same zoom."""
        self.viewer.refresh()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self.viewer.close_threads()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self._by_hand = True
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._by_hand = self._by_hand or event.key() in BOX_KEYS
            if event.key() in STEP_KEYS and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                self.stepped.emit(STEP_KEYS[Qt.Key(event.key())])
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the canvas and the viewer have no use for."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_Space | Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.accepted.emit(shift)
            case Qt.Key.Key_Escape:
                if not self.leave_box():
                    self.closed.emit()
            case _:
                super().keyPressEvent(event)

    def _turn(self) -> None:
        self._by_hand, self._region = False, None
        self.moved.emit()

    def _choose_box(self, region: Region | None) -> None:
        if self._by_hand and region != self._region:
            self._region = region
            self.moved.emit()

    def _draw_box(self, area: QRectF) -> None:
        self._decide(lambda project, image: decisions.draw_box(project, image, _box(area)), names=True)

    def _move_box(self, region: Region, area: QRectF) -> None:
        self._decide(lambda project, image: decisions.move_box(project, image, region, _box(area)))

    def _delete_box(self, region: Region) -> None:
        self._decide(lambda project, image: decisions.delete_box(project, image, region))

    def _decide(self, decision: Callable[[Project, int], int], names: bool = False) -> None:
        image_id = self.image_id()
        if image_id is not None:
            self.box_decided.emit(lambda project: decision(project, image_id), names)


def _box(area: QRectF) -> tuple[float, float, float, float]:
    return area.x(), area.y(), area.width(), area.height()
