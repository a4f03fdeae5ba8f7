"""The line above a picture: its title, the threshold of its boxes, and buttons for what the keys do as well."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QToolButton, QWidget, QWidgetAction

from camtrap_gui.heat import STRENGTH
from camtrap_gui.ui.theme import GRID, icon, sized, text, theme
from camtrap_gui.ui.viewer.adjust import Adjust
from camtrap_gui.ui.viewer.canvas import Canvas
from camtrap_gui.ui.widgets.elided_label import ElidedLabel

ROOMY = GRID * 90
"""Pixels: in a narrower line words give way that the tooltips have as well."""
SNUG = GRID * 75
"""Pixels: in a narrower one the title needs the room of the zoom."""

EXPLAIN = (
    "<p>What it looked at <b>W</b></p><p>Colours show which places of the selected animal spoke for its likeliest species: "
    "yellow the most, violet little. Beside it are the training crops most like it.</p>"
)
DRAW = (
    "<p>Draw a box <b>B</b></p><p>Drag from corner to corner; with Shift, go on drawing. Escape stops. Enter puts a box "
    "in the middle.</p><p>A selected box is moved by dragging or with Alt and the arrow keys, and resized by its handles "
    "or with Alt, Shift and the arrow keys. Tab goes to the next box.</p>"
)


class Toolbar(QWidget):
    """Acts on a canvas. ``threshold_changed`` brings the confidence from which on boxes are shown.

    ``explain_changed`` tells that what the classifier looked at is wanted, or not any more, or more or less strongly.
    """

    threshold_changed = Signal(float)
    explain_changed = Signal()

    def __init__(self, canvas: Canvas, adjust: Adjust, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._buttons: list[tuple[QToolButton, str]] = []
        self._has_threshold = True
        self.title = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        sized(self.title, "body", bold=True)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, 100)
        self.threshold.setMinimumWidth(GRID * 7)
        self.threshold.setMaximumWidth(GRID * 12)
        self.threshold.setAccessibleName("Confidence threshold")
        self.threshold.setToolTip("<p>Hide boxes the detector is less sure of.</p>")
        self.threshold.valueChanged.connect(self._set_threshold)
        self._name, self._words = text("Threshold", role="muted"), text("", role="muted")
        self._zoom = text("", "small", role="muted")
        self._zoom.setFixedWidth(self._zoom.fontMetrics().horizontalAdvance("1600%"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        row.addWidget(self.title, 1)
        for widget in (self._name, self.threshold, self._words):
            row.addWidget(widget)
        row.addSpacing(GRID // 2)
        self.explain = self._button(
            "eye-outline", EXPLAIN, "What it looked at", lambda _: self.explain_changed.emit(), checkable=True
        )
        self.explain.setText("What it looked at")
        self.strength = self._add_strength()
        self.explain.toggled.connect(self.strength.setVisible)
        self.set_explainable(False)
        self.draw = self._button("vector-square-plus", DRAW, "Draw a box", canvas.set_drawing, checkable=True)
        self.delete = self._button(
            "delete-outline", "Delete the selected box (Delete)", "", lambda _: canvas.delete_chosen()
        )
        row.addWidget(self._zoom)
        for name, words, slot in (
            ("magnify-minus-outline", "Smaller (-)", lambda _: canvas.zoom_to(canvas.scale() / 1.25)),
            ("magnify-plus-outline", "Larger (+)", lambda _: canvas.zoom_to(canvas.scale() * 1.25)),
            ("fit-to-screen-outline", "Whole picture (Ctrl+0)", lambda _: canvas.fit()),
            ("numeric-1-box-outline", "One picture pixel per screen pixel", lambda _: canvas.zoom_to(1.0)),
        ):
            self._button(name, words, "", slot)
        self._add_adjust(adjust)
        canvas.zoomed.connect(lambda scale: self._zoom.setText(f"{scale:.0%}"))
        canvas.drawing_changed.connect(self.draw.setChecked)
        canvas.box_chosen.connect(lambda region: self.delete.setEnabled(region is not None))
        self.set_editable(False)
        self._tint()
        theme.changed.connect(self._tint)

    def set_editable(self, editable: bool) -> None:
        """Show what boxes are edited with, or hide it."""
        self.draw.setVisible(editable)
        self.delete.setVisible(editable)

    def set_explainable(self, explainable: bool) -> None:
        """Offer to show what the classifier looked at."""
        self.explain.setVisible(explainable)

    def is_explainable(self) -> bool:
        """Whether that is offered."""
        return not self.explain.isHidden()

    def hide_threshold(self) -> None:
        """Take the threshold away, where every box is always shown."""
        self._has_threshold = False
        self._give_way()

    def set_threshold(self, threshold: float) -> None:
        """Show boxes from this confidence on."""
        self.threshold.setValue(round(threshold * 100))
        self._set_threshold(round(threshold * 100))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_way()

    def _give_way(self) -> None:
        self._name.setVisible(self._has_threshold and self.width() >= ROOMY)
        self.threshold.setVisible(self._has_threshold)
        self._words.setVisible(self._has_threshold)
        self._zoom.setVisible(self.width() >= SNUG)
        style = Qt.ToolButtonStyle
        self.explain.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if self.width() >= SNUG else style.ToolButtonIconOnly
        )

    def _set_threshold(self, percent: int) -> None:
        self._words.setText(f"≥ {percent / 100:.2f}")
        self.threshold_changed.emit(percent / 100)

    def _button(
        self, name: str, tip: str, said: str, slot: Callable[[bool], object], checkable: bool = False
    ) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(said or tip)
        button.setCheckable(checkable)
        button.setProperty("switch", checkable)
        button.clicked.connect(slot)
        self._buttons.append((button, name))
        row = self.layout()
        assert row is not None
        row.addWidget(button)
        return button

    def _add_strength(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(10, 100)
        slider.setValue(round(STRENGTH * 100))
        slider.setFixedWidth(GRID * 8)
        slider.setAccessibleName("Strength of the colours")
        slider.setToolTip("<p>Strength of the colours</p>")
        slider.valueChanged.connect(lambda _: self.explain_changed.emit())
        slider.hide()
        row = self.layout()
        assert row is not None
        row.addWidget(slider)
        return slider

    def _add_adjust(self, adjust: Adjust) -> None:
        button = self._button(
            "brightness-6", "Brightness, contrast and gamma, for night pictures", "Adjust the picture", lambda _: None
        )  # fmt: skip
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        action = QWidgetAction(menu)
        action.setDefaultWidget(adjust)
        menu.addAction(action)
        button.setMenu(menu)

    def _tint(self) -> None:
        for button, name in self._buttons:
            button.setIcon(icon(name))
