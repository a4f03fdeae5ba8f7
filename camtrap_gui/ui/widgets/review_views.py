"""The pictures of a queue as a grid or one by one, with where one is in it; or what repeats at one place."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from camtrap_gui.project import Project, review_rows
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.viewer.shown import Region
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.review_grid import ReviewGrid
from camtrap_gui.ui.widgets.review_single import AHEAD, ReviewSingle


class ReviewViews(QWidget):
    """Knows which pictures are at hand. ``moved`` tells that others are; ``again_wanted`` asks for the queue anew, ``turned`` that the
    grid or the single picture came to the front.

    What was decided stays in its place, marked, until then.
    """

    moved = Signal()
    again_wanted = Signal()
    turned = Signal()

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._done: set[int] = set()
        self._title = ""
        self.title = ElidedLabel()
        self.grid = ReviewGrid(project)
        self.single = ReviewSingle(project)
        self.grid.opened.connect(self.open_place)
        self.grid.moved.connect(self._moved)
        self.single.moved.connect(self._moved)
        self.single.stepped.connect(self.step)
        self.single.closed.connect(self.close_single)
        self.switch = QToolButton()
        self.switch.setCheckable(True)
        self.switch.setAccessibleName("One picture at a time")
        self.switch.setToolTip("<p>Grid, or one picture at a time <b>Enter, Esc</b></p>")
        self.switch.clicked.connect(
            lambda one: self.open_place(self.grid.place()) if one else self.close_single()
        )
        self.again = QToolButton()
        self.again.setAccessibleName("Ask the queue again")
        self.again.setToolTip("<p>Ask the queue again: what was decided leaves it <b>F5</b></p>")
        self.again.clicked.connect(self.again_wanted)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(GRID // 2)
        for widget in (self.switch, self.again):
            self.bar.addWidget(widget)
        self.bar.addWidget(self.title, 1)
        self.pages = QStackedWidget()
        self.nothing = _Nothing()
        self.nothing.button.clicked.connect(self.again_wanted)
        for page in (self.grid, self.single, self.nothing):
            self.add_page(page)
        self.pages.currentChanged.connect(lambda _: self.turned.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self.bar)
        layout.addWidget(self.pages, 1)
        theme.changed.connect(self._tint)
        QTimer.singleShot(0, self, self._tint)

    # What is shown.

    def show_queue(self, title: str, ids: Sequence[int], nothing: str) -> None:
        """Show a queue from its beginning, in the view that was used last; ``nothing`` says why it may be empty."""
        self._title, one = title, self.is_single()
        self.switch.setEnabled(True)
        self._done.clear()
        self.grid.show_ids(ids)
        if not len(ids):
            self.nothing.say(nothing)
            self.single.clear()
            self.pages.setCurrentWidget(self.nothing)
            self._moved()
        elif one:
            self.open_place(0)
        else:
            self.pages.setCurrentWidget(self.grid)
        self._tell()

    def add_page(self, page: QWidget) -> None:
        """Have one more page to show. Its own idea of its width counts for nothing: the panel sees to its room."""
        page.setMinimumWidth(GRID * 30)
        self.pages.addWidget(page)

    def show_other(self, title: str, page: QWidget) -> None:
        """Show a page of another kind."""
        self._title = title
        self.grid.show_ids(())
        self.pages.setCurrentWidget(page)
        self.switch.setEnabled(False)
        self._moved()

    def is_single(self) -> bool:
        """Whether one picture is shown, or would be if there were one."""
        return self.switch.isChecked()

    def shows_single(self) -> bool:
        """Whether one picture is in front."""
        return self.pages.currentWidget() is self.single

    def ids(self) -> Sequence[int]:
        """The images of the queue."""
        return self.grid.rows.ids

    def at_hand(self) -> list[int]:
        """The ids of the images that a decision is about."""
        if self.shows_single():
            image_id = self.single.image_id()
            return [] if image_id is None else [image_id]
        return self.grid.chosen_ids() if self.pages.currentWidget() is self.grid else []

    def region(self) -> Region | None:
        """The box that a decision is about, if it is about one."""
        return self.single.region() if self.shows_single() else None

    # Going about.

    def open_place(self, place: int) -> None:
        """Show the picture at a place of the queue by itself."""
        if not 0 <= place < len(self.ids()):
            self.switch.setChecked(self.shows_single())
            return
        self.switch.setChecked(True)
        self.grid.blockSignals(True)
        self.grid.choose(place)
        self.grid.blockSignals(False)
        self.pages.setCurrentWidget(self.single)
        self.single.show_image(int(self.ids()[place]), self._next_open(place + 1, AHEAD))
        self.single.viewer.canvas.setFocus()
        self._tell()

    def close_single(self) -> None:
        """Back to the grid."""
        self.switch.setChecked(False)
        if len(self.ids()):
            self.pages.setCurrentWidget(self.grid)
            self.grid.setFocus()
        self._moved()

    def go_to(self, place: int) -> None:
        """Make the picture at a place the one at hand, in the view that is used."""
        if 0 <= place < len(self.ids()):
            self.open_place(place) if self.is_single() else self.grid.choose(place)

    def go_to_image(self, image_id: int) -> None:
        """Make an image the one at hand, if it is in the queue."""
        ids = self.ids()
        place = next((place for place in range(len(ids)) if ids[place] == image_id), -1)
        self.go_to(place)

    def step(self, by: int) -> None:
        """Go on or back in the queue."""
        self.go_to(self.grid.place() + by)

    def go_on(self, decided: Sequence[int]) -> None:
        """After a decision about these images: on to the next picture that is not decided yet."""
        self._done.update(decided)
        self.grid.look_again(decided)
        place = self.grid.place() if self.is_single() else self.grid.last_chosen()
        strayed = self.is_single() and self.single.image_id() != int(self.ids()[place])
        following = [] if strayed else self._next_open(place + 1, 1)
        if following:
            self.go_to(self._place_after(place, following[0]))
        else:
            self.look_again(decided)
        self._tell()

    def go_unreviewed(self) -> bool:
        """On to the next picture nobody has reviewed; says whether there is one."""
        place = review_rows.next_unreviewed(self._project, self.ids(), self.grid.place())
        if place is not None:
            self.go_to(place)
        return place is not None

    def look_again(self, image_ids: Sequence[int] | None = None) -> None:
        """Show what is known now, without losing the place."""
        self.grid.look_again(image_ids)
        if image_ids is None:
            self._done = review_rows.reviewed(self._project, self._done)
        if self.shows_single():
            self.single.look_again()
        self._moved()

    def set_focus(self) -> None:
        """Give the pictures the keyboard."""
        (self.single.viewer.canvas if self.shows_single() else self.grid).setFocus()

    def close_threads(self) -> None:
        """Let no decoding outlive the window."""
        self.grid.close_threads()
        self.single.close_threads()

    def _next_open(self, place: int, most: int) -> list[int]:
        """Ids of the next images from a place on that were not decided since the queue was asked for."""
        ids, found = self.ids(), list[int]()
        while place < len(ids) and len(found) < most:
            if int(ids[place]) not in self._done:
                found.append(int(ids[place]))
            place += 1
        return found

    def _place_after(self, place: int, image_id: int) -> int:
        ids = self.ids()
        return next(one for one in range(place + 1, len(ids)) if ids[one] == image_id)

    def _moved(self) -> None:
        self._tell()
        self.moved.emit()

    def _tell(self) -> None:
        total = len(self.ids())
        where = f"{self.grid.place() + 1:,} of {total:,}" if total else ""
        decided = len(self._done)
        done = f" · {decided:,} decided" if decided else ""
        if total and decided >= total and not self._next_open(0, 1):
            done = " · all decided, F5 asks again"
        self.title.setText(f"{self._title} · {where}{done}" if where else self._title)

    def _tint(self) -> None:
        self.switch.setIcon(icon("image-outline"))
        self.again.setIcon(icon("refresh"))


class _Nothing(QWidget):
    """What an empty queue has to say."""

    def __init__(self) -> None:
        super().__init__()
        self._words = text("", "heading", role="muted", wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton("Ask again")
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._words)
        layout.addSpacing(GRID * 2)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, words: str) -> None:
        self._words.setText(words)
        self.setAccessibleName(words)
