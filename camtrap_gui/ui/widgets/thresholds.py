"""A slider for each category a detector tells apart: how sure it must be."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from camtrap_gui.ui.theme import GRID, text


class Thresholds(QWidget):
    """Emits ``changed`` when a person moves one. Values are confidences, 0 to 1."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sliders: dict[str, QSlider] = {}
        self._values: dict[str, QLabel] = {}
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(GRID)
        self._rows.setVerticalSpacing(0)

    def offer(self, categories: Sequence[str], lowest: float, value: float) -> None:
        """Have a slider for each of these, from ``lowest`` on; those that are there already stay where they are."""
        if list(self._sliders) == list(categories):
            return
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._sliders.clear()
        self._values.clear()
        for row, category in enumerate(categories):
            self._add(row, category, lowest, value)

    def set_all(self, value: float) -> None:
        """Put all at one confidence, as if nobody had moved them."""
        for slider in self._sliders.values():
            slider.blockSignals(True)
            slider.setValue(round(value * 100))
            slider.blockSignals(False)
        self._show_values()

    def values(self) -> Mapping[str, float]:
        """By category."""
        return {category: slider.value() / 100 for category, slider in self._sliders.items()}

    def slider(self, category: str) -> QSlider:
        """That of a category."""
        return self._sliders[category]

    def _add(self, row: int, category: str, lowest: float, value: float) -> None:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(int(lowest * 100), 100)
        slider.setValue(round(value * 100))
        slider.setMaximumWidth(GRID * 40)
        slider.setAccessibleName(f"Least confidence: {category}")
        slider.setToolTip(f"<p>Only what the detector is at least so sure to be: {category}.</p>")
        slider.valueChanged.connect(lambda _: self._moved())
        self._sliders[category] = slider
        self._values[category] = text("")
        self._rows.addWidget(text(category.capitalize(), role="muted"), row, 0)
        self._rows.addWidget(slider, row, 1)
        self._rows.addWidget(self._values[category], row, 2)
        self._rows.setColumnStretch(1, 2)
        self._rows.setColumnStretch(2, 1)
        self._show_values()

    def _moved(self) -> None:
        self._show_values()
        self.changed.emit()

    def _show_values(self) -> None:
        for category, slider in self._sliders.items():
            is_all = slider.value() == slider.minimum()
            self._values[category].setText("all there is" if is_all else f"≥ {slider.value() / 100:.2f}")
