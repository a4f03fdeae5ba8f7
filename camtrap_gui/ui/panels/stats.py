"""How the crops are distributed over species, sites and times: chart and table, drawn at once from the project."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import crops
from camtrap_gui.steps import stats
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, theme
from camtrap_gui.ui.widgets.chart_view import ChartView
from camtrap_gui.ui.widgets.number_table import NumberTable


class StatsPanel(Panel):
    """Changes of the form redraw the chart; nothing has to be started."""

    step = "stats"
    verb = "Draw again"
    topics = frozenset({"crops"})
    only = ("view", "layout", "log", "sort", "top")
    empty_icon = "chart-bar"
    empty_text = "When animals have been cut out, this page shows how many crops there are of each species in each split."

    def build(self) -> QWidget:
        self.form.unfold()
        self.chart = ChartView(self._save_table)
        self.table = NumberTable("Crops per species and split")
        self._parts = parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self.chart)
        parts.addWidget(self.table)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 1)
        self.table.setMinimumWidth(GRID * 22)
        parts.setSizes([GRID * 80, GRID * 44])
        self.form.changed.connect(self._again)
        theme.changed.connect(self._again)
        return parts

    def resizeEvent(self, event: QResizeEvent) -> None:
        # In a small window the table has its room below the chart.
        narrow = self.width() < GRID * 125
        self._parts.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        super().resizeEvent(event)

    def is_empty(self) -> bool:
        return not any(map(any, crops.counts(self.session.project).values()))

    def start(self) -> None:
        self._again()

    def refresh(self) -> None:
        try:
            counted = stats.count(self.session.project)
            options = replace(self.form.value(), theme="dark" if theme.dark else "light")
            self.chart.show_figure(stats.draw(self.session.project, counted, options))
        except Problem as problem:
            self.say(str(problem), "error")
            return
        self._fill_table(counted)

    def _again(self) -> None:
        if self.isVisible() and not self.is_empty():
            self.refresh()

    def _fill_table(self, counted: stats.Result) -> None:
        numbers = {
            name: [split.counts[place] for split in counted.splits]
            for place, name in enumerate(counted.classes)
        }
        present = sorted(
            (name for name, row in numbers.items() if any(row)), key=lambda name: -sum(numbers[name])
        )
        self.table.fill(
            ("Species", *(split.name for split in counted.splits), "total"),
            [(name, *numbers[name], sum(numbers[name])) for name in present],
        )

    def _save_table(self, path: Path) -> None:
        options = stats.Options(csv=path)
        stats.run(self.session.project, options, lambda _: None)
