"""A figure between 0 and 1 in a cell of a table: its number, and a line for what it could be on other cameras."""

from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from camtrap_gui.ui.theme import GRID, theme

Index = QModelIndex | QPersistentModelIndex

ROLE = Qt.ItemDataRole.UserRole
LEAST_BAR = GRID * 16
"""How narrow a cell with a line may become, in pixels."""

_NUMBER = GRID * 6


class Ranged(NamedTuple):
    """A figure 0..1, None where it is not known, with its 95 % interval, None where there is none."""

    value: float | None
    interval: tuple[float, float] | None

    def words(self) -> str:
        """Both as text."""
        if self.value is None:
            return "–"
        spread = "" if self.interval is None else f" ({self.interval[0]:.3f} to {self.interval[1]:.3f})"
        return f"{self.value:.3f}{spread}"


class IntervalBar(QStyledItemDelegate):
    """Paints the ``Ranged`` that a cell holds as ``ROLE``: a dot on a line from 0 to 1, hollow without an interval."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(LEAST_BAR, super().sizeHint(option, index).height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        widget = option.widget
        style = widget.style() if isinstance(widget, QWidget) else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        found = index.data(ROLE)
        if not isinstance(found, Ranged):
            return
        area = QRectF(option.rect).adjusted(GRID, 0, -GRID, 0)
        colours = theme.colours
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colours.text))
        number = "–" if found.value is None else f"{found.value:.3f}"
        place = QRectF(area.left(), area.top(), _NUMBER - GRID, area.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        line = area.adjusted(_NUMBER + GRID / 2, 0, 0, 0)
        if found.value is not None and line.width() > GRID * 4:
            _draw(painter, line, found)
        painter.restore()


def _draw(painter: QPainter, area: QRectF, found: Ranged) -> None:
    assert found.value is not None
    ink = QColor(theme.colours.accent)
    middle = area.center().y()

    def at(share: float) -> QPointF:
        return QPointF(area.left() + share * area.width(), middle)

    painter.setPen(QPen(QColor(theme.colours.line), 1))
    painter.drawLine(at(0), at(1))
    if found.interval is not None:
        spread = QColor(ink)
        spread.setAlphaF(0.45)
        painter.setPen(QPen(spread, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(at(found.interval[0]), at(found.interval[1]))
    painter.setPen(QPen(ink, 1.5))
    painter.setBrush(ink if found.interval is not None else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(at(found.value), 3.5, 3.5)
