"""The species that have a number key: the likeliest, with how likely they are, and those used last."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from camtrap_gui.ui.review_keys import NUMBERS
from camtrap_gui.ui.theme import GRID, theme


class NumberChoice(QWidget):
    """Emits ``wanted`` with a number from 1 on and whether Shift was held."""

    wanted = Signal(int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[tuple[str, float | None], ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.buttons = [_Choice(number, self) for number in range(1, NUMBERS + 1)]
        for button in self.buttons:
            layout.addWidget(button)
            button.hide()

    def show_names(self, names: Sequence[tuple[str, float | None]]) -> None:
        """Offer these species, up to nine, each with how likely it is, 0..1; None for one that was used last."""
        self._names = tuple(names)
        for place, button in enumerate(self.buttons):
            there = place < len(names)
            button.setVisible(there)
            if there:
                button.show_name(*names[place])

    def name(self, number: int) -> str:
        """The species of a number, '' when it has none."""
        return self._names[number - 1][0] if 0 < number <= len(self._names) else ""


class _Choice(QAbstractButton):
    def __init__(self, number: int, owner: NumberChoice) -> None:
        super().__init__(owner)
        self._number = number
        self._owner = owner
        self._share: float | None = None
        self._shift = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"Species with the key {number}")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: owner.wanted.emit(number, self._shift))

    def show_name(self, name: str, share: float | None) -> None:
        self._share = share
        self.setText(name)
        how = "used lately" if share is None else f"{share:.0%}"
        self.setAccessibleName(f"{self._number} {name}, {how}")
        self.setToolTip(
            f"<p>{name}, {how}. <b>{self._number}</b></p><p>With Shift: for the whole sequence.</p>"
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 20, self.fontMetrics().height() + GRID)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        super().mousePressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        c, painter, area = theme.colours, QPainter(self), QRectF(self.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._share is not None:
            painter.setBrush(QColor(c.selected))
            room = area.adjusted(GRID * 3, 1, 0, -1)
            room.setWidth(max(float(GRID), room.width() * self._share))
            painter.drawRoundedRect(room, 5, 5)
        if self.underMouse() or self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(c.accent if self.hasFocus() else c.line), 2 if self.hasFocus() else 1))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)
        inside = area.adjusted(GRID, 0, -GRID, 0)
        painter.setPen(QColor(c.muted))
        painter.drawText(
            inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(self._number)
        )
        share = "" if self._share is None else f"{self._share:.0%}"
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        metrics = painter.fontMetrics()
        words = inside.adjusted(GRID * 3, 0, -metrics.horizontalAdvance(share + " "), 0)
        painter.setPen(QColor(c.text))
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
