"""A matplotlib figure on screen, with its numbers where the mouse rests, and ways to take it along: PNG, SVG, PDF, CSV, and the clipboard.

matplotlib takes a second to import and a good part of one to draw, so it works in a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHelpEvent, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QToolTip, QVBoxLayout, QWidget

from camtrap_gui import charts
from camtrap_gui.problem import Problem
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LEAST_DPI, MOST_DPI = 72, 130
SETTLE_MS = 100

_one_at_a_time = Lock()
"""matplotlib is not made for several threads."""


@dataclass(frozen=True)
class Room:
    """What there is for a chart, in pixels of the window; ``ratio`` is how many of the screen's each has."""

    width: int
    height: int
    bar: int  # how wide a scroll bar is
    ratio: float

    def dpi(self, wide: float, high: float) -> float:
        """At what resolution a figure of so many inches has the room, within readable sizes."""
        dpi = min(self.width / wide, max(self.height / high, LEAST_DPI), MOST_DPI)
        if round(high * dpi) > self.height:  # beside a scroll bar
            dpi = min((self.width - self.bar) / wide, dpi)
        return dpi


class ChartView(QWidget):
    """Shows a figure; ``resized`` asks for one that is drawn anew, for other room.

    ``save_table`` writes the numbers behind the chart to a CSV file; ``name`` is what files are called at first.
    ``saved`` is emitted with the file written, ``refused`` with a sentence when it could not be.
    """

    saved = Signal(Path)
    refused = Signal(str)
    resized = Signal()

    def __init__(
        self,
        save_table: Callable[[Path], None] | None = None,
        name: str = "counts",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._figure: Figure | None = None
        self._save_table = save_table
        self._settling = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settling.timeout.connect(self.resized)
        self._scroll = QScrollArea()
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidgetResizable(False)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._drawing = Background(self)
        self._drawing.answered.connect(lambda drawn: self._show(*drawn))
        self._drawing.failed.connect(lambda error: self.refused.emit(str(error)))
        self._canvas = text("Drawing the chart…", role="muted")
        self._canvas.installEventFilter(self)
        self._scroll.setWidget(self._canvas)
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
                button.setEnabled(slot == self._ask_table)  # the others when there is a chart
                buttons.addWidget(button)
        self._buttons = buttons
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self._scroll, 1000)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def draw(self, figure: Callable[[], "Figure"]) -> None:
        """Show the figure that a function makes, as large as there is room; what is too high scrolls.

        The function is called in a thread. What it raises is refused in words.
        """
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        high = self.height() - self._buttons.sizeHint().height() - GRID * 2
        room = Room(self.width(), high, bar, self.devicePixelRatioF())
        self._drawing.ask(lambda: _drawn(figure, room))

    def close_threads(self) -> None:
        """Let no drawing outlive the view."""
        self._drawing.close()

    def _show(self, figure: "Figure", image: QImage) -> None:
        self._figure = figure
        for button in self.findChildren(QPushButton):
            button.setEnabled(True)
        shown = QPixmap.fromImage(image)
        self._canvas.setPixmap(shown)
        self._canvas.setFixedSize(shown.deviceIndependentSize().toSize())
        self._scroll.setMaximumHeight(self._canvas.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settling.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and isinstance(watched, QWidget) and self._figure is not None:
            at = event.pos()
            words = charts.tip(self._figure, at.x() / watched.width(), 1 - at.y() / watched.height())
            QToolTip.showText(event.globalPos(), words, watched)
            return True
        return super().eventFilter(watched, event)

    def save_chart(self, path: Path) -> None:
        """Write the chart as PNG, SVG or PDF, by the file's ending."""
        if self._figure is not None:
            with _one_at_a_time:
                charts.save(self._figure, path)

    def copy(self) -> None:
        """Put the chart on the clipboard as a picture."""
        if self._figure is not None:
            QGuiApplication.clipboard().setPixmap(self._canvas.pixmap())

    def _ask_chart(self) -> None:
        kinds = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"
        start = Path.home() / f"{self._name}.png"
        ask.for_target(self, "Save the chart", start, kinds, self._write(self.save_chart))

    def _ask_table(self) -> None:
        if self._save_table is not None:
            start, kinds = Path.home() / f"{self._name}.csv", "CSV table (*.csv)"
            ask.for_target(self, "Save the table", start, kinds, self._write(self._save_table))

    def _write(self, save: Callable[[Path], None]) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            try:
                save(path)
            except OSError as error:
                self.refused.emit(f"{path} cannot be written: {error.strerror}. Choose another place.")
            except (Problem, ValueError) as error:
                self.refused.emit(str(error))
            else:
                self.saved.emit(path)

        return write


def _drawn(figure_of: Callable[[], "Figure"], room: Room) -> "tuple[Figure, QImage]":
    """A figure, and what it looks like in this room. For a thread."""
    with _one_at_a_time:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure = figure_of()
        wide, high = figure.get_size_inches()
        figure.set_dpi(room.dpi(wide, high) * room.ratio)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        pixels = canvas.buffer_rgba()
        image = QImage(pixels, width, height, width * 4, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(room.ratio)
    return figure, image
