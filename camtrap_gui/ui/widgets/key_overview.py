"""All keys of the review page at a glance, made from their table."""

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.ui.review_keys import KEYS, Key, native
from camtrap_gui.ui.theme import GRID, text, theme

MORE = (
    ("B", "Draw a box; drag its handles to change it"),
    ("Delete", "Delete the chosen box"),
    ("Wheel, +, -", "Zoom the picture; Ctrl+0: all of it"),
)
"""Keys of the picture itself."""

NOTE = "With Shift, what is marked ⇧ is said of the whole sequence. Clicks do the same: every button tells its key."


class KeyOverview(QDialog):
    """Two columns of keys; any of Escape, Enter or the button closes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys of the review page")
        shown = [key for key in KEYS if key.group]
        groups = [(name, list(keys)) for name, keys in groupby(shown, key=lambda key: key.group)]
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(GRID)
        for number, (name, keys) in enumerate(groups):
            column = left if number == 0 else right
            column.addWidget(text(name, "heading", bold=True))
            column.addLayout(_rows([(_keys(key), key.text) for key in keys]))
            column.addSpacing(GRID * 2)
        left.addWidget(text("Boxes", "heading", bold=True))
        left.addLayout(_rows(MORE))
        left.addStretch(1)
        right.addStretch(1)
        columns = QHBoxLayout()
        columns.setSpacing(GRID * 5)
        columns.addLayout(left)
        columns.addLayout(right)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addLayout(columns)
        layout.addWidget(text(NOTE, role="muted", wrap=True))
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)


def _keys(key: Key) -> str:
    if key.name == "numbers":
        return f"{key.keys[0]} – {key.keys[1]} ⇧"
    return ", ".join(native(one) for one in key.keys) + (" ⇧" if key.sequence else "")


def _rows(rows: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(GRID * 2)
    grid.setVerticalSpacing(GRID // 2)
    grid.setColumnMinimumWidth(0, GRID * 13)
    for line, (keys, words) in enumerate(rows):
        cap = text(keys, bold=True)
        cap.setStyleSheet(f"color: {theme.colours.accent};")
        grid.addWidget(cap, line, 0)
        grid.addWidget(text(words), line, 1)
    grid.setColumnStretch(1, 1)
    return grid
