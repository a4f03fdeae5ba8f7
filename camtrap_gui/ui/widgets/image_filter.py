"""Which pictures of the project are wanted: fields above a list of them."""

from PySide6.QtCore import QDate, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from camtrap_gui.project import Project, browse, images
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets.elided_combo import ElidedCombo
from camtrap_gui.ui.widgets.elided_label import ElidedLabel

TYPING_MS = 100


class ImageFilter(QWidget):
    """Emits ``changed`` when other pictures are wanted, and ``table_wanted``. ``second_row`` has room for more at its end."""

    changed = Signal()
    table_wanted = Signal(bool)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.summary = ElidedLabel()
        self.summary.setProperty("role", "muted")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID)
        rows.addLayout(self._first_row())
        self.second_row = self._second_row()
        rows.addLayout(self.second_row)

    def refresh(self) -> None:
        """Offer what the project has now; what is chosen stays chosen."""
        project = self._project
        _fill(self.location, "Location", images.locations(project))
        _fill(self.species, "Species", images.species(project))
        first, last = browse.span(project)
        for field, moment in ((self.since, first), (self.until, last)):
            field.blockSignals(True)
            field.setVisible(bool(moment))
            if moment:
                field.setDateRange(
                    QDate.fromString(first[:10], "yyyy-MM-dd"), QDate.fromString(last[:10], "yyyy-MM-dd")
                )
                field.setDate(QDate.fromString(moment[:10], "yyyy-MM-dd"))
            field.blockSignals(False)
        self._to.setVisible(bool(first))

    def value(self) -> browse.Filter:
        """What is wanted."""
        first, last = (moment[:10] for moment in browse.span(self._project))
        since, until = (field.date().toString("yyyy-MM-dd") for field in (self.since, self.until))
        return browse.Filter(
            location=self.location.currentData() or "",
            species=self.species.currentData() or "",
            since=since if first and since != first else "",
            until=until if last and until != last else "",
            state=self.state.currentData() or "",
            text=self.words.text().strip(),
        )

    def tell(self, found: int) -> None:
        """Say how many pictures are shown."""
        total = images.count(self._project)
        self.summary.setText(f"{total:,} images" if found == total else f"{found:,} of {total:,} images")

    def _first_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.words = QLineEdit()
        self.words.setPlaceholderText("File name…")
        self.words.setAccessibleName("Filter by file name")
        self.words.setMinimumWidth(GRID * 14)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.location, self.species, self.state = ElidedCombo(), ElidedCombo(), ElidedCombo()
        self.state.addItem("State", None)
        for state in browse.STATES:
            self.state.addItem(state.capitalize(), state)
        row.addWidget(self.words, 2)
        for box, name in ((self.location, "location"), (self.species, "species"), (self.state, "state")):
            box.setAccessibleName(f"Filter by {name}")
            box.setToolTip(f"Filter by {name}; the first entry shows all")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(5)
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
            row.addWidget(box, 1)
        self.as_table = QToolButton()
        self.as_table.setCheckable(True)
        self.as_table.setAccessibleName("Show as a table")
        self.as_table.setToolTip("Table or grid")
        self.as_table.toggled.connect(self.table_wanted)
        row.addWidget(self.as_table)
        theme.changed.connect(self._tint)
        QTimer.singleShot(0, self, self._tint)
        return row

    def _second_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.summary, 1)
        self.since, self.until = QDateEdit(), QDateEdit()
        for field, name in ((self.since, "First day"), (self.until, "Last day")):
            field.setCalendarPopup(True)
            field.setDisplayFormat("yyyy-MM-dd")
            field.setAccessibleName(name)
            field.setToolTip(name)
            field.dateChanged.connect(lambda _: self.changed.emit())
        self._to = text("to", role="muted")
        for widget in (self.since, self._to, self.until):
            row.addWidget(widget)
        return row

    def _tint(self) -> None:
        self.as_table.setIcon(icon("table"))


def _fill(box: QComboBox, everything: str, names: tuple[str, ...]) -> None:
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, None)
    for name in names:
        box.addItem(name, name)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)
