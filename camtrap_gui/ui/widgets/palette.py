"""The command palette: type a few letters, get any action of the window or any image of the project."""

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import Project, browse
from camtrap_gui.ui.theme import GRID, icon, theme
from camtrap_gui.ui.widgets.background import Background

ACTIONS_SHOWN = 8
IMAGES_SHOWN = 8
TYPING_MS = 120

_HINT = Qt.ItemDataRole.UserRole + 1


class CommandPalette(QFrame):
    """A box over the window. Enter does the chosen row, Escape closes. ``image_wanted`` brings an image's id.

    A project of a million images is searched in a thread: that takes a third of a second.
    """

    image_wanted = Signal(int)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self._window = window
        self._project: Project | None = None
        self._before: QWidget | None = None
        self.field = QLineEdit()
        self.field.setAccessibleName("Find an action or an image")
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.rows = QListWidget()
        self.rows.setAccessibleName("What was found")
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setItemDelegate(_Row(self.rows))
        self.rows.itemClicked.connect(lambda _: self._take())
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._search)
        self._finding = Background(self)
        self._finding.answered.connect(self._add_images)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addWidget(self.field)
        layout.addWidget(self.rows)
        theme.changed.connect(self._dress)
        self.hide()

    def open_over(self, project: Project | None) -> None:
        """Show the box at the top of the window with the field ready; ``project`` is the open one, if any."""
        self._project, self._before = project, self._window.focusWidget()
        self.field.setPlaceholderText(
            "Type to find an action…"
            if project is None
            else "Type to find an action, or an image by its name…"
        )
        self._dress()
        width = min(GRID * 80, self._window.width() - GRID * 8)
        self.setGeometry((self._window.width() - width) // 2, GRID * 6, width, GRID * 12)
        self.field.clear()
        self._filter("")
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_threads(self) -> None:
        """Let no search outlive the window."""
        self._finding.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            match event.key():
                case Qt.Key.Key_Escape:
                    self._leave()
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self._take()
                case Qt.Key.Key_Down | Qt.Key.Key_Tab:
                    self._step(1)
                case Qt.Key.Key_Up | Qt.Key.Key_Backtab:
                    self._step(-1)
                case _:
                    return super().eventFilter(watched, event)
            return True
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        self.rows.setCurrentRow((self.rows.currentRow() + by) % max(1, self.rows.count()))

    def _filter(self, words: str) -> None:
        self.rows.clear()
        enabled = [action for action in self._window.actions() if action.isEnabled()]
        scored = [(match(words, action.text()), number) for number, action in enumerate(enabled)]
        for _, number in sorted((score, number) for score, number in scored if score is not None)[
            :ACTIONS_SHOWN
        ]:
            action = enabled[number]
            hint = action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
            self._add(action.text().rstrip("…"), action.icon(), hint, action)
        if not self.rows.count() and self._project is None:
            self._say_nothing_found()
        self._fit()
        self._typing.start()

    def _search(self) -> None:
        project, words = self._project, self.field.text().strip()
        if project is not None and words and self.isVisible():
            self._finding.ask(lambda: (words, _find(project, words)))

    def _add_images(self, answer: tuple[str, list[tuple[int, str]]]) -> None:
        words, found = answer
        if words == self.field.text().strip():
            for number, path in found:
                self._add(path, icon("image-outline"), "Image", number)
            if not self.rows.count():
                self._say_nothing_found()
            self._fit()

    def _add(self, words: str, sign: QIcon, hint: str, wanted: QAction | int) -> None:
        item = QListWidgetItem(sign, words)
        item.setData(Qt.ItemDataRole.UserRole, wanted)
        item.setData(_HINT, hint)
        self.rows.addItem(item)
        if self.rows.currentRow() < 0:
            self.rows.setCurrentRow(0)

    def _say_nothing_found(self) -> None:
        item = QListWidgetItem("Nothing found")
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.rows.addItem(item)

    def _fit(self) -> None:
        rows = sum(self.rows.sizeHintForRow(row) for row in range(self.rows.count()))
        most = self._window.height() - GRID * 16
        self.rows.setVisible(self.rows.count() > 0)
        self.resize(self.width(), min(most, self.field.sizeHint().height() + rows + GRID * 4))

    def _leave(self) -> None:
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()

    def _take(self) -> None:
        item = self.rows.currentItem()
        if item is None:
            return
        self._leave()
        wanted = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(wanted, QAction):
            wanted.trigger()
        else:
            self.image_wanted.emit(wanted)

    def _dress(self) -> None:
        c = theme.colours
        self.setStyleSheet(
            f"#palette {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: 10px; }}"
            "QListWidget { background: transparent; }"
        )


class _Row(QStyledItemDelegate):
    """What is found at the left, its shortcut or kind at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, _: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(GRID * 20, option.fontMetrics.height() + GRID * 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        option_: Any = option
        area: QRect = option_.rect.adjusted(GRID // 2, 0, -GRID // 2, 0)
        chosen, c = bool(option_.state & QStyle.StateFlag.State_Selected), theme.colours
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.accent))
            painter.drawRoundedRect(area, 6, 6)
        sign, side = index.data(Qt.ItemDataRole.DecorationRole), option.fontMetrics.height()
        if isinstance(sign, QIcon) and not sign.isNull() and not chosen:
            sign.paint(painter, area.left() + GRID, area.center().y() - side // 2, side, side)
        words = area.adjusted(GRID * 2 + side, 0, -GRID, 0)
        hint = str(index.data(_HINT) or "")
        room = words.width() - painter.fontMetrics().horizontalAdvance(hint) - GRID * 2
        shown = painter.fontMetrics().elidedText(
            str(index.data(Qt.ItemDataRole.DisplayRole)), Qt.TextElideMode.ElideLeft, room
        )
        painter.setPen(QColor(c.on_accent if chosen else c.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.setPen(QColor(c.on_accent if chosen else c.muted))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, hint)
        painter.restore()


def _find(project: Project, words: str) -> list[tuple[int, str]]:
    with project.apart() as own:
        return browse.find(own, words, IMAGES_SHOWN)


def match(typed: str, label: str) -> int | None:
    """How well the typed letters fit a label, lower is better; None when they do not come in this order in it."""
    text, score, place = label.lower(), 0, -1
    for letter in typed.lower():
        found = text.find(letter, place + 1)
        if found < 0:
            return None
        score += found - place - 1
        place = found
    return score
