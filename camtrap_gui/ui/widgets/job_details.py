"""What a job was asked, what it said, and the log behind it."""

import json

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from camtrap_gui import paths
from camtrap_gui.jobs import to_plain
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.worker import Job


class JobDetails(QDialog):
    """A window with everything known about a job, to read and to copy."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(job.title)
        self.resize(GRID * 90, GRID * 60)
        words = QPlainTextEdit()
        words.setReadOnly(True)
        words.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        asked = json.dumps(to_plain(job.options), indent=1, ensure_ascii=False)
        words.setPlainText(f"{job.message or 'No message yet.'}\n\nOptions\n{asked}\n\nLogs: {paths.logs()}")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(words.toPlainText()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text(f"{job.title}: {job.state}", "heading", bold=True))
        layout.addWidget(words)
        layout.addWidget(buttons)
