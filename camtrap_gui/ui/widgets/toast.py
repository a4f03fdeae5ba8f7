"""A short message that comes by itself and goes by itself, and never takes the keyboard."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from camtrap_gui.ui.theme import GRID, text, theme

STAY_MS = 6_000


class Toast(QFrame):
    """One message at the bottom right of the window, above the job bar; with an action if it links to something."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("toast")
        self._words = text("", wrap=True)
        self._button = QPushButton("Show")
        self._action: Callable[[], object] = lambda: None
        self._button.clicked.connect(self._act)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        layout.addWidget(self._words)
        layout.addWidget(self._button)
        self._timer = QTimer(self, singleShot=True, interval=STAY_MS)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def say(self, sentence: str, button: str = "", action: Callable[[], object] = lambda: None) -> None:
        """Show a sentence for a few seconds, with a button when there is something to go to."""
        c = theme.colours
        self.setStyleSheet(
            f"#toast {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 8px; }}"
        )
        self._words.setText(sentence)
        self._words.setAccessibleName(sentence)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._action = action
        # A label that wraps has no width of its own: as wide as its words, up to half the window.
        words = self._words.fontMetrics().horizontalAdvance(sentence) + GRID
        self._words.setFixedWidth(min(words, self._window.width() // 2))
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()
        self._timer.start()
        QAccessible.updateAccessibility(QAccessibleEvent(self._words, QAccessible.Event.Alert))

    def sentence(self) -> str:
        """What it says now, or said last."""
        return self._words.text()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _act(self) -> None:
        self.hide()
        self._action()

    def _place(self) -> None:
        window = self._window
        self.move(window.width() - self.width() - GRID * 3, window.height() - self.height() - GRID * 9)
