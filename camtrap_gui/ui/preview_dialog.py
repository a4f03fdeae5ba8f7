"""What an import into the open project would bring, in a dialog from which it can be started."""

import tempfile
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.remote_pictures import is_elsewhere
from camtrap_gui.steps import results
from camtrap_gui.ui.import_preview import ImportPreview, Options
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.options_form import PathEdit


class PreviewDialog(QDialog):
    """Looks at once. ``accepted`` is the wish to import; it need not wait for the preview.

    ``options`` are those of the import: where a file names pictures, their folder can be said here, too.

    ``project`` is the folder of the project that results of a detector are for.
    """

    def __init__(self, options: Options, parent: QWidget | None = None, project: Path | None = None) -> None:
        super().__init__(parent)
        self.options = options
        self.setWindowTitle("Preview of the import")
        self.resize(GRID * 104, GRID * 70)
        self._scratch = tempfile.TemporaryDirectory(prefix="camtrap-preview-", ignore_cleanup_errors=True)
        self.preview = ImportPreview(
            project or Path(self._scratch.name) / "project",
            "You need not wait: Import goes on without the preview.",
        )
        self.import_button = QPushButton("Import")
        self.import_button.setProperty("primary", True)
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(self.accept)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.preview.changed.connect(self._show_state)
        self.images = PathEdit(folder=True)
        self.images.setAccessibleName("Folder that the names in the file start from")
        self.images.setText(str(options.images or ""))
        self.images.textChanged.connect(self._look_again)
        beside = QHBoxLayout()
        beside.setSpacing(GRID)
        self._images_words = text("Names in the file start from", role="muted")
        beside.addWidget(self._images_words)
        beside.addWidget(self.images, 1)
        for widget in (self.images, self._images_words):
            widget.setVisible(_names_pictures(options))
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(cancel)
        buttons.addStretch()
        buttons.addWidget(self.import_button)
        if isinstance(options, results.Options):
            source = options.file.name
        else:
            path = options.folder or options.json or options.camtrap_dp
            source = path.name if path else options.lila
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text(f"What is in {source or 'it'}", "title", bold=True))
        layout.addWidget(text("A preview: nothing has been imported yet.", role="muted"))
        layout.addSpacing(GRID)
        layout.addLayout(beside)
        layout.addWidget(self.preview, 1)
        layout.addLayout(buttons)
        self.finished.connect(self.deleteLater)
        self.import_button.setFocus()
        self.preview.look(options)

    def done(self, result: int) -> None:
        self.preview.stop()
        self.preview.close_threads()
        self._scratch.cleanup()
        super().done(result)

    def _look_again(self, words: str) -> None:
        folder = Path(words.strip()).expanduser() if words.strip() else None
        if folder is None or is_elsewhere(folder) or folder.is_dir():
            self.options = replace(self.options, images=folder)
            self.preview.look(self.options)

    def _show_state(self) -> None:
        self.import_button.setEnabled(not self.preview.is_refused())


def _names_pictures(options: Options) -> bool:
    return isinstance(options, results.Options) or bool(options.json or options.camtrap_dp)


def offer_results(panel: Panel, file: Path) -> PreviewDialog:
    """Show what results of a detector would bring into the panel's project, and bring them in if that is wished."""
    dialog = PreviewDialog(results.Options(file), panel, panel.session.project.folder)
    dialog.accepted.connect(lambda: panel.watch(panel.session.start("results", dialog.options)))
    dialog.open()
    return dialog
