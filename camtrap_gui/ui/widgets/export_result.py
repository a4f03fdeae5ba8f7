"""What an export wrote: each file with its size and how it compared with the classifier, and the ways to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.formats.classifier_exports import FORMATS
from camtrap_gui.model_card import PAGE
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.number_table import NumberTable

MEANING = (
    "Each file was loaded again by a fresh process and tried on crops of the project. The difference is the largest of "
    "any confidence (0 to 1); “other decision” counts the crops it would name differently. What differs more than its "
    "format allows is never written."
)

WIDE = GRID * 75
"""How wide the table is at least that says how many crops were tried."""


class ExportResult(QWidget):
    """The last export, as the step told it."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path()
        self.headline = text("", "heading", bold=True)
        self.where = text("", role="muted", wrap=True)
        self.card_button = QPushButton("Open model card")
        self.card_button.setToolTip(
            "<p>What the classifier is for, what it learnt from, how good it is and where it errs: a page for whoever gets "
            "it from you. It opens in the browser.</p>"
        )
        self.card_button.clicked.connect(lambda: _open(self._folder / PAGE))
        self.folder_button = QPushButton("Open folder")
        self.folder_button.clicked.connect(lambda: _open(self._folder))
        self.table = NumberTable("What was exported, and how it was checked")
        self.table.show_only_where_wide((2,), WIDE)
        self._lay_out()

    def show_export(self, result: Mapping[str, Any], run: str) -> None:
        """Show the result of an export of the run with these words."""
        self._folder = Path(result["folder"])
        checked = result["checked"]
        is_there = self._folder.is_dir()
        changed = sum(check["changed"] for check in checked)
        decided = f"{changed:,} other decisions" if changed else "every decision the same"
        self.headline.setText(f"Exported {run}")
        self.where.setText(
            f"{result['classes']:,} classes · {decided} · {self._folder}"
            if is_there
            else f"{self._folder} is no longer there."
        )
        self.folder_button.setEnabled(is_there)
        self.card_button.setEnabled((self._folder / PAGE).is_file())
        self.table.fill(
            ("Format", "MB", "crops tried", "difference", "other decision"),
            [
                (
                    f"{FORMATS[check['format']].title} · {Path(check['path']).name}",
                    check["bytes"] / 1e6 if check.get("bytes") else None,
                    check["crops"],
                    float(check["max_difference"]),
                    check["changed"],
                )
                for check in checked
            ],
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline, 1)
        for button in (self.card_button, self.folder_button):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.where)
        layout.addWidget(self.table, 1)
        layout.addWidget(text(MEANING, role="muted", wrap=True))


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
