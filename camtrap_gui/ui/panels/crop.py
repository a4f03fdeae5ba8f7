"""Cutting out the animals and splitting them by site: what there is, who was left out and why, what to beware of."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from camtrap_gui.project import crops, history, images
from camtrap_gui.project.crops import SPLITS
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.number_table import NumberTable


class CropPanel(Panel):
    """Tables of the data set as it is, and the warnings of the run that made it."""

    step = "crop"
    verb = "Cut out and split"
    topics = frozenset({"crops"})
    empty_icon = "crop"
    empty_text = (
        "The detected animals are cut out and divided by camera site into train, val and test, so that the test "
        "shows how the classifier does on cameras it has never seen. There are no crops yet."
    )

    def build(self) -> QWidget:
        self.headline = text("", "heading", bold=True)
        self.before_after = text("", role="muted", wrap=True)
        self.warnings = text("", role="warning", wrap=True)
        self.classes = NumberTable("Crops per species and split")
        self.left_out = NumberTable("Pictures left out, by reason")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.headline)
        layout.addWidget(self.before_after)
        layout.addWidget(self.warnings)
        parts = QSplitter(Qt.Orientation.Horizontal)
        for title, table in (("Crops per species", self.classes), ("Pictures left out", self.left_out)):
            part = QWidget()
            column = QVBoxLayout(part)
            column.setContentsMargins(0, 0, GRID, 0)
            column.addWidget(text(title, bold=True))
            column.addWidget(table)
            parts.addWidget(part)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        layout.addWidget(parts, 1)
        return page

    def is_empty(self) -> bool:
        return not any(map(any, crops.counts(self.session.project).values()))

    def refresh(self) -> None:
        project = self.session.project
        counted, sites = crops.counts(project), crops.location_counts(project)
        names = crops.classes(project)
        totals = {split: sum(counted[split]) for split in SPLITS}
        self.headline.setText(
            "   ".join(
                f"{totals[split]:,} {split} · {len(crops.locations(project, split)):,} locations"
                for split in SPLITS
            )
        )
        present = [row for row in range(len(names)) if any(counted[split][row] for split in SPLITS)]
        present.sort(key=lambda row: -sum(counted[split][row] for split in SPLITS))
        self.classes.fill(
            ("Species", *SPLITS, "total", "locations"),
            [
                (
                    names[row],
                    *(counted[split][row] for split in SPLITS),
                    sum(counted[split][row] for split in SPLITS),
                    sum(sites[split][row] for split in SPLITS),
                )
                for row in present
            ],
        )
        left_out = crops.left_out(project)
        self.left_out.fill(("Reason", "pictures"), list(left_out.items()))
        used = images.count(project) - sum(left_out.values())
        self.before_after.setText(
            f"{images.count(project):,} pictures, {used:,} of them used, {sum(left_out.values()):,} left out; "
            f"{sum(totals.values()):,} crops of {len(present):,} species."
        )
        self._show_warnings()

    def _show_warnings(self) -> None:
        last = history.last_done(self.session.project).get("crop")
        warnings = (last.result or {}).get("warnings", []) if last else []
        self.warnings.setVisible(bool(warnings))
        self.warnings.setText("<br>".join(f"⚠ {warning}" for warning in warnings[:6]))
