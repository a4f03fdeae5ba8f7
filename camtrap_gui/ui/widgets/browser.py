"""A list of images and, behind a double click or Enter, the picture itself with its sequence."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from camtrap_gui.ui import pictures
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.viewer.viewer import Viewer
from camtrap_gui.ui.widgets.image_list import NOTHING, ImageList, Marks


class Browser(QStackedWidget):
    """Shows the images with the ids given; Escape goes back from the picture to the list."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.list = ImageList(session.project)
        self.list.opened.connect(self.open_place)
        self.viewer = Viewer()
        back = QPushButton("Back to the list (Esc)")
        back.clicked.connect(self.close_viewer)
        single = QWidget()
        column = QVBoxLayout(single)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.viewer, 1)
        self.addWidget(self.list)
        self.addWidget(single)

    def show_ids(
        self, ids: Sequence[int], problems: Mapping[int, str] = NOTHING, marks: Marks | None = None
    ) -> None:
        """List these images; ``problems`` and ``marks`` as in ``ImageList``."""
        self.list.show_ids(ids, problems, marks)

    def open_place(self, place: int) -> None:
        """Show the image at a place of the list, with its sequence below it."""
        self.open_image(int(self.list.rows.ids[place]))

    def open_image(self, image_id: int) -> None:
        """Show an image of the project, in the list or not, with its sequence below it."""
        shown, at = pictures.sequence(self._session.project, image_id)
        self.viewer.show_pictures(shown, at)
        self.setCurrentIndex(1)
        self.viewer.setFocus()

    def close_viewer(self) -> None:
        """Back to the list."""
        self.setCurrentIndex(0)
        self.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.currentIndex() == 1:
            self.close_viewer()
        else:
            super().keyPressEvent(event)

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self.list.close_threads()
        self.viewer.close_threads()
