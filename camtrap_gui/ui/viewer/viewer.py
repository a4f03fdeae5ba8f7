"""A picture with everything around it: its title and tools, facts and top-5 bars, and the strip of its neighbours."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from camtrap_gui.heat import layer
from camtrap_gui.models.explanation import Explanation
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer import keys
from camtrap_gui.ui.viewer.adjust import Adjust
from camtrap_gui.ui.viewer.bars import TopBars
from camtrap_gui.ui.viewer.canvas import Canvas
from camtrap_gui.ui.viewer.filmstrip import Filmstrip
from camtrap_gui.ui.viewer.layers import Glow
from camtrap_gui.ui.viewer.likest import LikestCrops
from camtrap_gui.ui.viewer.loader import Loader
from camtrap_gui.ui.viewer.shown import Given, Pictures, ShownBox, ShownPicture
from camtrap_gui.ui.viewer.toolbar import Toolbar

ADJUST_MS = 30
"""A slider moves faster than twelve megapixels can be adjusted (about 0.1 s)."""

AT_FIRST = 1280
"""Pixels: pictures are first decoded no larger, in less than half the time; mostly the screen can show no more."""

SHARPEN_MS = 120
"""Whoever stays, or zooms in, sees every pixel."""

HEAT = 256
"""Pixels of a side: so finely is heat painted, whatever the zoom."""

AHEAD = (1, -1, 2)
"""Neighbours that are decoded ahead, the likeliest first."""


class Viewer(QWidget):
    """Shows one of many pictures; left and right go through them, the neighbours are decoded ahead.

    ``moved`` is emitted with the place whenever another picture is shown, ``painted`` when it is on the screen. With
    ``set_editable`` boxes can be edited: the signals of ``canvas`` say what is wanted, ``refresh`` or
    ``replace_boxes`` shows what became of it. With ``set_explainable`` it offers to show what the classifier looked at:
    ``explain_wanted`` tells that there may be something to explain, or no more, ``show_explanation`` shows it.
    """

    moved = Signal(int)
    painted = Signal(int)
    explain_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Pictures = Given(())
        self._place = -1
        self._now: ShownPicture | None = None
        self._image, self._size = QImage(), QSize()
        self._has_side = True
        self._loader = Loader(longest_side=AT_FIRST, parent=self)
        self._loader.loaded.connect(self._loaded)
        self._sharp = Loader(parent=self)
        self._sharp.loaded.connect(self._sharpened)
        self._sharpening = QTimer(self, singleShot=True, interval=SHARPEN_MS)
        self._sharpening.timeout.connect(self._sharpen)
        self.canvas = Canvas()
        self.canvas.selected.connect(self._show_bars)
        self.canvas.zoomed.connect(lambda _: self._sharpening.start())
        self.adjust = Adjust()
        self._adjusting = QTimer(self, singleShot=True, interval=ADJUST_MS)
        self._adjusting.timeout.connect(lambda: self._draw(keep_view=True))
        self.adjust.changed.connect(self._adjusting.start)
        self.bars = TopBars()
        self.likest = LikestCrops()
        self._explained: Explanation | None = None
        self._heat: QImage | None = None
        self._facts = text("", role="muted", wrap=True)
        self.toolbar = Toolbar(self.canvas, self.adjust)
        self.toolbar.threshold_changed.connect(self.canvas.set_threshold)
        self.toolbar.explain_changed.connect(self.explain_wanted)
        self.threshold = self.toolbar.threshold
        self.strip = Filmstrip()
        self.strip.chosen.connect(self.go_to)
        self.strip.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.toolbar)
        middle = QHBoxLayout()
        middle.setSpacing(GRID * 2)
        middle.addWidget(self.canvas, 1)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self.bars)
        side.addWidget(self._facts)
        side.addWidget(self.likest)
        side.addStretch()
        self._side.setFixedWidth(GRID * 28)
        self._side.hide()
        middle.addWidget(self._side)
        layout.addLayout(middle, 1)
        layout.addWidget(self.strip)
        self.set_threshold(0.0)

    def show_pictures(self, pictures: Sequence[ShownPicture], place: int = 0) -> None:
        """Show these pictures, beginning with one of them; none clears.

        ``Pictures`` are asked for when they are looked at, so there may be any number of them.
        """
        self._pictures = pictures if isinstance(pictures, Pictures) else Given(pictures)
        self._place, self._now = -1, None
        self.strip.show_pictures(self._pictures)
        self.strip.setVisible(len(pictures) > 1)
        if len(pictures):
            self.go_to(place)
        else:
            self._tell(ShownPicture(Path()))
            self._show_nothing("")

    def go_to(self, place: int) -> None:
        """Show the picture at this place."""
        if not 0 <= place < len(self._pictures) or place == self._place:
            return
        self._place, self._now = place, self._pictures[place]
        picture = self._now
        self._tell(picture)
        self.strip.go_to(place)
        image = None if picture.problem else self._loader.get(picture.path)
        if image is not None:
            self._show(image)
        else:
            self._show_nothing(picture.problem or "Loading…")
        for by in AHEAD:
            if 0 <= place + by < len(self._pictures) and (path := self._pictures.path(place + by)) != Path():
                self._loader.warm(path)
        self.moved.emit(place)

    def warm(self, paths: Sequence[Path]) -> None:
        """Decode pictures ahead that may be shown next, first things first."""
        for path in paths:
            self._loader.warm(path)

    def current(self) -> ShownPicture | None:
        """The picture shown."""
        return self._now

    def place(self) -> int:
        """The place of the picture shown, -1 for none."""
        return self._place

    def refresh(self) -> None:
        """Ask for the picture shown once more, because its boxes or facts have changed; view and selection stay."""
        if self._now is not None:
            self.replace_picture(self._pictures[self._place])

    def replace_picture(self, picture: ShownPicture) -> None:
        """The picture shown is to be this one: the same file with other boxes or facts. View and selection stay."""
        if self._now is not None:
            if isinstance(self._pictures, Given):
                self._pictures.replace(self._place, picture)
            self._renew(picture)

    def replace_boxes(self, place: int, boxes: tuple[ShownBox, ...]) -> None:
        """Give a picture other boxes (predictions that have just come, an edit); the selected one stays so.

        ``Pictures`` that are made when looked at are not changed: they are to know by themselves.
        """
        if place == self._place and self._now is not None:
            self.replace_picture(replace(self._now, boxes=boxes))
        elif isinstance(self._pictures, Given):
            self._pictures.replace(place, replace(self._pictures[place], boxes=boxes))

    def set_editable(self, editable: bool) -> None:
        """Let boxes be drawn, moved, resized and deleted, or not."""
        self.canvas.set_editable(editable)
        self.toolbar.set_editable(editable)

    def set_explainable(self, explainable: bool) -> None:
        """Offer to show what the classifier looked at."""
        self.toolbar.set_explainable(explainable)

    def explains(self) -> bool:
        """Whether what the classifier looked at is wanted."""
        return self.toolbar.explain.isChecked()

    def show_explanation(self, explained: Explanation | None, about: str = "") -> None:
        """Show what the classifier looked at in the box that is selected, with a sentence about it; None: nothing."""
        if explained is not self._explained:
            self._explained = explained
            self._heat = None if explained is None else _image(explained)
        glow = None
        if explained is not None and self._heat is not None:
            glow = Glow(self._heat, explained.area, self.toolbar.strength.value() / 100)
        self.canvas.show_glow(glow)
        self.likest.tell(about, explained.likest if explained is not None else ())

    def set_threshold(self, threshold: float) -> None:
        """Show boxes from this confidence on."""
        self.toolbar.set_threshold(threshold)

    def hide_threshold(self) -> None:
        """Take the threshold away, where every box is always shown."""
        self.toolbar.hide_threshold()

    def hide_side(self) -> None:
        """Take facts and bars away, where something else tells them."""
        self._has_side = False
        self._side.hide()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._loader.close()
        self._sharp.close()
        self.strip.close_threads()
        self.likest.close_threads()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match keys.meaning(event, self.canvas.is_editable()):
            case "next picture":
                self.go_to(self._place + 1)
            case "previous picture":
                self.go_to(self._place - 1)
            case "explain" if self.toolbar.is_explainable():
                self.toolbar.explain.click()
            case _:
                super().keyPressEvent(event)

    def _renew(self, picture: ShownPicture) -> None:
        self._now = picture
        self._tell(picture)
        if not self._image.isNull():
            self.canvas.show_boxes(picture.boxes, keep=True)

    def _tell(self, picture: ShownPicture) -> None:
        """Everything about a picture but the picture."""
        self.toolbar.title.setText(picture.title or picture.path.name)
        if picture.path != Path():
            self.toolbar.title.setToolTip(f"<p>{escape(str(picture.path))}</p>")
        self._facts.setText(
            "<br>".join(f"{escape(name)}: <b>{escape(value)}</b>" for name, value in picture.facts)
        )
        self._facts.setVisible(bool(picture.facts))
        there = bool(picture.facts) or any(box.top for box in picture.boxes)
        self._side.setVisible(self._has_side and there)

    def _loaded(self, path: Path, image: QImage, reason: str) -> None:
        if self._now is None or self._now.path != path or self._now.problem:
            return
        if image.isNull():
            self._show_nothing(f"{path.name}\n{reason}")
        else:
            self._show(image)

    def _sharpen(self) -> None:
        if self._now is not None and not self._image.isNull() and self.canvas.is_blurred():
            image = self._sharp.get(self._now.path)
            if image is not None:
                self._sharpened(self._now.path, image)

    def _sharpened(self, path: Path, image: QImage, _: str = "") -> None:
        if self._now is not None and self._now.path == path and not (image.isNull() or self._image.isNull()):
            self._image = image
            self._draw(keep_view=True)

    def _show_nothing(self, words: str) -> None:
        self._image = QImage()
        self.canvas.show_boxes(())
        self.canvas.show_image(None, words)

    def _show(self, image: QImage) -> None:
        assert self._now is not None
        self._image, self._size = image, self._loader.size(self._now.path)
        self._draw()
        self.canvas.show_boxes(self._now.boxes)
        self.canvas.repaint()
        self.painted.emit(self._place)

    def _draw(self, keep_view: bool = False) -> None:
        if not self._image.isNull():
            self.canvas.show_image(self.adjust.applied(self._image), keep_view=keep_view, size=self._size)

    def _show_bars(self, number: int) -> None:
        box = self.canvas.box(number)
        self.bars.show_top(box.top if box else (), box.colour if box else "#888888")
        self.explain_wanted.emit()


def _image(explained: Explanation) -> QImage:
    """The heat of an explanation as a layer, smooth enough to be enlarged."""
    made = layer(explained.heat, (HEAT, HEAT))
    return QImage(made.tobytes(), HEAT, HEAT, 4 * HEAT, QImage.Format.Format_RGBA8888).copy()
