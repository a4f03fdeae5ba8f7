"""Cutting out the animals and splitting them by site: what there is, who was left out and why, what to beware of.

As soon as an option is changed the page shows the data set as it would be, beside the one that is there.
"""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from camtrap_gui.project import crops, detections, history, images
from camtrap_gui.project.crops import SPLITS
from camtrap_gui.steps.crop import Planned
from camtrap_gui.ui.look_ahead import LookAhead
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.headline import Figure, Headline
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.worker import Job

BESIDE = GRID * 170
"""How wide the panel is at least that has its two tables beside each other."""

CHANGING_MS = 300
LOOK_AHEAD_UP_TO = 50_000
"""Pictures in a project for which the split is planned while options are changed: about 3 s of work in a thread."""


class CropPanel(Panel):
    """Tables of the data set as it is, with the warnings of the run that made it, or as it would be."""

    step = "crop"
    verb = "Cut out and split"
    topics = frozenset({"crops", "detections", "images", "labels"})
    empty_icon = "crop"
    empty_text = (
        "The detected animals are cut out and divided by camera site into train, val and test, so that the test "
        "shows how the classifier does on cameras it has never seen. There are no crops yet."
    )

    def build(self) -> QWidget:
        self.headline = Headline("Crops in each split")
        self.before_after = text("", role="muted", wrap=True)
        self.plan_button = QPushButton("Work it out")
        self.plan_button.setToolTip("<p>What these options would give. Nothing is cut out.</p>")
        self.plan_button.clicked.connect(lambda: self.look_ahead(asked=True))
        self.plan_button.hide()
        self.warnings = text("", role="warning", wrap=True)
        self.classes = NumberTable("Crops per species and split")
        self.left_out = NumberTable("Pictures left out, by reason")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.headline)
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        row.addWidget(self.before_after, 1)
        row.addWidget(self.plan_button)
        layout.addLayout(row)
        layout.addWidget(self.warnings)
        self._parts = QSplitter(Qt.Orientation.Horizontal)
        for title, table in (("Crops per species", self.classes), ("Pictures left out", self.left_out)):
            part = QWidget()
            column = QVBoxLayout(part)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(text(title, bold=True))
            column.addWidget(table)
            self._parts.addWidget(part)
        self._parts.setHandleWidth(GRID * 2)
        self._parts.setStretchFactor(0, 3)
        self._parts.setStretchFactor(1, 2)
        layout.addWidget(self._parts, 1)
        self._ahead = LookAhead(self.session.project, self)
        self._ahead.planned.connect(self._show_planned)
        self._ahead.failed.connect(self._show_refusal)
        self._changing = QTimer(self, singleShot=True, interval=CHANGING_MS)
        self._changing.timeout.connect(self.look_ahead)
        self.form.changed.connect(self._changing.start)
        return page

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Unless the window is large the reasons have their room below the species.
        narrow = self.width() < BESIDE
        self._parts.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        super().resizeEvent(event)

    def is_empty(self) -> bool:
        return not any(map(any, crops.counts(self.session.project).values()))

    def look(self) -> None:
        was_stale = self._stale
        super().look()
        if was_stale and self.is_empty() and detections.latest_detector(self.session.project) is not None:
            self.look_ahead()  # there is no data set to show, but there can be one

    def look_ahead(self, asked: bool = False) -> None:
        """Find out what the options would give, unless they are being carried out.

        Where that takes long it is done only when it is ``asked`` for.
        """
        if self.session.running(self.step):
            return
        pictures = images.count(self.session.project)
        if pictures > LOOK_AHEAD_UP_TO and not asked:
            self.show_result()
            self.before_after.setText(
                f"The options have changed. With {pictures:,} pictures it takes a while to say what they would give; "
                f"the tables show {'what there is' if not self.is_empty() else 'nothing yet'}."
            )
            self.plan_button.show()
            return
        try:
            self._ahead.ask(self.form.value())
        except ValueError as problem:
            self.say(str(problem), "error")
            return
        if asked:
            self.plan_button.hide()
            self.before_after.setText("Working out what these options would give…")

    def watch(self, job: Job) -> None:
        self._changing.stop()
        super().watch(job)

    def close_threads(self) -> None:
        self._ahead.close()

    def refresh(self) -> None:
        project = self.session.project
        now, sites = crops.counts(project), crops.location_counts(project)
        names = crops.classes(project)
        self._show_headline(
            {split: sum(now[split]) for split in SPLITS},
            {split: f"{len(crops.locations(project, split)):,} locations" for split in SPLITS},
        )
        totals = _totals(names, now)
        places = sorted((names.index(name) for name in totals), key=lambda place: -totals[names[place]])
        self.classes.fill(
            ("Species", *SPLITS, "total", "locations"),
            [
                (
                    names[place],
                    *(now[split][place] for split in SPLITS),
                    totals[names[place]],
                    sum(sites[split][place] for split in SPLITS),
                )
                for place in places
            ],
        )
        left_out = crops.left_out(project)
        self.left_out.fill(("Reason", "pictures"), list(left_out.items()))
        used = images.count(project) - sum(left_out.values())
        self.before_after.setText(
            f"As it is: {images.count(project):,} pictures, {used:,} of them used, {sum(left_out.values()):,} left out; "
            f"{sum(totals.values()):,} crops of {len(totals):,} species."
        )
        last = history.last_done(project).get("crop")
        self._show_warnings((last.result or {}).get("warnings", []) if last else [])
        self.plan_button.hide()

    def _show_planned(self, planned: Planned) -> None:
        project = self.session.project
        if self.session.running(self.step):
            return
        self.say("")
        self.show_result()
        now, names, left_out = crops.counts(project), crops.classes(project), crops.left_out(project)
        totals = _totals(names, now)
        crops_now = f"; now {sum(totals.values()):,} of {len(totals):,}" if totals else ""
        count = sum(sum(row.values()) for row in planned.classes.values())
        self.before_after.setText(
            f"As it would be with these options: {planned.pictures:,} pictures used; {count:,} crops of "
            f"{len(planned.classes):,} species{crops_now}. Boxes that turn out too small still count."
        )
        self._show_headline(
            {split: sum(row[split] for row in planned.classes.values()) for split in SPLITS},
            {
                split: f"{planned.locations[split]:,} locations"
                + (f" · {sum(now[split]):,} crops now" if totals else "")
                for split in SPLITS
            },
        )
        species = sorted(
            {*planned.classes, *totals}, key=lambda name: (-sum(planned.classes.get(name, {}).values()), name)
        )
        self.classes.fill(
            ("Species", *SPLITS, "total", "total now"),
            [(name, *_row(planned.classes.get(name, {})), totals.get(name, 0)) for name in species],
        )
        self.left_out.fill(
            ("Reason", "pictures", "now"),
            [
                (reason, planned.left_out.get(reason, 0), left_out.get(reason, 0))
                for reason in {**planned.left_out, **left_out}
            ],
        )
        self._show_warnings(planned.warnings)

    def _show_refusal(self, error: Exception) -> None:
        if not self.session.running(self.step):
            self.say(f"With these options: {error}", "error")
            self.before_after.setText("")

    def _show_headline(self, amounts: Mapping[str, int], details: Mapping[str, str]) -> None:
        self.headline.show_figures([Figure(f"{amounts[split]:,}", split, details[split]) for split in SPLITS])

    def _show_warnings(self, warnings: Sequence[str]) -> None:
        self.warnings.setVisible(bool(warnings))
        self.warnings.setText("<br>".join(f"⚠ {warning}" for warning in warnings[:6]))


def _totals(names: Sequence[str], now: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """The number of crops of each species that has any."""
    totals = {name: sum(now[split][place] for split in SPLITS) for place, name in enumerate(names)}
    return {name: total for name, total in totals.items() if total}


def _row(amounts: Mapping[str, int]) -> tuple[int, ...]:
    """The numbers of a species in each split, and their sum."""
    return (*(amounts.get(split, 0) for split in SPLITS), sum(amounts.values()))
