"""Pages with a name each, above them: where there is little room, the names move together."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTabWidget, QWidget

BESIDE = 26
"""What the style sheet leaves beside a name where there is room, in pixels."""


class Tabs(QTabWidget):
    """Moves the names together before one of them has to be scrolled to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)

    def setTabText(self, index: int, words: str) -> None:
        super().setTabText(index, words)
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._share_room()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._share_room()

    def _share_room(self) -> None:
        bar, metrics = self.tabBar(), self.fontMetrics()
        wide = sum(metrics.horizontalAdvance(self.tabText(n)) + BESIDE for n in range(self.count()))
        if bar.property("tight") != (tight := wide > self.width()):
            bar.setProperty("tight", tight)
            bar.style().polish(bar)
