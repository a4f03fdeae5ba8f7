"""Looking through what a run said: crops side by side with truth and prediction, and fields that say which."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import Project, crops, inspection
from camtrap_gui.project.inspection import ANY, RIGHT, WRONG, Asked
from camtrap_gui.project.predictions import Judged
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.crop_grid import CropGrid
from camtrap_gui.ui.widgets.elided_combo import ElidedCombo
from camtrap_gui.ui.widgets.elided_label import ElidedLabel

OF_EACH = 6
SAMPLE, SUREST, UNSUREST = "sample", "surest", "unsurest"
ORDERS = (
    (SAMPLE, f"{OF_EACH} of each"),
    (SUREST, "Surest"),
    (UNSUREST, "Least sure"),
)
VERDICTS = ((ANY, "All"), (WRONG, "Errors"), (RIGHT, "Right"))


class _Page(NamedTuple):
    found: list[Judged]
    is_first: bool
    is_last: bool


class InspectionView(QWidget):
    """``opened`` brings the place of a crop among ``found``. Questions are asked in the background, a page at a time."""

    opened = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run, self._split, self._seed = "", "", 0
        self._stale = self._asking = False
        self._is_last = True
        self.grid = CropGrid()
        self.grid.opened.connect(self.opened)
        self.grid.end_near.connect(self._ask_more)
        self.nothing = text("No crop is like that.", role="muted", wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.grid)
        self.pages.addWidget(self.nothing)
        self.summary = ElidedLabel()
        self.summary.setProperty("role", "muted")
        self.others = QPushButton("Others")
        self.others.setToolTip("<p>Draw other crops of each species.</p>")
        self.others.clicked.connect(self._draw_others)
        self._questions, self._counting = Background(self), Background(self)
        self._questions.answered.connect(self._show)
        self._questions.failed.connect(self._fail)
        self._counting.answered.connect(self._tell)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._fields())
        below = QHBoxLayout()
        below.addWidget(self.summary, 1)
        below.addWidget(self.others)
        layout.addLayout(below)
        layout.addWidget(self.pages, 1)

    @property
    def found(self) -> Sequence[Judged]:
        """What is shown."""
        return self.grid.found

    def title(self) -> str:
        """What is shown, in words."""
        kind = {ANY: "Crops", WRONG: "Errors", RIGHT: "Recognised"}[self.verdict.currentData()]
        order = {SAMPLE: f"{OF_EACH} of each species", SUREST: "surest first", UNSUREST: "least sure first"}
        return f"{kind}, {order[self.order.currentData()]}"

    def show_run(self, run_id: str, split: str, species: Sequence[str], locations: Sequence[str]) -> None:
        """Look through what a run said for a split, of these species and locations."""
        self._run, self._split, self._stale = run_id, split, True
        for field, everything, names in (
            (self.truth, "Any", species),
            (self.called, "Any", species),
            (self.location, "Any", locations),
        ):
            _fill(field, [("", everything), *((name, name) for name in names)])
        if self.isVisible():
            self.ask()

    def asked(self) -> Asked:
        """What the fields say."""
        fields = (self.truth, self.called, self.location, self.verdict)
        return Asked(self._run, self._split, *(field.currentData() for field in fields))

    def ask(self) -> None:
        """Show the beginning of what is asked for."""
        asked, order, seed = self.asked(), self.order.currentData(), self._seed
        self._stale, self._asking = False, True
        self.others.setVisible(order == SAMPLE)
        self.summary.setText("Looking…")

        def first(project: Project) -> _Page:
            if order == SAMPLE:
                return _Page(inspection.sample(project, asked, OF_EACH, seed), True, True)
            found = inspection.page(project, asked, order == UNSUREST)
            return _Page(found, True, len(found) < inspection.PAGE)

        self._questions.ask(self._in_thread(first))
        self._counting.ask(self._in_thread(lambda project: inspection.count(project, asked)))

    def close_threads(self) -> None:
        """Let no thread outlive the window."""
        self._questions.close()
        self._counting.close()
        self.grid.close_threads()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.ask()

    def _ask_more(self) -> None:
        if self._asking or self._is_last or not self.found:
            return
        self._asking = True
        asked, last, unsurest = self.asked(), self.found[-1], self.order.currentData() == UNSUREST

        def following(project: Project) -> _Page:
            found = inspection.page(project, asked, unsurest, last)
            return _Page(found, False, len(found) < inspection.PAGE)

        self._questions.ask(self._in_thread(following))

    def _in_thread(self, question: Callable[[Project], Any]) -> Callable[[], Any]:
        project = self._session.project

        def asked() -> Any:
            with project.apart() as own:
                return question(own)

        return asked

    def _show(self, page: _Page) -> None:
        self._asking, self._is_last = False, page.is_last
        if page.is_first:
            self.grid.show_crops(page.found, crops.folder(self._session.project))
            self.pages.setCurrentWidget(self.grid if page.found else self.nothing)
        else:
            self.grid.add_crops(page.found)

    def _tell(self, count: int) -> None:
        drawn = f", {OF_EACH} of each species drawn at random" if self.order.currentData() == SAMPLE else ""
        self.summary.setText(f"{count:,} crop{'s' if count != 1 else ''}{drawn}")

    def _fail(self, error: Exception) -> None:
        self._asking, self._is_last = False, True
        self.summary.setText(f"This could not be read: {error}")

    def _draw_others(self) -> None:
        self._seed += 1
        self.ask()

    def _fields(self) -> QGridLayout:
        fields = QGridLayout()
        fields.setHorizontalSpacing(GRID)
        fields.setVerticalSpacing(GRID // 2)
        self.order, self.verdict, self.truth, self.called, self.location = (
            self._field(fields, place, words)
            for place, words in enumerate(("Show first", "Answers", "Is", "Was called", "Location"))
        )
        _fill(self.order, ORDERS)
        _fill(self.verdict, VERDICTS)
        return fields

    def _field(self, fields: QGridLayout, place: int, words: str) -> QComboBox:
        field = ElidedCombo()
        field.setAccessibleName(words)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(6)
        field.setMinimumWidth(GRID * 9)
        field.currentIndexChanged.connect(lambda _: self.ask())
        label: QLabel = text(words, "small", role="muted")
        label.setBuddy(field)
        fields.addWidget(label, 0, place)
        fields.addWidget(field, 1, place)
        fields.setColumnStretch(place, 3 if place == 0 else 2)
        return field


def _fill(field: QComboBox, choices: Sequence[tuple[str, str]]) -> None:
    """Offer these; what was chosen stays chosen."""
    chosen = field.currentData()
    field.blockSignals(True)
    field.clear()
    for value, words in choices:
        field.addItem(words, value)
    field.setCurrentIndex(max(0, field.findData(chosen)))
    field.blockSignals(False)
