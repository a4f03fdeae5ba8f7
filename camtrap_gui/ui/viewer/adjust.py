"""Brightness, contrast and gamma, for night pictures."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGridLayout, QSlider, QToolButton, QWidget

from camtrap_gui.ui.theme import GRID, text


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
