"""The button that asks where what was predicted shall go, and as what."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from camtrap_gui.ui.widgets import ask


class PredictionSaving(QPushButton):
    """Emits ``copies_wanted`` with a folder and whether they shall explain, ``file_wanted`` with "csv" or "json" and a file."""

    copies_wanted = Signal(Path, bool)
    file_wanted = Signal(str, Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Save", parent)
        menu = QMenu(self)
        for words, slot in (
            ("Annotated copies…", lambda: self._ask_copies(explain=False)),
            ("Copies that show what it looked at…", lambda: self._ask_copies(explain=True)),
            ("CSV table…", lambda: self._ask_file("csv", "Save the table", "CSV table (*.csv)")),
            (
                "MegaDetector JSON…",
                lambda: self._ask_file("json", "Save the results", "MegaDetector results (*.json)"),
            ),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, slot=slot: slot())
        self.setMenu(menu)

    def _ask_copies(self, explain: bool) -> None:
        ask.for_folder(
            self,
            "Choose a folder for the copies",
            Path.home(),
            lambda it: self.copies_wanted.emit(it, explain),
        )

    def _ask_file(self, kind: str, title: str, kinds: str) -> None:
        start = Path.home() / f"predictions.{kind}"
        ask.for_target(self, title, start, kinds, lambda it: self.file_wanted.emit(kind, it))
