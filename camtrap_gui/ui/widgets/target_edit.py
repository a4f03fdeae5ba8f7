"""Where to write something new: a name that is offered, can be typed, and can be chosen."""

from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets import ask


class TargetEdit(QWidget):
    """Follows what is offered until somebody says otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered = ""
        self.edit = QLineEdit()
        self.edit.setAccessibleName("File or folder to write")
        self.edit.setToolTip("<p>It must not be there yet: nothing is written over.</p>")
        self.button = QToolButton()
        self.button.setAccessibleName("Choose the file or folder to write")
        self.button.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.edit)
        layout.addWidget(self.button)
        theme.changed.connect(self._tint)
        self._tint()

    def offer(self, path: Path) -> None:
        """Offer a path, with a number behind its name where that is taken."""
        free, number = path, 2
        while free.exists():
            free = path.with_name(f"{path.stem} {number}{path.suffix}")
            number += 1
        if self.edit.text().strip() in ("", self._offered):
            self.edit.setText(str(free))
            self.edit.setCursorPosition(0)
        self._offered = str(free)

    def path(self) -> Path:
        """The path as it stands."""
        return Path(self.edit.text().strip() or self._offered).expanduser()

    def _choose(self) -> None:
        kind = f"(*{self.path().suffix})" if self.path().suffix else "(*)"
        ask.for_target(
            self, "Where to write", self.path(), f"New {kind}", lambda path: self.edit.setText(str(path))
        )

    def _tint(self) -> None:
        self.button.setIcon(icon("folder-open-outline"))
