"""A matplotlib figure on screen, with ways to take it along: PNG, SVG, PDF, CSV, and the clipboard."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from camtrap_gui import charts
from camtrap_gui.ui.theme import GRID

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LEAST_DPI, MOST_DPI = 72, 110


class ChartView(QWidget):
    """Shows the figure that ``draw`` makes for a theme ('light' or 'dark'); ``redraw`` draws it anew.

    ``save_table`` writes the numbers behind the chart to a CSV file.
    """

    def __init__(
        self, save_table: Callable[[Path], None] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._figure: Figure | None = None
        self._save_table = save_table
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(False)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addStretch()
        for words, slot in (
            ("Copy chart", self.copy),
            ("Save chart…", self._ask_chart),
            ("Save table…", self._ask_table),
        ):
            if slot != self._ask_table or save_table is not None:
                button = QPushButton(words)
                button.clicked.connect(lambda _=False, slot=slot: slot())
                buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(buttons)

    def show_figure(self, figure: "Figure") -> None:
        """Show a figure as wide as there is room, within readable sizes; what does not fit scrolls."""
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg

        self._figure = figure
        wide, high = figure.get_size_inches()
        dpi = min(max((self._scroll.viewport().width() - GRID) / wide, LEAST_DPI), MOST_DPI)
        figure.set_dpi(dpi)
        canvas = FigureCanvasQTAgg(figure)
        canvas.setFixedSize(round(wide * dpi), round(high * dpi))
        canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(canvas)

    def save_chart(self, path: Path) -> None:
        """Write the chart as PNG, SVG or PDF, by the file's ending."""
        if self._figure is not None:
            charts.save(self._figure, path)

    def copy(self) -> None:
        """Put the chart on the clipboard as a picture."""
        widget = self._scroll.widget()
        if widget is not None:
            QGuiApplication.clipboard().setPixmap(widget.grab())

    def _ask_chart(self) -> None:
        kinds = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"
        name, _ = QFileDialog.getSaveFileName(self, "Save the chart", "chart.png", kinds)
        if name:
            self.save_chart(Path(name))

    def _ask_table(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the table", "counts.csv", "CSV table (*.csv)")
        if name and self._save_table is not None:
            self._save_table(Path(name))
