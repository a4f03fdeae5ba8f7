"""Taking a classifier elsewhere: choose formats and a folder, and see that each was checked against the trained one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.project import history, runs
from camtrap_gui.steps.export import FORMATS
from camtrap_gui.ui.panels.panel import EXPORTS
from camtrap_gui.ui.panels.run_panel import RunPanel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.options_form import PathEdit

TITLES = {"bundle": "Bundle", "frozen-graph": "Frozen graph", "saved-model": "SavedModel"}
FOR_WHOM = {
    "bundle": "this program",
    "frozen-graph": "TensorFlow 1 scripts",
    "saved-model": "TensorFlow 2",
}


class ExportPanel(RunPanel):
    """The table is of the last export; the folder follows the run until the user chooses another."""

    step = "export"
    verb = "Export"
    topics = frozenset({"runs", "exports"})
    only = ("run",)
    facets = EXPORTS
    empty_icon = "export-variant"
    empty_text = (
        "The trained classifier is written for use elsewhere: for this program on another machine, or for your own "
        "scripts. Every file is loaded again and must decide as the classifier does. Nothing has been exported yet."
    )

    def build(self) -> QWidget:
        self.formats = {name: QCheckBox(f"{TITLES[name]}, for {FOR_WHOM[name]}") for name in FORMATS}
        self.folder = PathEdit(folder=True)
        self.folder.setAccessibleName("Folder of the export")
        self.folder.setToolTip("<p>Made if need be. An earlier export there is replaced.</p>")
        self._suggested = ""
        self._add_fields()
        self.form.changed.connect(self._suggest_folder)
        self.headline = text("", "heading", bold=True)
        self.where = text("", role="muted", wrap=True)
        self.open_button = QPushButton("Open folder")
        self.open_button.clicked.connect(self._open_folder)
        self.table = NumberTable("What was exported, and how it was checked")
        self.meaning = text(
            "Each was loaded again by a fresh process and tried on crops of the project. The difference is the largest "
            "of any confidence (0 to 1); “other decision” counts the crops it would name differently.",
            role="muted",
            wrap=True,
        )
        return self._page()

    def look(self) -> None:
        self._stale = True  # the folder may be gone without anything in the project having changed
        super().look()
        self._suggest_folder()

    def is_empty(self) -> bool:
        return self._last() is None

    def start(self) -> None:
        self.form.fixed["folder"] = Path(self.folder.text().strip() or self._suggested)
        self.form.fixed["formats"] = tuple(name for name, box in self.formats.items() if box.isChecked())
        super().start()

    def refresh(self) -> None:
        result = self._last()
        assert result is not None
        folder, checked = Path(result["folder"]), result["checked"]
        is_there = folder.is_dir()
        known = {run.id: run_choice.words(run) for run in runs.all_of(self.session.project)}
        self.headline.setText(f"Exported {known.get(result['run'], result['run'])}")
        changed = sum(check["changed"] for check in checked)
        decided = f"{changed:,} other decisions" if changed else "every decision the same"
        self.where.setText(
            f"{result['classes']:,} classes · {decided} · {folder}"
            if is_there
            else f"{folder} is no longer there."
        )
        self.open_button.setEnabled(is_there)
        self.table.fill(
            ("Format", "crops tried", "difference", "other decision"),
            [
                (
                    f"{TITLES[check['format']]} · {Path(check['path']).name}",
                    check["crops"],
                    float(check["max_difference"]),
                    check["changed"],
                )
                for check in checked
            ],
        )

    def _last(self) -> Mapping[str, Any] | None:
        job = history.last_done(self.session.project).get(self.step)
        return None if job is None else job.result

    def _suggest_folder(self) -> None:
        run: str = self.run_box.currentData() or "classifier"
        before, self._suggested = self._suggested, str(self.session.project.folder / "exports" / run)
        if self.folder.text() in ("", before):
            self.folder.setText(self._suggested)

    def _open_folder(self) -> None:
        if (result := self._last()) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(result["folder"]))

    def _add_fields(self) -> None:
        layout = self.form.layout()
        assert layout is not None
        for box in self.formats.values():
            box.setChecked(True)
            layout.addWidget(box)
        layout.addWidget(text("Folder", role="muted"))
        layout.addWidget(self.folder)

    def _page(self) -> QWidget:
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignTop)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.where)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.meaning)
        return page
