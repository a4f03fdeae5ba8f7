"""Asking for files, folders and leave without stopping the window: the answer comes to a function."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from camtrap_gui.ui.theme import GRID

PICTURES = "Pictures (*.jpg *.jpeg *.png *.tif *.tiff *.bmp *.webp *.gif);;All files (*)"


def for_folder(parent: QWidget, title: str, start: Path, then: Callable[[Path], object]) -> QFileDialog:
    """Ask for a folder that is there, or is made in the dialog."""
    dialog = QFileDialog(parent, title, str(start))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _open(dialog, lambda names: then(Path(names[0])))


def for_files(
    parent: QWidget, title: str, start: Path, kinds: str, then: Callable[[list[Path]], object]
) -> QFileDialog:
    """Ask for one or more files that are there."""
    dialog = QFileDialog(parent, title, str(start), kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return _open(dialog, lambda names: then([Path(name) for name in names]))


def for_target(
    parent: QWidget, title: str, start: Path, kinds: str, then: Callable[[Path], object]
) -> QFileDialog:
    """Ask where a file shall be written; the dialog asks again before one is replaced.

    A name without an ending gets that of the kind chosen, at first that of ``start``.
    """
    dialog = QFileDialog(parent, title, str(start.parent), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(start.suffix)
    dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kind.rpartition("*.")[2].rstrip(")")))
    dialog.selectFile(start.name)
    return _open(dialog, lambda names: then(Path(names[0])))


def for_address(parent: QWidget, title: str, words: str, then: Callable[[str], object]) -> QInputDialog:
    """Ask for an address, or whatever is typed in its place."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    dialog.resize(GRID * 70, dialog.sizeHint().height())
    dialog.textValueSelected.connect(lambda typed: then(typed.strip()) if typed.strip() else None)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def whether_to_stop(
    parent: QWidget, busy_with: str, then: Callable[[], object], otherwise: Callable[[], object]
) -> QMessageBox:
    """Ask whether running work, named as in a sentence, may be stopped: ``then`` if so, ``otherwise`` if not."""
    box = QMessageBox(
        QMessageBox.Icon.Question, "Stop the work?", f"Still working on {busy_with}.", parent=parent
    )
    box.setInformativeText("What is done is kept. The next time, the same step can go on where it stops now.")
    box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton("Keep working", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.accepted.connect(then)
    box.rejected.connect(otherwise)
    box.open()
    return box


def _open(dialog: QFileDialog, then: Callable[[list[str]], object]) -> QFileDialog:
    dialog.filesSelected.connect(then)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
