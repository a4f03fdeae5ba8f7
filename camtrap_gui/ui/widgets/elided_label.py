"""A line of text that gives way where there is no room."""

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from camtrap_gui.ui.theme import GRID


class ElidedLabel(QLabel):
    """A line that is cut with an ellipsis where there is no room; the tooltip has all of it."""

    def __init__(
        self, cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._cut = cut
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def setText(self, words: str) -> None:
        super().setText(words)
        self.setToolTip(f"<p>{escape(words)}</p>")

    def minimumSizeHint(self) -> QSize:
        return QSize(GRID * 10, super().minimumSizeHint().height())

    def paintEvent(self, _: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.text(), self._cut, self.width())
        self.style().drawItemText(
            QPainter(self), self.rect(), int(Qt.AlignmentFlag.AlignVCenter), self.palette(), True, shown,
            QPalette.ColorRole.WindowText,
        )  # fmt: skip
