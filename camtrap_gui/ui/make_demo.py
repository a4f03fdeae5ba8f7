"""The demo survey: opened when it is there, made when it is not, with the whole road gone once."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.demo import Options
from camtrap_gui.project import CONFIG
from camtrap_gui.ui.new_project import documents
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.options_form import PathEdit
from camtrap_gui.ui.worker import Job, JobQueue

if TYPE_CHECKING:
    from camtrap_gui.ui.window import Window

PROJECT = "project"


def make_demo(window: "Window") -> None:
    """Open the demo where it usually is, or ask where to make it."""
    usual = documents() / "camtrap demo"
    if (usual / PROJECT / CONFIG).is_file():
        window.open_folder(usual / PROJECT)
        return
    dialog = MakeDemo(usual, window)
    dialog.made.connect(window.open_folder)
    dialog.open()


class MakeDemo(QDialog):
    """Asks for a folder, makes the demo there and emits ``made`` with its project folder."""

    made = Signal(Path)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Demo survey")
        self.resize(GRID * 76, GRID * 36)
        self._queue = JobQueue("demo", self)
        self._job: Job | None = None
        self.folder = PathEdit(folder=True)
        self.folder.setAccessibleName("Folder for the demo")
        self.folder.setText(str(folder))
        self.words = text("", role="muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.bar.hide()
        self.start_button = QPushButton("Make the demo")
        self.start_button.setProperty("primary", True)
        self.start_button.setDefault(True)
        self.cancel = QPushButton("Cancel")
        self.start_button.clicked.connect(self.start)
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.cancel)
        buttons.addStretch()
        buttons.addWidget(self.start_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text("A survey to try everything on", "title", bold=True))
        layout.addWidget(
            text(
                "Pictures of drawn animals at drawn camera sites are made on this computer, the animals are found, cut "
                "out and learnt. That takes some minutes; it can be stopped and goes on where it stopped.",
                role="muted",
                wrap=True,
            )
        )
        layout.addSpacing(GRID)
        layout.addWidget(self.folder)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        layout.addStretch()
        layout.addLayout(buttons)
        self.finished.connect(self.deleteLater)
        self.start_button.setFocus()

    def start(self) -> None:
        """Make the demo in the folder, or go on with one begun there; one that is there is opened."""
        folder = Path(self.folder.text().strip()).expanduser()
        if (folder / PROJECT / CONFIG).is_file() and (folder / "demo.json").is_file():
            self._finish(folder)
            return
        job = self._job = Job("demo", "Demo", None, Options(folder))
        job.changed.connect(lambda: self._show(job))
        job.ended.connect(lambda: self._ended(job, folder))
        self.start_button.setEnabled(False)
        self.folder.setEnabled(False)
        self._queue.submit(job)

    def done(self, result: int) -> None:
        self._job = None
        self._queue.close()
        super().done(result)

    def _show(self, job: Job) -> None:
        progress = job.progress
        done, total = progress.get("done", 0), progress.get("total")
        self.bar.setVisible(not job.is_over())
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        counted = f"{done:,} of {total:,}" if total else ""
        self._say(f"{progress.get('phase') or 'Starting'}…  {counted}", "muted")

    def _ended(self, job: Job, folder: Path) -> None:
        if job is not self._job:
            return
        if job.state == "done":
            self._finish(folder)
            return
        self.start_button.setEnabled(True)
        self.folder.setEnabled(True)
        failed = "This failed unexpectedly. What was made is kept; try again to go on."
        self._say(job.message if job.state == "problem" else failed, "error")

    def _finish(self, folder: Path) -> None:
        self.accept()
        self.made.emit(folder / PROJECT)

    def _say(self, sentence: str, role: str) -> None:
        self.words.setProperty("role", role)
        self.words.style().polish(self.words)
        self.words.setText(sentence)
