"""Pictures behind a figure: a heading that says which, the viewer, and the way back."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer.shown import ShownPicture
from camtrap_gui.ui.viewer.viewer import Viewer


class PicturesPage(QWidget):
    """``left`` asks for the page that led here, by the button or Escape."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = text("", "heading", bold=True, wrap=True)
        self.back = QPushButton("Back to the figures (Esc)")
        self.back.clicked.connect(self.left)
        self.viewer = Viewer()
        self.viewer.hide_threshold()
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.viewer, 1)

    def show_pictures(self, title: str, shown: Sequence[ShownPicture], place: int = 0) -> None:
        """Show these under a heading, beginning with one of them; the keys go to the viewer."""
        self.title.setText(title)
        self.viewer.show_pictures(shown, place)
        self.viewer.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
