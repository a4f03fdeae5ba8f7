"""What a job was asked, what it said, and the log behind it."""

import json

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from camtrap_gui import paths
from camtrap_gui.jobs import to_plain
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.worker_table import WorkerTable
from camtrap_gui.ui.worker import Job


class JobDetails(QDialog):
    """A window with everything known about a job, to read and to copy. The workers of a cluster are followed."""

    def __init__(self, job: Job, log: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(job.title)
        self.resize(GRID * 90, GRID * 60)
        words = QPlainTextEdit()
        words.setReadOnly(True)
        words.setAccessibleName("Details")
        words.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        asked = json.dumps(to_plain(job.options), indent=1, ensure_ascii=False)
        said = f"\n\nThe end of the log\n{log}" if log else ""
        words.setPlainText(f"{job.message or _now(job)}\n\nOptions\n{asked}{said}\n\nLogs: {paths.logs()}")
        self.workers = WorkerTable(beside=GRID * 36)
        job.changed.connect(self._follow)
        self._job = job
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(words.toPlainText()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(text(f"{job.title}: {job.state}", "heading", bold=True))
        layout.addWidget(self.workers)
        layout.addWidget(words)
        layout.addWidget(buttons)
        self.finished.connect(self.deleteLater)
        words.setFocus()
        self._follow()

    def _follow(self) -> None:
        self.workers.show_values(self._job.progress.get("values", {}))


def _now(job: Job) -> str:
    progress = job.progress
    parts = (progress.get("phase"), progress.get("note"), f"{progress.get('done', 0):,} done")
    return ": ".join(part for part in parts if part) if progress else "It has not said anything yet."
