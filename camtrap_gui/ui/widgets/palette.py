"""The command palette: type a few letters, get any action of the window or any image of the project."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, icon, theme

SHOWN = 12


class CommandPalette(QFrame):
    """A box over the window. Enter does the chosen row, Escape closes."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self._window = window
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type to find an action…")
        self.field.setAccessibleName("Find an action")
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.rows = QListWidget()
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.itemActivated.connect(lambda _: self._take())
        self.rows.itemClicked.connect(lambda _: self._take())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addWidget(self.field)
        layout.addWidget(self.rows)
        self.hide()

    def open_over(self, window: QWidget) -> None:
        """Show the box at the top of the window with the field ready."""
        c = theme.colours
        self.setStyleSheet(
            f"#palette {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: 10px; }}"
            f"QListWidget {{ background: transparent; }} QListWidget::item {{ padding: 6px; border-radius: 6px; }}"
            f"QListWidget::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}"
        )
        width = min(GRID * 80, window.width() - GRID * 8)
        self.setGeometry((window.width() - width) // 2, GRID * 6, width, GRID * 52)
        self.field.clear()
        self._filter("")
        self.show()
        self.raise_()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_Escape:
                self.hide()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take()
                return True
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if key == Qt.Key.Key_Down else -1
                self.rows.setCurrentRow((self.rows.currentRow() + step) % max(1, self.rows.count()))
                return True
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        return super().eventFilter(watched, event)

    def _filter(self, words: str) -> None:
        self.rows.clear()
        enabled = [action for action in self._window.actions() if action.isEnabled()]
        scored = [(match(words, action.text()), action) for action in enabled]
        found = sorted(
            ((score, action) for score, action in scored if score is not None), key=lambda pair: pair[0]
        )
        for _, action in found[:SHOWN]:
            shortcut = action.shortcut().toString()
            item = QListWidgetItem(icon("arrow-right"), f"{action.text().rstrip('…')}    {shortcut}")
            item.setData(Qt.ItemDataRole.UserRole, action)
            self.rows.addItem(item)
        self.rows.setCurrentRow(0)

    def _take(self) -> None:
        item = self.rows.currentItem()
        self.hide()
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole).trigger()


def match(typed: str, label: str) -> int | None:
    """How well the typed letters fit a label, lower is better; None when they do not come in this order in it."""
    text, score, place = label.lower(), 0, -1
    for letter in typed.lower():
        found = text.find(letter, place + 1)
        if found < 0:
            return None
        score += found - place - 1
        place = found
    return score
