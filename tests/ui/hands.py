"""What tests do to windows as a person does: open and close them, press buttons by their words, drop files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QWidget

from camtrap_gui.ui.window import Window


@contextmanager
def windows(new: Callable[..., Window]) -> Iterator[Callable[..., Window]]:
    """Opens windows at the size of a small laptop and brings them in front; at the end all are closed, whatever runs."""
    made: list[Window] = []

    def make(*arguments: object) -> Window:
        window = new(*arguments)
        made.append(window)
        window.resize(1100, 700)
        window.show()
        window.activateWindow()
        assert QTest.qWaitForWindowActive(window)
        return window

    yield make
    for window in made:
        window.shut_down()
        window.close()
        window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def button(root: QWidget, words: str) -> QAbstractButton:
    """The button that says so."""
    return next(one for one in root.findChildren(QAbstractButton) if one.text() == words and one.isVisible())


def question(window: QWidget) -> QMessageBox | None:
    """What the window asks or says, if it does."""
    return next((box for box in window.findChildren(QMessageBox) if box.isVisible()), None)


def drop(on: QWidget, *paths: Path) -> None:
    """Drop files and folders on a widget."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    drop_data(on, data)


def drop_data(on: QWidget, data: QMimeData) -> None:
    """Drop whatever another program gives on a widget."""
    told = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(on, QDragEnterEvent(QPoint(9, 9), *told))
    QApplication.sendEvent(on, QDropEvent(QPointF(9, 9), *told))
