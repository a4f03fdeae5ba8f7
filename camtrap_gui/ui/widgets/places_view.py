"""Static objects to decide about: one tile per place, pictures of the chosen one below, and two answers."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, detections, static_objects
from camtrap_gui.project.static_objects import Place
from camtrap_gui.project.static_rules import Rules
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, icon, sized, text, theme
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.place_tiles import Instance, InstanceStrip, PlaceGrid, Tile, figures, title

MOST_INSTANCES = 30
TYPING_MS = 300
CHANGES = frozenset({"detections", "labels", "crops"})
"""What a decision about places changes."""

NOTHING_KEYS = frozenset({Qt.Key.Key_E, Qt.Key.Key_Delete, Qt.Key.Key_Backspace})
SOMETHING_KEYS = frozenset({Qt.Key.Key_Y})


class _Found(NamedTuple):
    tiles: list[Tile]
    has_detector: bool


class PlacesView(QWidget):
    """Finds the places when it is first looked at and when the project has changed since.

    ``decided`` says in words what was decided, for a notice. ``opened`` brings the id of an image to be looked at.
    """

    decided = Signal(str)
    opened = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._stale = True
        self._closed = self._deciding = False
        self._finding = Background(self)
        self._finding.answered.connect(self._show)
        self._finding.failed.connect(self._fail)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.look_for_places)
        self.grid = PlaceGrid()
        self.grid.moved.connect(self._describe)
        self.grid.opened.connect(lambda place: self.opened.emit(self._middle(self.grid.tiles[place].place)))
        self._empty, self._empty_words = QLabel(), text("", "heading", role="muted", wrap=True)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.grid)
        self._pages.addWidget(self._build_empty())
        self.chosen_card = self._build_card()
        hold(session.project, self.nothing, self.something)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._build_head())
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.chosen_card)
        self._show_page()
        theme.changed.connect(self._tint)
        self._tint()
        session.changed.connect(self._changed)

    # What the review page uses.

    def look(self) -> None:
        """Find the places anew if what they depend on has changed."""
        if self._stale:
            self.look_for_places()

    def look_for_places(self) -> None:
        """Find the places by the rules in the fields, in a thread of its own."""
        self._stale = False
        rejected = self.rejected.isChecked()
        rules = Rules(occurrences=self.occurrences.value(), days=self.days.value())
        self.headline.setText("Comparing the boxes of every camera…")
        project, is_closed = self._session.project, lambda: self._closed
        self._finding.ask(lambda: _find(project, rules, rejected, is_closed))

    def reject(self) -> None:
        """Say of the chosen places that nothing is there."""
        if not self.rejected.isChecked():
            self._decide(static_objects.reject, "Nothing is")

    def confirm(self) -> None:
        """Say of the chosen places that something is there; in the list of rejected ones, bring them back."""
        self._decide(static_objects.confirm, "Something is")

    def chosen(self) -> list[Place]:
        """The chosen places."""
        return [self.grid.tiles[place].place for place in self.grid.chosen()]

    def close_threads(self) -> None:
        """Let no thread outlive the window."""
        self._closed = True
        self._finding.close()
        self.grid.close_threads()
        self.strip.close_threads()

    def event(self, event: QEvent) -> bool:
        # Keys of this view come before shortcuts of the page around it that mean something else.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._slot(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (slot := self._slot(event)) is not None:
            slot()
        else:
            super().keyPressEvent(event)

    # Inside.

    def _slot(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            return None
        key = Qt.Key(event.key())
        return self.reject if key in NOTHING_KEYS else self.confirm if key in SOMETHING_KEYS else None

    def _decide(self, say: Callable[[Project, Sequence[Place]], int], words: str) -> None:
        if not (chosen := self.grid.chosen()):
            return
        places = self.chosen()
        say(self._session.project, places)
        left = [tile for place, tile in enumerate(self.grid.tiles) if place not in set(chosen)]
        self.grid.show_places(left, max(0, min(chosen[0], len(left) - 1)))
        self._show_page()
        self._deciding = True  # all that changes here is what was taken off the list just now
        self._session.changed.emit(set(CHANGES))
        self._deciding = False
        many = sum(len(place.detection_ids) for place in places)
        where = places[0].location or "this place"
        at = f"at {where}" if len(places) == 1 else f"at {len(places):,} places"
        self.decided.emit(f"{words} {at}: {many:,} detections")

    def _changed(self, topics: set[str]) -> None:
        if self._deciding or not topics & {"images", "detections"}:
            return
        self._stale = True
        if self.isVisible():
            self.look_for_places()

    def _show(self, found: _Found) -> None:
        at = self.grid.place()
        before = self.grid.tiles[at].place if 0 <= at < self.grid.count() else None
        key = before and (before.location, before.category, before.box)
        again = [
            number
            for number, tile in enumerate(found.tiles)
            if key == (tile.place.location, tile.place.category, tile.place.box)
        ]
        self.grid.show_places(found.tiles, again[0] if again else 0)
        self._show_page(found.has_detector)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, Problem):
            self.headline.setText(str(error))
        elif not isinstance(error, Cancelled):
            raise error

    def _show_page(self, has_detector: bool = True) -> None:
        many, rejected = self.grid.count(), self.rejected.isChecked()
        boxes = sum(len(tile.place.detection_ids) for tile in self.grid.tiles)
        nouns = f"{many:,} place{'s' * (many != 1)} · {boxes:,} boxes"
        self.headline.setText((f"Rejected: {nouns}" if rejected else nouns) if many else "Static objects")
        self._empty_words.setText(
            "No detector has looked at the pictures yet."
            if not has_detector
            else "Nothing was rejected."
            if rejected
            else "No box comes back to the same place that often. Ask for fewer times or days to find more."
        )
        self._pages.setCurrentIndex(0 if many else 1)
        self.chosen_card.setVisible(many > 0)
        self.nothing.setVisible(not rejected)
        self.something.setText("Bring back (Y)" if rejected else "Something is there (Y)")
        for field in (self._rules_words, self.occurrences, self._times, self.days):
            field.setVisible(not rejected)

    def _describe(self) -> None:
        chosen, at = self.chosen(), self.grid.place()
        for button in (self.nothing, self.something):
            button.setEnabled(bool(chosen))
        current = self.grid.tiles[at].place if 0 <= at < self.grid.count() else None
        self.strip.show_instances(current, self._instances(current) if current else ())
        boxes = sum(len(place.detection_ids) for place in chosen)
        many = f"{len(chosen):,} places with {boxes:,} detections chosen"
        self.about.setText(many if len(chosen) > 1 else title(current) if current else "")
        name = f"{title(current)}, " if current and len(chosen) > 1 else ""
        self.details.setText(name + figures(current) if current else "")

    def _instances(self, place: Place) -> list[Instance]:
        """Some pictures of a place, evenly over all."""
        images = list(dict.fromkeys(place.image_ids))
        many = min(MOST_INSTANCES, len(images))
        wanted = [images[number * len(images) // many] for number in range(many)]
        return [Instance(row.id, row.file, row.taken) for row in browse.rows(self._session.project, wanted)]

    @staticmethod
    def _middle(place: Place) -> int:
        return place.image_ids[len(place.image_ids) // 2]

    def _build_head(self) -> QHBoxLayout:
        self.headline = ElidedLabel()
        sized(self.headline, "heading", bold=True)
        self._rules_words, self._times = text("At least", role="muted"), text("on", role="muted")
        self.occurrences = _field("Times", Rules.occurrences, 2, 100_000, " times", " time")
        self.occurrences.setToolTip("<p>How often a box must be at a place. A burst counts once.</p>")
        self.days = _field("Days", Rules.days, 1, 10_000, " days", " day")
        self.days.setToolTip(
            "<p>On how many different days. An animal that sleeps there through a night is there on two.</p>"
        )
        for field in (self.occurrences, self.days):
            field.valueChanged.connect(lambda _: self._typing.start())
        self.rejected = QPushButton("Rejected")
        self.rejected.setCheckable(True)
        self.rejected.setToolTip("<p>Show what was rejected, to bring it back.</p>")
        self.rejected.toggled.connect(lambda _: self._switch())
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.headline, 1)
        for widget in (self._rules_words, self.occurrences, self._times, self.days, self.rejected):
            row.addWidget(widget)
        return row

    def _build_card(self) -> QWidget:
        self.about, self.details = ElidedLabel(), ElidedLabel()
        sized(self.about, "body", bold=True)
        self.details.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.about)
        words.addWidget(self.details)
        self.strip = InstanceStrip()
        self.strip.opened.connect(lambda place: self.opened.emit(self.strip.instances[place].image_id))
        self.nothing = QPushButton("Nothing is there (E)")
        self.nothing.setProperty("primary", True)
        self.nothing.setToolTip(
            "<p>Reject the detections of the chosen places: stump, stone, shadow. It can be undone.</p>"
        )
        self.nothing.clicked.connect(self.reject)
        self.something = QPushButton("Something is there (Y)")
        self.something.setToolTip(
            "<p>Keep them, and do not ask about these places again. It can be undone.</p>"
        )
        self.something.clicked.connect(self.confirm)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addLayout(words, 1)
        head.addWidget(self.something)
        head.addWidget(self.nothing)
        card = QFrame()
        card.setObjectName("card")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.strip)
        return card

    def _build_empty(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setSpacing(GRID * 2)
        layout.addStretch(2)
        for label in (self._empty, self._empty_words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addStretch(3)
        return page

    def _switch(self) -> None:
        self.grid.show_places([])
        self.look_for_places()

    def _tint(self) -> None:
        self._empty.setPixmap(icon("check-circle-outline", theme.colours.muted).pixmap(GRID * 8, GRID * 8))


def _find(project: Project, rules: Rules, rejected: bool, is_closed: Callable[[], bool]) -> _Found:
    def look(done: int, total: int) -> None:
        if is_closed():
            raise Cancelled

    with project.apart() as own:
        places = (
            static_objects.rejected_places(own, rules) if rejected else static_objects.find(own, rules, look)
        )
        covers = [place.image_ids[len(place.image_ids) // 2] for place in places]
        files = {
            row.id: row.file
            for start in range(0, len(covers), 1000)
            for row in browse.rows(own, covers[start : start + 1000])
        }
        tiles = [
            Tile(place, files[cover]) for place, cover in zip(places, covers, strict=True) if cover in files
        ]
        return _Found(tiles, detections.latest_detector(own) is not None)


def _field(name: str, value: int, low: int, high: int, many: str, one: str) -> QSpinBox:
    field = QSpinBox()
    field.setAccessibleName(f"{name}, at least")
    field.setRange(low, high)
    field.setFixedWidth(GRID * 15)
    field.setGroupSeparatorShown(True)
    field.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in forms
    field.valueChanged.connect(lambda number: field.setSuffix(one if number == 1 else many))
    field.setSuffix(many)
    field.setValue(value)
    return field
