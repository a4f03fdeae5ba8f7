"""Taking a classifier elsewhere: choose forms and a folder, and see that each was checked against the trained one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from camtrap_gui.project import history, runs
from camtrap_gui.ui.panels.panel import EXPORTS
from camtrap_gui.ui.panels.run_panel import RunPanel
from camtrap_gui.ui.theme import text
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.export_formats import ExportFormats
from camtrap_gui.ui.widgets.export_result import ExportResult
from camtrap_gui.ui.widgets.options_form import PathEdit


class ExportPanel(RunPanel):
    """The table is of the last export; the folder follows the run until the user chooses another."""

    step = "export"
    verb = "Export"
    topics = frozenset({"runs", "exports"})
    only = ("run", "author", "licence")
    facets = EXPORTS
    empty_icon = "export-variant"
    empty_text = (
        "The trained classifier is written for use elsewhere: for this program on another machine, for your own "
        "scripts, for a phone. Every file is loaded again and must decide as the classifier does. A model card says "
        "what it can and what it cannot. Nothing has been exported yet."
    )

    def build(self) -> QWidget:
        self.formats = ExportFormats()
        self.folder = PathEdit(folder=True)
        self.folder.setAccessibleName("Folder of the export")
        self.folder.setToolTip("<p>Made if need be. An earlier export there is replaced.</p>")
        self._suggested = ""
        layout = self.form.layout()
        assert layout is not None
        layout.addWidget(text("Folder", role="muted"))
        layout.addWidget(self.folder)
        layout.addWidget(self.formats)
        self.form.changed.connect(self._suggest_folder)
        self.written = ExportResult()
        return self.written

    def look(self) -> None:
        self._stale = True  # the folder may be gone without anything in the project having changed
        super().look()
        self._suggest_folder()

    def is_empty(self) -> bool:
        return self._last() is None

    def start(self) -> None:
        self.form.fixed["folder"] = Path(self.folder.text().strip() or self._suggested)
        self.form.fixed["formats"] = self.formats.chosen()
        super().start()

    def refresh(self) -> None:
        result = self._last()
        assert result is not None
        known = {run.id: run_choice.words(run) for run in runs.all_of(self.session.project)}
        self.written.show_export(result, known.get(result["run"], result["run"]))

    def _last(self) -> Mapping[str, Any] | None:
        job = history.last_done(self.session.project).get(self.step)
        return None if job is None else job.result

    def _suggest_folder(self) -> None:
        run: str = self.run_box.currentData() or "classifier"
        before, self._suggested = self._suggested, str(self.session.project.folder / "exports" / run)
        if self.folder.text() in ("", before):
            self.folder.setText(self._suggested)
