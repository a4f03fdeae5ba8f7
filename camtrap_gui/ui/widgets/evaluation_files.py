"""The files of an evaluation, to take a copy of any of them along."""

import shutil
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from camtrap_gui import files
from camtrap_gui.project import evaluations
from camtrap_gui.ui.widgets import ask


class EvaluationFiles(QPushButton):
    """A button with a menu. ``saved`` brings the copy made, ``refused`` a sentence why there is none."""

    saved = Signal(Path)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Save", parent)
        self._folder = Path()
        self._actions: dict[str, QAction] = {}
        menu = QMenu(self)
        for words, name in evaluations.FILES.items():
            action = menu.addAction(f"{words} ({Path(name).suffix[1:].upper()})…")
            action.triggered.connect(lambda _=False, name=name: self._ask_where(name))
            self._actions[name] = action
        menu.addSeparator()
        menu.addAction("Open the folder").triggered.connect(self._open_folder)
        self.setMenu(menu)

    def show_folder(self, folder: Path) -> None:
        """Offer what there is in the folder of an evaluation."""
        self._folder = folder
        for name, action in self._actions.items():
            action.setEnabled((folder / name).is_file())

    def save_copy(self, name: str, path: Path) -> None:
        """Copy one file of the evaluation to where the user wants it."""
        try:
            with files.replacing(path) as beside:
                shutil.copyfile(self._folder / name, beside)
        except OSError as error:
            self.refused.emit(f"{path} cannot be written: {error.strerror}. Choose another place.")
        else:
            self.saved.emit(path)

    def _ask_where(self, name: str) -> None:
        kind = f"{Path(name).suffix[1:].upper()} (*{Path(name).suffix})"
        ask.for_target(self, "Save a copy", Path.home() / name, kind, lambda path: self.save_copy(name, path))

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
