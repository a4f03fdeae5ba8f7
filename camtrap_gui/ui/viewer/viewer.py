"""A picture with everything around it: zoom, threshold, night adjustments, top-5 bars, and the strip of its sequence."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from camtrap_gui.ui.theme import GRID, icon, sized, text, theme
from camtrap_gui.ui.viewer.bars import TopBars
from camtrap_gui.ui.viewer.canvas import Canvas
from camtrap_gui.ui.viewer.loader import Loader
from camtrap_gui.ui.viewer.shown import ShownBox, ShownPicture
from camtrap_gui.ui.widgets.elided_label import ElidedLabel

STRIP_HEIGHT = GRID * 12
ADJUST_MS = 30
"""A slider moves faster than twelve megapixels can be adjusted (about 0.1 s)."""


class Viewer(QWidget):
    """Shows one of a list of pictures; left and right go through them, the neighbours are decoded ahead.

    ``moved`` is emitted with the place in the list whenever another picture is shown.
    """

    moved = Signal(int)
    painted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Sequence[ShownPicture] = ()
        self._place = -1
        self._image = QImage()
        self._loader = Loader(parent=self)
        self._thumbs = Loader(longest_side=STRIP_HEIGHT * 2, parent=self)
        self._loader.loaded.connect(self._loaded)
        self._thumbs.loaded.connect(self._thumb_loaded)
        self._zoom = text("", "small", role="muted")
        self.canvas = Canvas()
        self.canvas.selected.connect(self._show_bars)
        self.canvas.zoomed.connect(lambda scale: self._zoom.setText(f"{scale:.0%}"))
        self.bars = TopBars()
        self._title = ElidedLabel(Qt.TextElideMode.ElideLeft)  # the end of a path says more
        sized(self._title, "body", bold=True)
        self._facts = text("", role="muted", wrap=True)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, 100)
        self.threshold.setAccessibleName("Confidence threshold")
        self.threshold.valueChanged.connect(self._set_threshold)
        self._threshold_name, self._threshold_words = text("Threshold", role="muted"), text("", role="muted")
        self.adjust = Adjust()
        self._adjusting = QTimer(self, singleShot=True, interval=ADJUST_MS)
        self._adjusting.timeout.connect(lambda: self._draw(keep_view=True))
        self.adjust.changed.connect(self._adjusting.start)
        self.strip = self._make_strip()
        self._bar_buttons: list[tuple[QToolButton, str]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._toolbar())
        middle = QHBoxLayout()
        middle.setSpacing(GRID * 2)
        middle.addWidget(self.canvas, 1)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self.bars)
        side.addWidget(self._facts)
        side.addStretch()
        self._side.setFixedWidth(GRID * 28)
        middle.addWidget(self._side)
        layout.addLayout(middle, 1)
        layout.addWidget(self.strip)
        self._tint()
        theme.changed.connect(self._tint)
        self.set_threshold(0.0)

    def show_pictures(self, pictures: Sequence[ShownPicture], place: int = 0) -> None:
        """Show a list of pictures, beginning with one of them; an empty list clears."""
        self._pictures, self._place = pictures, -1
        self.strip.clear()
        self.strip.setVisible(len(pictures) > 1)
        for picture in pictures:
            item = QListWidgetItem(QIcon(), "")
            item.setToolTip(picture.title or picture.path.name)
            item.setSizeHint(QSize(int(STRIP_HEIGHT * 1.2), STRIP_HEIGHT - GRID * 2))
            self.strip.addItem(item)
            self._thumbs.warm(picture.path)
        if pictures:
            self.go_to(place)
        else:
            self.canvas.show_boxes(())
            self.canvas.show_image(None)
            self._title.setText("")
            self._facts.setText("")

    def go_to(self, place: int) -> None:
        """Show the picture at this place of the list."""
        if not 0 <= place < len(self._pictures) or place == self._place:
            return
        self._place = place
        picture = self._pictures[place]
        self._title.setText(picture.title or picture.path.name)
        self._title.setToolTip(str(picture.path))
        self._facts.setText(
            "<br>".join(f"{escape(name)}: <b>{escape(value)}</b>" for name, value in picture.facts)
        )
        self._side.setVisible(bool(picture.facts) or any(box.top for box in picture.boxes))
        if self.strip.currentRow() != place:
            self.strip.setCurrentRow(place)
        image = self._loader.get(picture.path)
        if image is not None:
            self._show(image)
        else:
            self.canvas.show_boxes(())
            self.canvas.show_image(None, "Loading…")
        for neighbour in (place + 1, place - 1, place + 2):
            if 0 <= neighbour < len(self._pictures):
                self._loader.warm(self._pictures[neighbour].path)
        self.moved.emit(place)

    def current(self) -> ShownPicture | None:
        """The picture shown."""
        return self._pictures[self._place] if 0 <= self._place < len(self._pictures) else None

    def replace_boxes(self, place: int, boxes: tuple[ShownBox, ...]) -> None:
        """Give a picture of the list other boxes (predictions that have just come)."""
        old = self._pictures[place]
        pictures = list(self._pictures)
        pictures[place] = ShownPicture(old.path, old.title, boxes, old.facts)
        self._pictures = pictures
        if place == self._place:
            self._side.setVisible(bool(old.facts) or any(box.top for box in boxes))
            self.canvas.show_boxes(boxes, keep=True)

    def set_editable(self, editable: bool) -> None:
        """Let boxes be drawn, moved, resized and deleted; see the signals of ``canvas``."""
        self.canvas.set_editable(editable)

    def set_threshold(self, threshold: float) -> None:
        """Show boxes from this confidence on."""
        self.threshold.setValue(round(threshold * 100))
        self._set_threshold(round(threshold * 100))

    def hide_threshold(self) -> None:
        """Take the threshold away, where every box is always shown."""
        for widget in (self._threshold_name, self.threshold, self._threshold_words):
            widget.hide()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self._loader.close()
        self._thumbs.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_PageDown:
                self.go_to(self._place + 1)
            case Qt.Key.Key_Left | Qt.Key.Key_PageUp:
                self.go_to(self._place - 1)
            case _:
                super().keyPressEvent(event)

    def _loaded(self, path: Path, image: QImage, reason: str) -> None:
        picture = self.current()
        if picture is None or picture.path != path:
            return
        if image.isNull():
            self.canvas.show_boxes(())
            self.canvas.show_image(None, f"{path.name}\n{reason}")
        else:
            self._show(image)

    def _show(self, image: QImage) -> None:
        self._image = image
        self._draw()
        picture = self.current()
        assert picture is not None
        self.canvas.show_boxes(picture.boxes)
        self.canvas.repaint()
        self.painted.emit(self._place)

    def _draw(self, keep_view: bool = False) -> None:
        if not self._image.isNull():
            self.canvas.show_image(self.adjust.applied(self._image), keep_view=keep_view)

    def _show_bars(self, number: int) -> None:
        box = self.canvas.box(number)
        self.bars.show_top(box.top if box else (), box.colour if box else "#888888")

    def _set_threshold(self, percent: int) -> None:
        self._threshold_words.setText(f"≥ {percent / 100:.2f}")
        self.canvas.set_threshold(percent / 100)

    def _thumb_loaded(self, path: Path, image: QImage, _: str) -> None:
        shown = icon("image-off-outline", theme.colours.muted)
        if not image.isNull():
            shown = QIcon(QPixmap.fromImage(image))
            shown.addPixmap(QPixmap.fromImage(image), QIcon.Mode.Selected)  # not tinted by the selection
        for place, picture in enumerate(self._pictures):
            if picture.path == path and (item := self.strip.item(place)) is not None:
                item.setIcon(shown)

    def _toolbar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._title, 1)
        row.addWidget(self._threshold_name)
        self.threshold.setFixedWidth(GRID * 12)
        row.addWidget(self.threshold)
        row.addWidget(self._threshold_words)
        row.addWidget(self._zoom)
        for name, words, slot in (
            ("magnify-minus-outline", "Smaller (-)", lambda: self.canvas.zoom_to(self.canvas.scale() / 1.25)),
            ("magnify-plus-outline", "Larger (+)", lambda: self.canvas.zoom_to(self.canvas.scale() * 1.25)),
            ("fit-to-screen-outline", "Whole picture (0)", self.canvas.fit),
            ("numeric-1-box-outline", "One picture pixel per screen pixel", lambda: self.canvas.zoom_to(1.0)),
        ):
            button = QToolButton()
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(lambda _=False, slot=slot: slot())
            self._bar_buttons.append((button, name))
            row.addWidget(button)
        brighten = QToolButton()
        brighten.setToolTip("Brightness, contrast and gamma, for night pictures")
        brighten.setAccessibleName("Adjust the picture")
        brighten.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(brighten)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self.adjust)
        menu.addAction(action)
        brighten.setMenu(menu)
        self._bar_buttons.append((brighten, "brightness-6"))
        row.addWidget(brighten)
        return row

    def _make_strip(self) -> QListWidget:
        strip = QListWidget()
        strip.setFlow(QListView.Flow.LeftToRight)
        strip.setWrapping(False)
        strip.setFrameShape(QFrame.Shape.NoFrame)
        strip.setFixedHeight(STRIP_HEIGHT)
        strip.setIconSize(QSize(int(STRIP_HEIGHT * 1.1), STRIP_HEIGHT - GRID * 3))
        strip.setAccessibleName("Pictures of this sequence")
        strip.setObjectName("strip")
        strip.currentRowChanged.connect(self.go_to)
        strip.hide()
        return strip

    def _tint(self) -> None:
        for button, name in self._bar_buttons:
            button.setIcon(icon(name))


class Adjust(QWidget):
    """Brightness, contrast and gamma of the picture on screen; files are never changed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        self._sliders = {}
        for row, (name, low, high, start) in enumerate(
            (("Brightness", -100, 100, 0), ("Contrast", -100, 100, 0), ("Gamma", 20, 400, 100))
        ):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(low, high)
            slider.setValue(start)
            slider.setFixedWidth(GRID * 24)
            slider.setAccessibleName(name)
            slider.valueChanged.connect(lambda _: self.changed.emit())
            grid.addWidget(text(name), row, 0)
            grid.addWidget(slider, row, 1)
            self._sliders[name] = slider
        reset = QToolButton()
        reset.setText("As it is")
        reset.clicked.connect(self.reset)
        grid.addWidget(reset, 3, 1, Qt.AlignmentFlag.AlignRight)

    def reset(self) -> None:
        """Show pictures as they are."""
        self.set_values(0, 0, 100)

    def set_values(self, brightness: int, contrast: int, gamma: int) -> None:
        """Brightness and contrast -100..100, gamma in percent 20..400."""
        for slider, value in zip(self._sliders.values(), (brightness, contrast, gamma), strict=True):
            slider.setValue(value)

    def applied(self, image: QImage) -> QImage:
        """The image as it shall look; the same object when nothing is adjusted."""
        brightness, contrast, gamma = (slider.value() for slider in self._sliders.values())
        if (brightness, contrast, gamma) == (0, 0, 100):
            return image
        levels = (np.arange(256) / 255.0) ** (100.0 / gamma)
        levels = (levels - 0.5) * (1 + contrast / 100) ** 2 + 0.5 + brightness / 200
        table = (levels.clip(0, 1) * 255).round().astype(np.uint8)
        # bytes.translate is the quickest way through a table: numpy.take needs ten times as long.
        changed = bytes(image.constBits()).translate(table.tobytes())
        return QImage(changed, image.width(), image.height(), image.bytesPerLine(), image.format()).copy()
