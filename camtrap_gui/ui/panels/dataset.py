"""The pictures of the survey: bring them in, look through them, see what cannot be used."""

from PySide6.QtCore import QDate, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import browse, detections, images
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets.browser import Browser
from camtrap_gui.ui.widgets.drops import dropped_paths

TYPING_MS = 100


class DatasetPanel(Panel):
    """A folder or JSON dropped anywhere on it is offered for import."""

    step = "dataset"
    verb = "Import"
    topics = frozenset({"images", "labels", "detections"})
    only = ("json", "images", "folder", "folder_rule", "sequence_gap")
    empty_icon = "image-plus-outline"
    empty_text = (
        "Drop a folder of pictures or a COCO Camera Traps JSON here, or choose it at the left. "
        "Originals are only read: nothing is moved, changed, or written beside them."
    )

    def build(self) -> QWidget:
        self.setAcceptDrops(True)
        self.summary = text("", role="muted")
        self.browser = Browser(self.session)
        listing = QWidget()
        column = QVBoxLayout(listing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        head = QWidget()
        rows = QVBoxLayout(head)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID)
        rows.addLayout(self._filters())
        rows.addLayout(self._second_row())
        self.browser.currentChanged.connect(lambda page: head.setVisible(page == 0))  # room for the picture
        column.addWidget(head)
        column.addWidget(self.browser, 1)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.apply_filter)
        return listing

    def is_empty(self) -> bool:
        return images.count(self.session.project) == 0

    def refresh(self) -> None:
        project = self.session.project
        _fill(self.location, "All locations", images.locations(project))
        _fill(self.species, "All species", images.species(project))
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
        if (detector := detections.latest_detector(project)) is not None:
            self.browser.viewer.set_threshold(detector.typical_threshold)
        self.apply_filter()

    def apply_filter(self) -> None:
        """Show the images that pass the fields above the list."""
        project = self.session.project
        first, last = (moment[:10] for moment in browse.span(project))
        since, until = (field.date().toString("yyyy-MM-dd") for field in (self.since, self.until))
        chosen = browse.Filter(
            location=self.location.currentData() or "",
            species=self.species.currentData() or "",
            since=since if first and since != first else "",
            until=until if last and until != last else "",
            state=self.state.currentData() or "",
            text=self.words.text().strip(),
        )
        found = browse.ids(project, chosen)
        self.browser.show_ids(found)
        total = images.count(project)
        self.summary.setText(
            f"{total:,} images" if len(found) == total else f"{len(found):,} of {total:,} images"
        )

    def close_threads(self) -> None:
        self.browser.close_threads()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(dropped_paths(event.mimeData())) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        (path,) = dropped_paths(event.mimeData())
        is_json = path.suffix.lower() == ".json"
        self.form.set_value("json", path if is_json else None)
        self.form.set_value("images", path.parent if is_json else None)
        self.form.set_value("folder", None if is_json else path)
        self.say("Check the options, then press Import.")
        self.start_button.setFocus()

    def _filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.words = QLineEdit()
        self.words.setPlaceholderText("File name…")
        self.words.setAccessibleName("Filter by file name")
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.location, self.species, self.state = QComboBox(), QComboBox(), QComboBox()
        self.state.addItem("Any state", None)
        for state in browse.STATES:
            self.state.addItem(state.capitalize(), state)
        row.addWidget(self.words, 2)
        for box, name in ((self.location, "location"), (self.species, "species"), (self.state, "state")):
            box.setAccessibleName(f"Filter by {name}")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
            box.currentIndexChanged.connect(lambda _: self.apply_filter())
            row.addWidget(box, 1)
        self.as_table = QToolButton()
        self.as_table.setCheckable(True)
        self.as_table.setAccessibleName("Show as a table")
        self.as_table.setToolTip("Table or grid")
        self.as_table.toggled.connect(lambda table: self.browser.list.show_grid(not table))
        row.addWidget(self.as_table)
        theme.changed.connect(self._tint)
        QTimer.singleShot(0, self._tint)
        return row

    def _second_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.summary)
        row.addStretch()
        self.since, self.until = QDateEdit(), QDateEdit()
        for field, name in ((self.since, "First day"), (self.until, "Last day")):
            field.setCalendarPopup(True)
            field.setDisplayFormat("yyyy-MM-dd")
            field.setAccessibleName(name)
            field.setToolTip(name)
            field.dateChanged.connect(lambda _: self.apply_filter())
            row.addWidget(field)
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
