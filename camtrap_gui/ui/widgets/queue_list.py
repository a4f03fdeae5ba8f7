"""The queues of the review page with how many images wait in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project.queues import KINDS, Queue
from camtrap_gui.ui.theme import GRID, icon, theme

STATIC = "static"
"""The row of what repeats at one place: no queue of images, but decided about as often."""

ICONS = {
    "unreviewed": "image-outline",
    "teaches": "school-outline",
    "least-sure": "help-circle-outline",
    "disagrees": "not-equal-variant",
    "alike": "view-grid-outline",
    "random": "dice-3-outline",
    "species": "paw-outline",
    "location": "map-marker-outline",
    "flagged": "flag-outline",
    STATIC: "image-filter-center-focus",
    "search": "bookmark-outline",
}
_KEY, _COUNT = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Names:
    """What the queues that need a name can be asked for."""

    species: Sequence[str] = ()
    locations: Sequence[str] = ()
    searches: Sequence[str] = ()


class QueueList(QWidget):
    """Emits ``chosen`` with a queue, or ``static_wanted``. Saved searches have a row each."""

    chosen = Signal(Queue)
    static_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = Names()
        self._counts: Mapping[str, int] = {}
        self.rows = QListWidget()
        self.rows.setAccessibleName("Queues")
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setStyleSheet("QListWidget { background: transparent; }")
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setItemDelegate(_Row(self.rows))
        self.value = QComboBox()
        self.value.setEditable(True)
        self.value.setAccessibleName("Which one")
        self.value.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.value.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        if (completer := self.value.completer()) is not None:
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.value.activated.connect(lambda _: self._choose())
        self.value.hide()
        self.only_unreviewed = QCheckBox("Only unreviewed")
        self.only_unreviewed.setChecked(True)
        self.only_unreviewed.setToolTip("<p>Leave out pictures that somebody has decided about.</p>")
        self.only_unreviewed.toggled.connect(lambda _: self._choose())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for widget in (self.rows, self.value, self.only_unreviewed):
            layout.addWidget(widget)
        self._fill()
        self.rows.currentRowChanged.connect(lambda _: self._turn())
        theme.changed.connect(self._tint)

    def queue(self) -> Queue | None:
        """The queue chosen; None while a name is missing, and for static objects."""
        kind, _, value = self._key().partition(":")
        needs = next((one.needs for one in KINDS if one.name == kind), "")
        if kind == STATIC:
            return None
        if needs in ("species", "location"):
            value = self.value.currentText().strip()
            if value not in self._values(kind):
                return None
        return Queue(kind, value, self.only_unreviewed.isChecked())

    def choose(self, kind: str, value: str = "") -> None:
        """Choose a queue as a click would."""
        wanted = f"{kind}:{value}" if kind == "search" else kind
        for row in range(self.rows.count()):
            if self.rows.item(row).data(_KEY) == wanted:
                if row == self.rows.currentRow():
                    self._turn()
                self.rows.setCurrentRow(row)
        if kind in ("species", "location") and value:
            self.value.setCurrentText(value)
            self._choose()

    def show_names(self, names: Names) -> None:
        """Offer these names; what is chosen stays chosen."""
        if names != self._names:
            before, text, waits = self._key(), self.value.currentText(), self.queue() is None
            self._names = names
            self.rows.blockSignals(True)
            self._fill()
            self._mark(before)
            self.rows.blockSignals(False)
            self._offer_values(text)
            if waits and text and self.value.currentText() == text:  # was asked for before its name was known
                self._choose()
        self.show_counts(self._counts)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many images wait in the queues that need no name; ``STATIC`` counts places."""
        self._counts = counts
        for row in range(self.rows.count()):
            item = self.rows.item(row)
            count = counts.get(item.data(_KEY))
            item.setData(_COUNT, "" if count is None else f"{count:,}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()} {item.data(_COUNT)}".strip())

    def _key(self) -> str:
        item = self.rows.currentItem()
        return str(item.data(_KEY)) if item is not None else ""

    def _values(self, kind: str) -> Sequence[str]:
        return self._names.species if kind == "species" else self._names.locations

    def _turn(self) -> None:
        self._offer_values("")
        self._choose()

    def _offer_values(self, text: str) -> None:
        kind = self._key()
        self.value.setVisible(kind in ("species", "location"))
        if kind in ("species", "location"):
            self.value.setAccessibleName(f"Which {kind}")
            self.value.clear()
            self.value.addItems(list(self._values(kind)))
            self.value.setCurrentIndex(max(0, self.value.findText(text)))

    def _choose(self) -> None:
        self.only_unreviewed.setEnabled(self._key() not in (STATIC, "flagged"))
        queue = self.queue()
        if self._key() == STATIC:
            self.static_wanted.emit()
        elif queue is not None:
            self.chosen.emit(queue)

    def _fill(self) -> None:
        self.rows.clear()
        for kind in KINDS:
            if kind.name == "search":
                self._add(STATIC, "Static objects", "What the detector finds at one place again and again.")
                for name in self._names.searches:
                    self._add(f"search:{name}", name, "A saved search.")
            else:
                dots = "…" if kind.needs else ""
                self._add(kind.name, kind.title + dots, kind.help)
        height = sum(self.rows.sizeHintForRow(row) for row in range(self.rows.count()))
        self.rows.setFixedHeight(height + 2)

    def _add(self, key: str, title: str, help: str) -> None:
        item = QListWidgetItem(title)
        item.setData(_KEY, key)
        item.setToolTip(f"<p>{escape(help)}</p>")
        self.rows.addItem(item)

    def _mark(self, key: str) -> None:
        for row in range(self.rows.count()):
            if self.rows.item(row).data(_KEY) == key:
                self.rows.setCurrentRow(row)

    def _tint(self) -> None:
        self.rows.viewport().update()


class _Row(QStyledItemDelegate):
    """An icon, what the queue is, and at the right how many wait in it."""

    def sizeHint(self, option: QStyleOptionViewItem, _: Index) -> QSize:
        return QSize(GRID * 16, option.fontMetrics.height() + GRID * 3 // 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c = theme.colours
        state: QStyle.StateFlag = option.state
        area: QRect = option.rect.adjusted(0, 1, 0, -1)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.selected if chosen else c.raised))
            painter.drawRoundedRect(area, 6, 6)
        if chosen and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)
        side = painter.fontMetrics().height()
        name = ICONS.get(str(index.data(_KEY)).partition(":")[0], "image-outline")
        icon(name, c.text if chosen else c.muted).paint(
            painter, area.left() + GRID, area.center().y() - side // 2, side, side
        )
        words, count = area.adjusted(GRID * 2 + side, 0, -GRID, 0), str(index.data(_COUNT) or "")
        room = words.width() - painter.fontMetrics().horizontalAdvance(count + "  ")
        title = painter.fontMetrics().elidedText(
            str(index.data(Qt.ItemDataRole.DisplayRole)), Qt.TextElideMode.ElideRight, room
        )
        painter.setPen(QColor(c.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(QColor(c.text if chosen else c.muted))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count)
        painter.restore()
