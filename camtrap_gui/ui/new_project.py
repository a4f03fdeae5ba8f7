"""A new project in three pages: where the pictures are, a preview of what is there, where the project goes.

Nothing is made or changed before the last button: the preview is an import into a folder of its own that is taken
away again, done by an engine of its own.
"""

import os
import tempfile
from pathlib import Path

import platformdirs
from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.files import safe_name
from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, Project
from camtrap_gui.steps.dataset import Options
from camtrap_gui.ui.import_preview import ImportPreview
from camtrap_gui.ui.picture_source import PictureSource
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.drops import dropped_paths
from camtrap_gui.ui.widgets.options_form import PathEdit

HEADINGS = (
    ("Where are the pictures?", "They stay where they are and are only read."),
    ("What is there", "A preview: nothing has been imported yet."),
    ("Name and place", "The project is a folder of its own. Deleting it later leaves the pictures alone."),
)


class NewProject(QDialog):
    """Emits ``made`` with the folder of the new, empty project and the options of its first import."""

    made = Signal(Path, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self.resize(GRID * 104, GRID * 78)
        self.setAcceptDrops(True)
        self._scratch = tempfile.TemporaryDirectory(prefix="camtrap-preview-", ignore_cleanup_errors=True)
        self._previewed: Options | None = None
        self.source = PictureSource()
        self.preview = ImportPreview(
            Path(self._scratch.name) / "project", "You need not wait: Next goes on without the preview."
        )
        self.place = ProjectPlace()
        self.pages = QStackedWidget()
        for page in (self.source, self.preview, self.place):
            self.pages.addWidget(page)
        self._heading = text("", "title", bold=True)
        self._words = text("", role="muted", wrap=True)
        self._refusal = text("", role="error", wrap=True)
        self.back = QPushButton("Back")
        self.next = QPushButton("Next")
        self.next.setProperty("primary", True)
        self.next.setDefault(True)
        self.cancel = QPushButton("Cancel")
        self.back.clicked.connect(lambda: self.show_page(self.pages.currentIndex() - 1))
        self.next.clicked.connect(self.go_on)
        self.cancel.clicked.connect(self.reject)
        for part in (self.source.changed, self.preview.changed, self.place.changed):
            part.connect(self._show_state)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.cancel)
        buttons.addStretch()
        buttons.addWidget(self.back)
        buttons.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(self._heading)
        layout.addWidget(self._words)
        layout.addSpacing(GRID)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self._refusal)
        layout.addLayout(buttons)
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # the dialog takes them
        self.finished.connect(self.deleteLater)
        self.show_page(0)

    def show_page(self, number: int) -> None:
        """Show the page with this number, 0 to 2."""
        self.pages.setCurrentIndex(number)
        heading, words = HEADINGS[number]
        self._heading.setText(heading)
        self._words.setText(words)
        self._refusal.setText("")
        if number == 0:
            self.preview.stop()
            self._previewed = None
        elif number == 1 and self.source.options() != self._previewed:
            self._previewed = self.source.options()
            self.preview.look(self.source.options())
        elif number == 2:
            self.place.suggest(self.source.name(), self.source.images())
        self._show_state()
        (self.place.name if number == 2 else self.next).setFocus()

    def go_on(self) -> None:
        """To the next page, or from the last one to the project."""
        number = self.pages.currentIndex()
        if number < 2:
            self.show_page(number + 1)
            return
        self.preview.stop()
        try:
            Project.create(self.place.path(), self.place.name.text().strip()).close()
        except Problem as problem:
            self._refusal.setText(str(problem))
            return
        self.made.emit(self.place.path(), self.source.options())
        self.accept()

    def done(self, result: int) -> None:
        self.source.close_threads()
        self.preview.close_threads(then=self._scratch.cleanup)
        super().done(result)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.pages.currentIndex() == 0 and len(dropped_paths(event.mimeData())) == 1:
            event.acceptProposedAction()
            self.source.zone.set_over(True)

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:
        self.source.zone.set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.source.zone.set_over(False)
        event.acceptProposedAction()
        self.source.choose(dropped_paths(event.mimeData())[0])

    def _show_state(self) -> None:
        number = self.pages.currentIndex()
        self.back.setVisible(number > 0)
        self.next.setText(("Look at them", "Next", "Make the project and import")[number])
        ready = (self.source.is_ready(), not self.preview.is_refused(), not self.place.refusal())
        self.next.setEnabled(ready[number])


class ProjectPlace(QWidget):
    """Name and folder of a new project; the folder follows the name until it is chosen by hand."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images = Path()
        self._parent = Path.home()
        self._followed = ""
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the project")
        self.folder = PathEdit(folder=True)
        self.folder.setAccessibleName("Folder of the project")
        self.words = text("", role="muted", wrap=True)
        self.name.textEdited.connect(lambda _: self._follow())
        self.folder.textChanged.connect(lambda _: self._show())
        rows = QFormLayout()
        rows.setSpacing(GRID * 2)
        for label, field in (("Name", self.name), ("Folder", self.folder)):
            words = text(label, role="muted")
            words.setBuddy(field)
            rows.addRow(words, field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID * 2)
        layout.addLayout(rows)
        layout.addWidget(self.words)
        layout.addStretch()

    def suggest(self, name: str, images: Path) -> None:
        """Offer a name, and a folder beside the pictures, or among the documents where that cannot be written."""
        if images == self._images:
            return
        self._images = images
        beside = images.parent
        self._parent = beside if os.access(beside, os.W_OK) and beside != images else documents()
        self.name.setText(name)
        self._follow(anew=True)

    def path(self) -> Path:
        """The folder of the project to be."""
        return Path(self.folder.text().strip()).expanduser()

    def refusal(self) -> str:
        """Why the project cannot be made there; '' when it can."""
        path = self.path()
        if not self.name.text().strip() or not path.is_absolute():
            return "Give the project a name and a folder."
        if path.resolve().is_relative_to(self._images.resolve()):
            return (
                f"Nothing is written among the pictures. Choose a folder that is not inside {self._images}."
            )
        if (path / CONFIG).exists():
            return "There is already a project in this folder. Open it, or choose another folder."
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            return "This folder is not empty. Choose a new one."
        return ""

    def _follow(self, anew: bool = False) -> None:
        if anew or self.folder.text() == self._followed:
            self._followed = str(self._parent / safe_name(f"{self.name.text().strip()} project"))
            self.folder.setText(self._followed)
        self._show()

    def _show(self) -> None:
        try:
            refusal = self.refusal()
        except OSError as error:
            refusal = f"This folder cannot be used: {error.strerror}."
        self.words.setProperty("role", "error" if refusal else "muted")
        self.words.style().polish(self.words)
        self.words.setText(
            refusal or "The folder is made now; the import begins at once and can be stopped and continued."
        )
        self.changed.emit()


def documents() -> Path:
    """Where this user keeps documents."""
    return platformdirs.user_documents_path()
