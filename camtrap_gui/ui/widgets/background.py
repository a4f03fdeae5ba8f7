"""Small questions that take too long for the window's thread: asked in a thread, answered by a signal."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal


class Background(QObject):
    """Asks one question after the other; only the answer to the newest one is given.

    A question is a function that touches no widget. ``failed`` brings what it raised.
    """

    answered = Signal(object)
    failed = Signal(Exception)
    _came = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest = self._answered = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._came.connect(self._give)

    def ask(self, question: Callable[[], Any]) -> None:
        """Ask; questions that wait and were not begun are forgotten."""
        self._newest += 1
        self._pool.clear()
        self._pool.start(_Question(self, self._newest, question))

    def is_asking(self) -> bool:
        """Whether an answer is to come."""
        return self._answered != self._newest

    def close(self) -> None:
        """Let no thread outlive the window."""
        self._newest += 1
        self._answered = self._newest
        self._pool.clear()
        self._pool.waitForDone()

    def _give(self, number: int, answer: object, error: Exception | None) -> None:
        if number == self._newest:
            self._answered = number
            if error is None:
                self.answered.emit(answer)
            else:
                self.failed.emit(error)


class _Question(QRunnable):
    def __init__(self, background: Background, number: int, question: Callable[[], Any]) -> None:
        super().__init__()
        self._background, self._number, self._question = background, number, question

    def run(self) -> None:
        answer, error = None, None
        try:
            answer = self._question()
        except Exception as raised:
            error = raised
        try:
            self._background._came.emit(self._number, answer, error)
        except RuntimeError:
            return  # the window was closed meanwhile
