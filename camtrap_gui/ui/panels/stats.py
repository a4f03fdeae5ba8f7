"""How the crops are distributed over species, sites and times: chart and table, drawn at once from the project."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from camtrap_gui.jobs import recorded
from camtrap_gui.problem import Problem
from camtrap_gui.project import crops
from camtrap_gui.steps import states, stats
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.theme import GRID, theme
from camtrap_gui.ui.widgets.chart_view import ChartView
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, TABLE = GRID * 180, GRID * 46
"""Pixels: from which width of the panel on chart and table stand side by side, and how wide the table is then."""


class StatsPanel(Panel):
    """Changes of the form redraw the chart; nothing has to be started."""

    step = "stats"
    topics = frozenset({"crops"})
    only = ("view", "layout", "log", "sort", "top")
    empty_icon = "chart-bar"
    empty_text = "When animals have been cut out, this page shows how many crops there are of each species in each split."

    def build(self) -> QWidget:
        self.form.unfold()
        self.chart = ChartView(self._save_table)
        self.chart.setAccessibleName("Chart of the crops")
        self.chart.saved.connect(lambda path: self.say(f"Saved {path}.", "success"))
        self.chart.refused.connect(lambda sentence: self.say(sentence, "error"))
        self.table = NumberTable("Crops per species and split")
        self._parts = parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self.chart)
        parts.addWidget(self.table)
        parts.setStretchFactor(0, 1)
        parts.setStretchFactor(1, 0)
        parts.setSizes([WIDE, TABLE])
        parts.setHandleWidth(GRID * 2)
        self.table.setMinimumWidth(GRID * 22)
        self.tabs = Tabs()
        self.tabs.setTabBarAutoHide(True)
        self.tabs.addTab(parts, "Chart")
        self.chart.resized.connect(self._again)
        self.form.changed.connect(self._again)
        theme.changed.connect(self._again)
        return self.tabs

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Beside a table the chart would be hard to read, but in a large window.
        narrow = self.width() < WIDE
        if narrow and self.tabs.count() == 1:
            self.tabs.addTab(self.table, "Table")
        elif not narrow and self.tabs.count() == 2:
            self._parts.addWidget(self.table)
            self.table.show()
            self._parts.setSizes([WIDE, TABLE])
        super().resizeEvent(event)

    def is_empty(self) -> bool:
        return not any(map(any, crops.counts(self.session.project).values()))

    def start(self) -> None:
        self._again()

    def refresh(self) -> None:
        try:
            counted = self._count()
        except Problem as problem:
            self.say(str(problem), "error")
            return
        self.say("")
        self._fill_table(counted)
        project = self.session.project
        options = replace(self.form.value(), theme="dark" if theme.dark else "light")

        def figure() -> "Figure":
            with project.apart() as own:
                return stats.draw(own, counted, options)

        self.chart.draw(figure)

    def close_threads(self) -> None:
        self.chart.close_threads()

    def _count(self) -> stats.Result:
        """The counts; seeing them for the first time is doing this step, which has no button that starts it."""
        project = self.session.project
        if states(project)[self.step] == "done":
            return stats.count(project)
        with recorded(project, self.step, stats.Options(), alone=False) as job:
            job.result = counted = stats.count(project)
        self.session.changed.emit(set())
        return counted

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
