"""A field to name a species by a few letters: what was used last comes first, and what is not known yet can be made."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from camtrap_gui.project import Project, species
from camtrap_gui.ui.theme import GRID, theme

MOST = 8


class SpeciesBox(QFrame):
    """Enter takes the hit that is marked (``named``), Escape leaves (``left``); the arrows go through the hits.

    Ctrl+Enter takes it as one species more (``added``).
    """

    named = Signal(str)
    added = Signal(str)
    left = Signal()

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._recent: Sequence[str] = ()
        self._adds = False
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Name a species")
        self.field.textEdited.connect(lambda _: self._search())
        self.field.installEventFilter(self)
        self.hits = QListWidget()
        self.hits.setAccessibleName("Species found")
        self.hits.setFrameShape(QFrame.Shape.NoFrame)
        self.hits.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hits.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits.itemClicked.connect(lambda _: self._take())
        self.hits.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.field)
        layout.addWidget(self.hits)
        self._name()
        theme.changed.connect(self._dress)
        self._dress()

    def begin(self, recent: Sequence[str], adds: bool = False) -> None:
        """Take the keyboard, empty; ``adds``: what is named comes to what the picture shows already."""
        self._recent, self._adds = recent, adds
        self._name()
        self.field.clear()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            match event.key():
                case Qt.Key.Key_Escape:
                    self._leave()
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self._take(bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
                case Qt.Key.Key_Down:
                    self._step(1)
                case Qt.Key.Key_Up:
                    self._step(-1)
                case _:
                    return super().eventFilter(watched, event)
            return True
        if isinstance(event, QFocusEvent):
            if event.gotFocus() and not self.hits.isVisible():
                self._search()
            elif event.lostFocus() and event.reason() != Qt.FocusReason.PopupFocusReason:
                self._close()
        return super().eventFilter(watched, event)

    def _search(self) -> None:
        words = self.field.text().strip()
        found = species.search(self._project, words, self._recent, MOST)
        self.hits.clear()
        for name in found:
            self.hits.addItem(name)
        if words and not any(name.casefold() == words.casefold() for name in found):
            item = QListWidgetItem(f"New species “{words}”")
            item.setData(Qt.ItemDataRole.UserRole, words)
            self.hits.addItem(item)
        self.hits.setCurrentRow(0)
        rows = self.hits.count()
        self.hits.setFixedHeight(rows * max(self.hits.sizeHintForRow(0), 1) + GRID)
        self.hits.setVisible(rows > 0)

    def _step(self, by: int) -> None:
        self.hits.setCurrentRow((self.hits.currentRow() + by) % max(1, self.hits.count()))

    def _take(self, adds: bool = False) -> None:
        item = self.hits.currentItem()
        if item is None:
            return
        name = str(item.data(Qt.ItemDataRole.UserRole) or item.text())
        signal = self.added if adds or self._adds else self.named
        self._close()
        self.left.emit()
        signal.emit(name)

    def _leave(self) -> None:
        self._close()
        self.left.emit()

    def _close(self) -> None:
        self._adds = False
        self._name()
        self.field.clear()
        self.hits.hide()

    def _dress(self) -> None:
        c = theme.colours
        self.hits.setStyleSheet(
            "QListWidget { background: transparent; outline: none; }"
            f"QListWidget::item {{ padding: {GRID // 2}px {GRID}px; border-radius: 6px; color: {c.text}; }}"
            f"QListWidget::item:selected {{ background: {c.selected}; color: {c.text}; }}"
        )

    def _name(self) -> None:
        self.field.setPlaceholderText("Also shows… (A)" if self._adds else "Another species… (R)")
