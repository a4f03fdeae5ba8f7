"""What the window does with errors nobody caught: log them, show them once, go on."""

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from camtrap_gui import mishaps, paths

_log = logging.getLogger("camtrap")


class Defects(QObject):
    """Emits ``met`` with a headline and the traceback for every uncaught exception, each kind once.

    What the user can mend (a full disk, a folder that is away) is no defect: ``mishap`` is emitted with its sentence.
    ``folder`` is that of the open project.
    """

    met = Signal(str, str)
    mishap = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.folder: Callable[[], Path | None] = lambda: None
        self._seen: set[str] = set()

    def catch(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """To be installed as ``sys.excepthook``."""
        details = "".join(traceback.format_exception(kind, error, trace))
        _log.error("uncaught: %s", details)
        if (problem := mishaps.problem_of(error, self.folder())) is not None:
            self.mishap.emit(str(problem))
            return
        key = f"{kind.__name__} {traceback.extract_tb(trace)[-1:]}"
        if key not in self._seen:
            self._seen.add(key)
            self.met.emit(f"{kind.__name__}: {error}", details)


def install() -> Defects:
    """Log to a file, where one can be written, and catch what nobody else does."""
    handler: logging.Handler = logging.StreamHandler()
    with suppress(OSError):  # a full or read-only disk is no reason to have no window
        paths.logs().mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            paths.logs() / "window.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8"
        )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    defects = Defects()
    sys.excepthook = defects.catch
    return defects


def show_details(parent: QWidget, headline: str, details: str) -> QMessageBox:
    """A window with a sentence, the details folded away, "Copy details", and where the log is. Does not block."""
    box = QMessageBox(
        QMessageBox.Icon.Warning, "Something went wrong", headline, QMessageBox.StandardButton.Close, parent
    )
    box.setInformativeText(f"Your work is saved. The log is in {paths.logs()}.")
    box.setDetailedText(details)
    copy = box.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details))
    box.open()
    return box
