"""Loss and validation figures by epoch, painted: a training is watched while it goes on, and two runs are compared.

Both charts share the epochs across; stages stand beside each other, each as wide as the others, because an epoch of
the last layer takes a moment and one of the whole network minutes. A cursor, moved by mouse or arrow keys, reads off
the figures of one epoch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from camtrap_gui.charts import THEMES
from camtrap_gui.project import epochs
from camtrap_gui.project.epochs import Epoch
from camtrap_gui.ui.theme import GRID, theme

_GAP = GRID * 4  # between the charts
_STAGE_GAP = GRID * 2


@dataclass(frozen=True)
class _Line:
    name: str
    figure: Callable[[Epoch], float]
    colour: str  # 'quiet', 'main' or 'second'


_LOSS = (
    _Line("training", lambda epoch: epoch.loss, "quiet"),
    _Line("validation", lambda epoch: epoch.val_loss, "main"),
)
_SCORES = (
    _Line("macro-F1", lambda epoch: epoch.macro_f1, "main"),
    _Line("accuracy", lambda epoch: epoch.val_accuracy, "second"),
)
_CHARTS = (("Loss", _LOSS), ("Validation", _SCORES))


class LiveCurves(QWidget):
    """Curves of a run and, dashed, of a second one. ``show_runs`` may be called as often as epochs come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[Sequence[Epoch], ...] = ((),)
        self._stages: list[tuple[str, int]] = []
        self._cursor: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Curves of loss, macro-F1 and accuracy")
        theme.changed.connect(self.update)

    def show_runs(self, first: Sequence[Epoch], second: Sequence[Epoch] = ()) -> None:
        """Show the epochs of one run, or of two."""
        self._runs = (first, second) if second else (first,)
        self._stages = _stages(self._runs)
        total = sum(length for _, length in self._stages)
        if self._cursor is not None and self._cursor >= total:
            self._cursor = None
        self.setAccessibleDescription(_in_words(self._read()))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 80, GRID * 32)

    def minimumSizeHint(self) -> QSize:
        return QSize(GRID * 48, GRID * 22)

    # The cursor.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        for area in self._areas():
            if area.adjusted(-GRID, -GRID, GRID, GRID).contains(event.position()):
                self._move_to(self._slot_at(event.position().x(), area))
                return
        self._move_to(None)

    def leaveEvent(self, _: QEvent) -> None:
        self._move_to(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = sum(length for _, length in self._stages) - 1
        match event.key():
            case Qt.Key.Key_Left if last >= 0:
                self._move_to(max(0, (last + 1 if self._cursor is None else self._cursor) - 1))
            case Qt.Key.Key_Right if last >= 0:
                self._move_to(min(last, (-1 if self._cursor is None else self._cursor) + 1))
            case Qt.Key.Key_Home if last >= 0:
                self._move_to(0)
            case Qt.Key.Key_End if last >= 0:
                self._move_to(last)
            case Qt.Key.Key_Escape if self._cursor is not None:
                self._move_to(None)
            case _:
                super().keyPressEvent(event)

    def cursor_epoch(self) -> Epoch | None:
        """The epoch of the first run that is read off; the best while there is no cursor."""
        return self._read()[0]

    def _move_to(self, slot: int | None) -> None:
        if slot != self._cursor:
            self._cursor = slot
            self.setAccessibleDescription(_in_words(self._read()))
            self.update()

    def _read(self) -> list[Epoch | None]:
        if self._cursor is None:
            return [epochs.best(list(run)) or (run[-1] if run else None) for run in self._runs]
        return [
            next((epoch for epoch in run if self._slot(epoch) == self._cursor), None) for run in self._runs
        ]

    # Places. A slot is an epoch's place in the row of all stages, from 0.

    def _slot(self, epoch: Epoch) -> int:
        before = 0
        for phase, length in self._stages:
            if phase == epoch.phase:
                return before + epoch.epoch - 1
            before += length
        raise AssertionError(epoch.phase)

    def _spans(self, area: QRectF) -> list[tuple[str, int, QRectF]]:
        count = max(1, len(self._stages))
        width = (area.width() - (count - 1) * _STAGE_GAP) / count
        return [
            (
                phase,
                length,
                QRectF(area.left() + place * (width + _STAGE_GAP), area.top(), width, area.height()),
            )
            for place, (phase, length) in enumerate(self._stages)
        ]

    def _x(self, slot: int, area: QRectF) -> float:
        for _, length, span in self._spans(area):
            if slot < length:
                return span.left() + span.width() * (slot / (length - 1) if length > 1 else 0.5)
            slot -= length
        raise AssertionError(slot)

    def _slot_at(self, x: float, area: QRectF) -> int | None:
        total = sum(length for _, length in self._stages)
        return min(range(total), key=lambda slot: abs(self._x(slot, area) - x), default=None)

    def _areas(self) -> tuple[QRectF, QRectF]:
        line = self.fontMetrics().height()
        top = line * (2 + len(self._runs)) + GRID * 2
        axis = self._axis()
        width = (self.width() - _GAP) / 2 - axis - GRID
        height = self.height() - top - line - GRID * 1.5
        return (
            QRectF(axis, top, width, height),
            QRectF((self.width() + _GAP) / 2 + axis, top, width, height),
        )

    def _axis(self) -> float:
        """Room for the numbers at the left of a chart."""
        return QFontMetricsF(self.font()).horizontalAdvance("0.00") + GRID

    # Painting.

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.colours.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        for (title, lines), area in zip(_CHARTS, self._areas(), strict=True):
            self._paint_legend(painter, title, lines, area)
            highest = self._highest(lines) if lines is _LOSS else 1.0
            self._paint_grid(painter, area, highest)
            if not self._stages:
                painter.setPen(QColor(theme.colours.muted))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "No epoch has ended yet")
                continue
            self._paint_stages(painter, area)
            for number, run in enumerate(self._runs):
                for line in lines:
                    self._paint_line(painter, run, line, area, highest, dashed=number > 0)
            self._paint_best(painter, lines, area, highest)

    def _highest(self, lines: Sequence[_Line]) -> float:
        found = max(
            (line.figure(epoch) for run in self._runs for epoch in run for line in lines), default=1.0
        )
        if not 0 < found < math.inf:
            return 1.0
        scale: float = 10.0 ** math.floor(math.log10(found))
        return math.ceil(found / scale * 5) / 5 * scale  # near the data, and its half is short as well

    def _paint_legend(self, painter: QPainter, title: str, lines: Sequence[_Line], area: QRectF) -> None:
        colours, height = theme.colours, self.fontMetrics().height()
        bold = QFont(self.font())
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        left, y = area.left() - self._axis(), GRID / 2
        painter.drawText(QPointF(left, y + self.fontMetrics().ascent()), title)
        after = left + painter.fontMetrics().horizontalAdvance(title) + GRID
        painter.setFont(self.font())
        if (read := self._read()[0]) is not None and len(self._runs) == 1:
            which = f"epoch {read.epoch:,}" if self._cursor is not None else f"best: epoch {read.epoch:,}"
            painter.setPen(QColor(colours.muted))
            painter.drawText(QPointF(after, y + self.fontMetrics().ascent()), which)
        for number, epoch in enumerate(self._read()):
            x, middle = left, y + height * (number + 1.5) + GRID / 2
            for line in lines:
                painter.setPen(_pen(line, dashed=number > 0))
                painter.drawLine(QPointF(x, middle), QPointF(x + GRID * 2, middle))
                words = f"{line.name} {line.figure(epoch):.3f}" if epoch else line.name
                painter.setPen(QColor(colours.text))
                x += GRID * 2.5
                painter.drawText(QPointF(x, middle + self.fontMetrics().ascent() / 2 - 1), words)
                x += self.fontMetrics().horizontalAdvance(words) + GRID * 1.5

    def _paint_grid(self, painter: QPainter, area: QRectF, highest: float) -> None:
        colours = theme.colours
        for part in (0.0, 0.5, 1.0):
            y = area.bottom() - part * area.height()
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.muted))
            place = QRectF(area.left() - GRID * 7, y - GRID, GRID * 6.5, GRID * 2)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{part * highest:.3g}"
            )

    def _paint_stages(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(QColor(theme.colours.muted))
        metrics = painter.fontMetrics()
        for phase, length, span in self._spans(area):
            below = QRectF(span.left(), span.bottom() + GRID / 2, span.width(), metrics.height())
            numbers = f"{length:,} epochs" if length > 1 else "1 epoch"
            words = f"{phase} · {numbers}"
            if metrics.horizontalAdvance(words) > below.width():
                words = metrics.elidedText(phase, Qt.TextElideMode.ElideRight, int(below.width()))
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
        if self._cursor is not None:
            x = self._x(self._cursor, area)
            painter.setPen(QPen(QColor(theme.colours.muted), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_line(
        self, painter: QPainter, run: Sequence[Epoch], line: _Line, area: QRectF, highest: float, dashed: bool
    ) -> None:
        painter.setPen(_pen(line, dashed))
        for phase, _ in self._stages:
            points = [self._point(epoch, line, area, highest) for epoch in run if epoch.phase == phase]
            if len(points) == 1:
                painter.drawEllipse(points[0], 1.5, 1.5)
            painter.drawPolyline(points)

    def _paint_best(self, painter: QPainter, lines: Sequence[_Line], area: QRectF, highest: float) -> None:
        main = next(line for line in lines if line.colour == "main")
        for run in self._runs:
            if (best := epochs.best(list(run))) is None:
                continue
            point = self._point(best, main, area, highest)
            painter.setPen(QPen(QColor(theme.colours.surface), 2))
            painter.setBrush(QColor(_colour(main)))
            painter.drawEllipse(point, 5.5, 5.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _point(self, epoch: Epoch, line: _Line, area: QRectF, highest: float) -> QPointF:
        share = min(1.0, max(0.0, line.figure(epoch) / highest)) if highest else 0.0
        return QPointF(self._x(self._slot(epoch), area), area.bottom() - share * area.height())


def _stages(runs: Sequence[Sequence[Epoch]]) -> list[tuple[str, int]]:
    """The phases of all runs in order, each with the highest number of an epoch."""
    lengths: dict[str, int] = {}
    for run in sorted(runs, key=lambda run: -len({epoch.phase for epoch in run})):
        for epoch in run:
            lengths[epoch.phase] = max(lengths.get(epoch.phase, 0), epoch.epoch)
    return list(lengths.items())


def _pen(line: _Line, dashed: bool) -> QPen:
    pen = QPen(QColor(_colour(line)), 2)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        pen.setDashPattern([3, 2.5])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _colour(line: _Line) -> str:
    look = THEMES["dark" if theme.dark else "light"]
    return {"quiet": look.muted, "main": look.right[1], "second": look.wrong[1]}[line.colour]


def _in_words(read: Sequence[Epoch | None]) -> str:
    return "; ".join(
        f"{epoch.phase}, epoch {epoch.epoch}: training loss {epoch.loss:.3f}, validation loss {epoch.val_loss:.3f}, "
        f"macro-F1 {epoch.macro_f1:.3f}, accuracy {epoch.val_accuracy:.3f}"
        for epoch in read
        if epoch is not None
    )
