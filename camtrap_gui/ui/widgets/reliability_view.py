"""Whether the confidence of a classifier can be taken at its word: the reliability diagram of one evaluation."""

import shutil
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from camtrap_gui import charts, files
from camtrap_gui.charts.dots import words
from camtrap_gui.project import evaluations
from camtrap_gui.project.evaluations import Evaluated
from camtrap_gui.ui.theme import GRID, text, theme
from camtrap_gui.ui.widgets.chart_view import ChartView

OLDER = (
    "This evaluation is from before reliability was measured. Evaluate again to see it; that takes a moment."
)


class ReliabilityView(QStackedWidget):
    """Draws when it is seen. ``saved`` and ``refused`` as of ``ChartView``."""

    saved = Signal(Path)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Evaluated | None = None
        self.chart = ChartView(self._save_table, "reliability")
        self.chart.setAccessibleName("Reliability diagram")
        self.chart.saved.connect(self.saved)
        self.chart.refused.connect(self.refused)
        self.chart.resized.connect(self._draw)
        theme.changed.connect(self._draw)
        self.older = text(OLDER, role="muted", wrap=True)
        self.older.setAlignment(Qt.AlignmentFlag.AlignTop)
        for page in (self.chart, self.older):
            self.addWidget(page)
        self.setContentsMargins(0, GRID, 0, 0)

    def show_evaluation(self, shown: Evaluated) -> None:
        """Show the diagram of this evaluation."""
        self._shown = shown
        known = shown.figures.calibration
        self.setCurrentWidget(self.older if known is None else self.chart)
        if known is not None:
            bins = "; ".join(words(each) for each in known.bins if each.crops)
            self.chart.setAccessibleDescription(f"{known.sentence()} {bins}")
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        known = self._shown.figures.calibration if self._shown is not None else None
        if self._shown is None or known is None or not self.isVisible():
            return
        about = f"{self._shown.figures.crops:,} {self._shown.split} crops"
        look = "dark" if theme.dark else "light"
        self.chart.draw(lambda: charts.reliability(known, about, theme=look))

    def _save_table(self, path: Path) -> None:
        assert self._shown is not None
        with files.replacing(path) as beside:
            shutil.copyfile(self._shown.folder / evaluations.RELIABILITY, beside)
