"""The five likeliest species of a box as bars."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from camtrap_gui.ui.theme import GRID, theme


class TopBars(QWidget):
    """Names at the left, percentages at the right, bars below: readable at any probability."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._top: tuple[tuple[str, float], ...] = ()
        self._colour = "#888888"
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Likeliest species")

    def show_top(self, top: tuple[tuple[str, float], ...], colour: str) -> None:
        """Show (species, probability 0..1) pairs, the likeliest first; an empty tuple clears."""
        self._top, self._colour = top, colour
        self.setAccessibleDescription("; ".join(f"{name} {share:.0%}" for name, share in top))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 28, self._row() * len(self._top))

    def minimumSizeHint(self) -> QSize:
        return QSize(GRID * 20, self._row() * len(self._top))

    def _row(self) -> int:
        return self.fontMetrics().height() + GRID * 2

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, row = theme.colours, self._row()
        for number, (name, share) in enumerate(self._top):
            line = QRectF(0, number * row, self.width(), row - GRID)
            font = self.font()
            font.setBold(number == 0)
            painter.setFont(font)
            painter.setPen(QColor(colours.text if number == 0 else colours.muted))
            percent = f"{share:.1%}"
            room = line.width() - painter.fontMetrics().horizontalAdvance(percent) - GRID
            shown = painter.fontMetrics().elidedText(
                f"{number + 1}  {name}", Qt.TextElideMode.ElideRight, int(room)
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, shown)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, percent)
            track = QRectF(0, line.bottom() - 5, self.width(), 5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(track, 2.5, 2.5)
            painter.setBrush(QColor(self._colour))
            track.setWidth(max(5.0, track.width() * share))
            painter.drawRoundedRect(track, 2.5, 2.5)
