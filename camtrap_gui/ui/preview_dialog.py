"""What an import into the open project would bring, in a dialog from which it can be started."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.remote_pictures import is_elsewhere
from camtrap_gui.steps import merge, results
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
        merges = isinstance(options, merge.Options)
        verb, done = ("Merge", "merged") if merges else ("Import", "imported")
        self.setWindowTitle("Preview of the merge" if merges else "Preview of the import")
        self.resize(GRID * 104, GRID * 70)
        self._scratch = tempfile.TemporaryDirectory(prefix="camtrap-preview-", ignore_cleanup_errors=True)
        self.preview = ImportPreview(
            project or Path(self._scratch.name) / "project",
            f"You need not wait: {verb} goes on without the preview.",
        )
        self.import_button = QPushButton(verb)
        self.import_button.setProperty("primary", True)
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(self.accept)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.preview.changed.connect(self._show_state)
        self.images = PathEdit(folder=True)
        self.images.setAccessibleName("Folder that the names in the file start from")
        self.images.setText(str(getattr(options, "images", None) or ""))
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text(f"What is in {_source(options)}", "title", bold=True))
        layout.addWidget(text(f"A preview: nothing has been {done} yet.", role="muted"))
        layout.addSpacing(GRID)
        layout.addLayout(beside)
        layout.addWidget(self.preview, 1)
        layout.addLayout(buttons)
        self.finished.connect(self.deleteLater)
        self.import_button.setFocus()
        self.preview.look(options)

    def done(self, result: int) -> None:
        self.preview.stop()
        self.preview.close_threads(then=self._scratch.cleanup)
        super().done(result)

    def _look_again(self, words: str) -> None:
        if isinstance(self.options, merge.Options):
            return
        folder = Path(words.strip()).expanduser() if words.strip() else None
        if folder is None or is_elsewhere(folder) or folder.is_dir():
            self.options = replace(self.options, images=folder)
            self.preview.look(self.options)

    def _show_state(self) -> None:
        self.import_button.setEnabled(not self.preview.is_refused())


def _names_pictures(options: Options) -> bool:
    if isinstance(options, merge.Options):
        return False
    return isinstance(options, results.Options) or bool(options.json or options.camtrap_dp or options.csv)


def _source(options: Options) -> str:
    """What the options bring in, in a word or two."""
    if isinstance(options, merge.Options):
        return options.files[0].name if len(options.files) == 1 else "the parts of other computers"
    if isinstance(options, results.Options):
        return options.file.name
    path = options.folder or options.json or options.camtrap_dp or options.csv
    return (path.name if path else options.lila) or "it"


def offer_results(panel: Panel, file: Path) -> PreviewDialog:
    """Show what results of a detector would bring into the panel's project, and bring them in if that is wished."""
    return _offer(panel, "results", results.Options(file))


def offer_shards(panel: Panel, files: Sequence[Path]) -> PreviewDialog:
    """Show what files of shards would bring, or without any those in the project's folder, and merge them if wished."""
    return _offer(panel, "merge", merge.Options(tuple(files)))


def _offer(panel: Panel, step: str, options: Options) -> PreviewDialog:
    session = panel.session
    dialog = PreviewDialog(options, panel, session.project.folder)

    def start() -> None:
        job = session.start(step, dialog.options)
        job.ended.connect(
            lambda: session.told.emit(job.message.partition("\n")[0]) if job.state == "done" else None
        )
        panel.watch(job)

    dialog.accepted.connect(start)
    dialog.open()
    return dialog
