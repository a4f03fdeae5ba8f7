"""The steps in order, each with its state: the way through the work, at the left of the window."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QSizePolicy, QVBoxLayout, QWidget

from camtrap_gui.steps import STEPS, Step
from camtrap_gui.ui.theme import GRID, icon, theme

ICONS = {
    "dataset": "image-multiple-outline",
    "detect": "image-search-outline",
    "crop": "crop",
    "stats": "chart-bar",
    "train": "school-outline",
    "evaluate": "target",
    "export": "export-variant",
    "predict": "auto-fix",
    "review": "check-all",
}

WORDS = {
    "not yet": "not done yet",
    "running": "working",
    "elsewhere": "another program is working on it",
    "done": "done",
    "brought in": "done elsewhere, and brought in from there",
    "stale": "done, but what it was made from has changed since",
    "next": "suggested next",
    "kept nowhere": "keeps nothing in the project, can be done at any time",
}


class Rail(QFrame):
    """Emits ``chosen`` with the name of a step."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName("Steps")
        self._buttons: dict[str, _StepButton] = {}
        group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID * 2, GRID, GRID)
        layout.setSpacing(GRID // 2)
        for number, step in enumerate(STEPS, 1):
            button = _StepButton(step, number)
            button.clicked.connect(lambda _, name=step.name: self.chosen.emit(name))
            group.addButton(button)
            layout.addWidget(button)
            self._buttons[step.name] = button
        layout.addStretch()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def choose(self, name: str) -> None:
        """Mark a step as the one shown."""
        self._buttons[name].setChecked(True)

    def show_states(self, states: dict[str, str], running: set[str], suggested: str) -> None:
        """Show 'not yet', 'running', 'elsewhere', 'brought in', 'done' or 'stale' beside each step, and mark the next one.

        A step that keeps nothing in the project is never done there, so it has no mark but while it runs.
        """
        for step in STEPS:
            state = "kept nowhere" if step.project == "none" else states.get(step.name, "not yet")
            self._buttons[step.name].set_state(
                "running" if step.name in running else state, step.name == suggested
            )

    def state(self, name: str) -> str:
        """The state shown for a step."""
        return self._buttons[name].state


class _StepButton(QAbstractButton):
    def __init__(self, step: Step, number: int) -> None:
        super().__init__()
        self.state = "not yet"
        self._suggested = False
        self._step = step
        self._number = number
        self._ring = False
        self.setText(step.title)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_state("not yet", False)

    def set_state(self, state: str, suggested: bool) -> None:
        self.state, self._suggested = state, suggested
        words = WORDS["next"] if suggested and state == "not yet" else WORDS[state]
        self.setAccessibleName(f"{self._step.title}: {words}")
        self.setToolTip(f"<p>{self._step.help}</p><p>{words.capitalize()}. Ctrl+{self._number}</p>")
        self.update()

    def sizeHint(self) -> QSize:
        bold = self.font()
        bold.setBold(True)
        words = QFontMetrics(bold).horizontalAdvance(self.text())
        return QSize(max(GRID * 22, words + GRID * 10), max(GRID * 5, self.fontMetrics().height() + GRID * 2))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def focusInEvent(self, event: QFocusEvent) -> None:
        # A ring for those who use keys; after a click the filled row says enough.
        self._ring = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _: QPaintEvent) -> None:
        colours = theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.surface))
            painter.drawRoundedRect(area, 8, 8)
        if self.hasFocus() and self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(area, 8, 8)
        middle = self.height() // 2
        ink = colours.accent if self.isChecked() else colours.text
        icon(ICONS[self._step.name], ink).paint(painter, GRID + 4, middle - 10, 20, 20)
        font = self.font()
        font.setBold(self.isChecked())
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        words = QRectF(GRID * 5, 0, self.width() - GRID * 9, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        self._paint_state(painter, self.width() - GRID * 2 - 4, middle)

    def _paint_state(self, painter: QPainter, x: int, y: int) -> None:
        if self.state == "kept nowhere":
            return
        colours = theme.colours
        dot = QRectF(x - 5, y - 5, 10, 10)
        accent = QColor(colours.accent)
        painter.setPen(QPen(accent if self._suggested else QColor(colours.muted), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.state in ("done", "brought in"):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(dot)
        elif self.state in ("running", "elsewhere"):
            painter.setPen(QPen(accent, 1.5))
            painter.drawEllipse(dot)
            painter.setBrush(accent)
            painter.drawPie(dot, 90 * 16, -180 * 16)
        elif self.state == "stale":
            painter.setPen(QPen(QColor(colours.warning), 2))
            painter.drawArc(dot, 60 * 16, 300 * 16)
            painter.drawPoint(dot.center())
        elif self._suggested:
            painter.drawEllipse(dot)
            painter.setBrush(accent)
            painter.drawEllipse(QRectF(x - 2, y - 2, 4, 4))
        else:
            painter.drawEllipse(dot)
