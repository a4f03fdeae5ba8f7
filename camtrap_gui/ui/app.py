"""Starts the window."""

import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from camtrap_gui import __version__, settings
from camtrap_gui.ui import errors, theme
from camtrap_gui.ui.window import Window


def main(folder: Path | None = None) -> int:
    """Show the window, on a project when a folder is given, and return its exit status when it is closed."""
    os.environ.setdefault("QT_API", "pyside6")  # qtawesome asks for it
    app = QApplication(sys.argv[:1])
    app.setApplicationName("camtrap")
    app.setApplicationVersion(__version__)
    preferences = settings.load()
    theme.prepare(app, preferences.theme)
    defects = errors.install()
    window = Window(preferences)
    defects.met.connect(window.defect)
    defects.mishap.connect(window.mishap)
    defects.folder = window.folder
    app.aboutToQuit.connect(window.shut_down)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C in the terminal; engines end with the window
    window.show()
    if folder is not None:
        QTimer.singleShot(0, lambda: window.open_folder(folder))
    return app.exec()
