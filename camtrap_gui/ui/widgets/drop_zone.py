"""A place that says what can be dropped on it, with buttons for those who rather choose."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, text, theme
from camtrap_gui.ui.widgets.sign import Sign


class DropZone(QFrame):
    """Shows an icon, a sentence and buttons; whoever owns it takes the drop and calls ``set_over``."""

    def __init__(
        self, icon_name: str, heading: str, words: str, *buttons: QPushButton, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._over = False
        self.heading = text(heading, "heading", bold=True, wrap=True)
        self.words = text(words, role="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addStretch()
        for label in (Sign(icon_name, "muted", GRID * 7), self.heading, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch()
        for button in buttons:
            row.addWidget(button)
        row.addStretch()
        layout.addSpacing(GRID)
        layout.addLayout(row)
        layout.addStretch()

    def set_over(self, over: bool) -> None:
        """Whether something is being held over it."""
        self._over = over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        colours = theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(colours.accent if self._over else colours.line), 2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        if self._over:
            painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 10, 10)
