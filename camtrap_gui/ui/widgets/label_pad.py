"""What is said of the pictures at hand, what is proposed, and every way to say something else: by keys and by mouse."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import Project
from camtrap_gui.ui.review_keys import BY_NAME, native, tip
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.number_choice import NumberChoice
from camtrap_gui.ui.widgets.species_box import SpeciesBox

MOST_COUNT = 999
SPECIAL = (
    ("empty", "Empty", "image-outline"),
    ("person", "Person", "account-outline"),
    ("vehicle", "Vehicle", "car-outline"),
    ("unknown", "Unknown", "help"),
)
STEPS = (
    ("previous", "chevron-left"),
    ("next", "chevron-right"),
    ("unreviewed", "skip-next-outline"),
    ("undo", "undo"),
    ("redo", "redo"),
    ("history", "history"),
    ("keys", "keyboard-outline"),
)


@dataclass(frozen=True)
class LabelLine:
    """A label as it stands: the species with its count, and who said so, when and how sure."""

    species: str
    words: str
    provenance: str


@dataclass(frozen=True)
class AtHand:
    """What the pad shows. ``accept`` is what the button to accept says, '' where there is nothing to. ``numbers`` are the species of the number keys with how likely each is, None for used last.

    ``about`` is what a decision is about ("This picture", "12 pictures", "One box"), ``count`` how many animals the
    only label speaks of, None where there is no one label.
    """

    about: str = ""
    detail: str = ""
    labels: tuple[LabelLine, ...] = ()
    doubt: str = ""
    accept: str = ""
    numbers: tuple[tuple[str, float | None], ...] = ()
    flagged: bool = False
    count: int | None = None
    countable: bool = False


class LabelPad(QFrame):
    """Emits ``wanted`` with the name of a key of the review page and whether it is meant for the whole sequence.

    ``removed`` brings the species of a label to be taken away, ``counted`` a new count. ``saying`` holds all with which
    something is decided, ``turning`` the buttons that take it back.
    """

    wanted = Signal(str, bool)
    removed = Signal(str)
    counted = Signal(int)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._tinted: list[tuple[QPushButton | QToolButton, str]] = []
        self.turning: list[QToolButton] = []
        self.about = text("", "heading", bold=True, wrap=True)
        self.detail = ElidedLabel()
        self.detail.setProperty("role", "muted")
        self.doubt = text("", role="warning", wrap=True)
        self._labels = QVBoxLayout()
        self._labels.setSpacing(GRID // 2)
        self.accept = self._button("accept", "Accept", "check")
        self.accept.setProperty("primary", True)
        self.numbers = NumberChoice()
        self.numbers.wanted.connect(lambda number, shift: self.wanted.emit(f"number_{number}", shift))
        self.species = SpeciesBox(project)
        self.flag = self._button("flag", "Flag", "flag-outline")
        self.sequence = self._button("sequence", "Sequence", "filmstrip")
        for button in (self.flag, self.sequence):
            button.setCheckable(True)
        self.sequence.setToolTip(tip("sequence", "Whatever is said is said of all pictures of the sequence."))
        self.count = QSpinBox()
        self.count.setRange(0, MOST_COUNT)
        self.count.setSpecialValueText("–")
        self.count.setAccessibleName("How many there are")
        self.count.setToolTip(tip("count"))
        self.count.setKeyboardTracking(False)
        self.count.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.count.editingFinished.connect(self._count)
        self.count.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line
        self.count.setMinimumWidth(GRID * 6)
        self._last = ElidedLabel()
        self._last.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3 // 2, GRID * 2, GRID * 3 // 2, GRID)
        layout.setSpacing(GRID)
        said = QWidget()
        upper = QVBoxLayout(said)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(GRID)
        upper.addWidget(self.about)
        upper.addWidget(self.detail)
        self.saying = QWidget()
        inner = QVBoxLayout(self.saying)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GRID)
        inner.addLayout(self._labels)
        for part in (self.doubt, self.accept, self.numbers, self.species):
            inner.addWidget(part)
        inner.addLayout(self._special())
        upper.addWidget(self.saying)
        upper.addStretch()
        layout.addWidget(scrolled(said), 1)
        layout.addWidget(self._last)
        layout.addLayout(self._steps())
        theme.changed.connect(self._tint)
        self._shown: AtHand | None = None
        self._of_sequences = False
        self.show_at_hand(AtHand())

    def show_at_hand(self, now: AtHand) -> None:
        """Show this; nothing is rebuilt where nothing has changed."""
        self.flag.setChecked(now.flagged)
        if now == self._shown:
            return
        before, self._shown = self._shown or AtHand("?"), now
        there = bool(now.about)
        self.about.setText(now.about or "Nothing selected")
        self.detail.setText(now.detail)
        if now.labels != before.labels or before.about == "?":
            self._show_labels(now.labels)
        self.doubt.setText(now.doubt)
        self.doubt.setVisible(bool(now.doubt))
        words = now.accept or "Nothing proposed"
        room = GRID * 22
        self.accept.setText(self.accept.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room))
        self.accept.setAccessibleName(words)
        self.accept.setEnabled(bool(now.accept))
        self.numbers.show_names(now.numbers)
        self.count.blockSignals(True)
        self.count.setValue(now.count or 0)
        self.count.blockSignals(False)
        self.count.setEnabled(now.countable)
        for button, _ in self._tinted:
            if button not in (self.accept, self.sequence) and isinstance(button, QPushButton):
                button.setEnabled(there)

    def is_flagged(self) -> bool:
        """Whether what is at hand is flagged."""
        return self._shown is not None and self._shown.flagged

    def is_of_sequences(self) -> bool:
        """Whether everything is said of whole sequences."""
        return self._of_sequences

    def switch_sequence(self) -> None:
        """Say everything of whole sequences, or no more."""
        self._of_sequences = not self._of_sequences
        self.sequence.setChecked(self._of_sequences)

    def type_count(self) -> None:
        """Take the keyboard for the count, where there is one label to count."""
        if self.count.isEnabled():
            self.count.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.count.selectAll()

    def say(self, sentence: str) -> None:
        """Show at the bottom what was decided last."""
        self._last.setText(sentence)

    def _show_labels(self, labels: Sequence[LabelLine]) -> None:
        while (item := self._labels.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for label in labels:
            self._labels.addWidget(self._label_line(label))

    def _label_line(self, label: LabelLine) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(text(label.words, bold=True, wrap=True))
        words.addWidget(text(label.provenance, "small", role="muted", wrap=True))
        row.addLayout(words, 1)
        remove = QToolButton()
        remove.setIcon(icon("close"))
        remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        remove.setAccessibleName(f"Take {label.species} away")
        remove.setToolTip(f"Take “{label.species}” away")
        remove.clicked.connect(lambda: self.removed.emit(label.species))
        row.addWidget(remove, 0, Qt.AlignmentFlag.AlignTop)
        return line

    def _special(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(GRID // 2)
        for place, (name, words, sign) in enumerate(SPECIAL):
            grid.addWidget(self._button(name, words, sign), place // 2, place % 2)
        grid.addWidget(self.flag, 2, 0)
        grid.addWidget(self.sequence, 2, 1)
        heading = text("Count (C)", role="muted")
        heading.setBuddy(self.count)
        grid.addWidget(heading, 3, 0)
        grid.addWidget(self.count, 3, 1)
        return grid

    def _steps(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        for name, sign in STEPS:
            button = QToolButton()
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(BY_NAME[name].text)
            button.setToolTip(tip(name))
            button.clicked.connect(lambda _=False, name=name: self.wanted.emit(name, False))
            self._tinted.append((button, sign))
            row.addWidget(button)
            if name in ("undo", "redo"):
                self.turning.append(button)
        self._tint()
        return row

    def _button(self, name: str, words: str, sign: str) -> QPushButton:
        """A button that leaves the keyboard where it is, so that keys and clicks mix."""
        letter = native(BY_NAME[name].keys[0])
        button = QPushButton(f"{words}  {letter}" if len(letter) == 1 else words)
        button.setStyleSheet("QPushButton { padding: 6px 8px; text-align: left; }")
        button.setIconSize(QSize(GRID * 2, GRID * 2))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(words)
        button.setToolTip(tip(name))
        button.clicked.connect(lambda: self.wanted.emit(name, self._shift_held()))
        self._tinted.append((button, sign))
        return button

    def _shift_held(self) -> bool:
        from PySide6.QtWidgets import QApplication

        return bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)

    def _count(self) -> None:
        shown = self._shown.count if self._shown is not None else None
        if self.count.value() != (shown or 0):
            self.counted.emit(self.count.value())

    def _tint(self) -> None:
        for button, name in self._tinted:
            colour = theme.colours.on_accent if button is getattr(self, "accept", None) else None
            button.setIcon(icon(name, colour))


def scrolled(widget: QWidget) -> QScrollArea:
    """What may be too high for a small window. It leaves the keyboard to the pictures, whatever is clicked."""
    area = QScrollArea()
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
