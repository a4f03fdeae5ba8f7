"""A candidate beside the current model: the verdict in a sentence, the figures of both with what may be chance."""

from collections.abc import Mapping
from typing import Any

import msgspec
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from camtrap_gui.comparison import Comparison, Figure, Pair
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.number_table import NumberTable

ROLES = {"better": "success", "worse": "error", "undecided": "warning"}
COLUMNS = ("", "Crops", "Cameras", "Current, %", "Candidate, %", "Difference")
ONLY_WHERE_WIDE = (1, 2)
WIDE = GRID * 100


class ComparisonView(QWidget):
    """Shows the plain result of the compare step; the species that differ most come first.

    Room is kept for ``rows`` of the table at least. ``brief``: the verdict and what it
    rests on in two lines, without the table and the notes.
    """

    def __init__(self, rows: int = 7, brief: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._brief = brief
        self.verdict = text("", "heading", bold=True, wrap=True)
        self.verdict.setAccessibleName("Verdict")
        self.changes = text("", role="muted", wrap=True)
        self.table = NumberTable("Current model and candidate")
        self.notes: list[ElidedLabel] = []  # a line each: a list of species may be long
        self._lines = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for part in (self.verdict, self.changes, self.table):
            layout.addWidget(part)
        self.table.setVisible(not brief)

    def show_result(self, result: Mapping[str, Any], about: str = "") -> None:
        """Show this comparison and no other. ``about`` says what it is of, in place of how many crops changed."""
        figures = msgspec.convert(result["figures"], Comparison)
        self.verdict.setText(figures.sentence)
        self.verdict.setProperty("role", ROLES[figures.verdict])
        self.verdict.style().polish(self.verdict)
        about = about or (
            f"Of {figures.crops:,} held-out crops, {result['mended']:,} are right only with the candidate and"
            f" {result['broken']:,} only with the current model."
        )
        if self._brief:
            both = (f"{pair.name} {_change(pair)}" for pair in (figures.accuracy, figures.macro_f1))
            self.changes.setText(f"{'; '.join(both)}.")
            return
        self.changes.setText(f"{about} In brackets: 95 % intervals over cameras. Of a species: its recall.")
        recalls = sorted(figures.recalls, key=lambda pair: -abs(pair.difference.value or 0))
        self.table.fill(COLUMNS, [_row(pair) for pair in (figures.accuracy, figures.macro_f1, *recalls)])
        shown = min(self.table.rowCount(), self._rows)
        self.table.setMinimumHeight(
            self.table.horizontalHeader().sizeHint().height() + shown * self.table.rowHeight(0) + GRID
        )
        for line in self.notes:
            line.deleteLater()
        self.notes = [_note(words) for words in result["notes"]]
        for line in self.notes:
            self._lines.addWidget(line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in ONLY_WHERE_WIDE:
            self.table.setColumnHidden(column, self.width() < WIDE)


def _note(words: str) -> ElidedLabel:
    line = ElidedLabel()
    line.setProperty("role", "muted")
    line.setText(words)
    return line


def _row(pair: Pair) -> tuple[str | int, ...]:
    figures = (_words(figure, sign) for figure, sign in zip(_figures(pair), ("", "", "+"), strict=True))
    return (pair.name, pair.crops, pair.locations, *figures)


def _change(pair: Pair) -> str:
    current, candidate, difference = (
        _words(figure, sign) for figure, sign in zip(_figures(pair), ("", "", "+"), strict=True)
    )
    return f"{current.partition('  ')[0]} → {candidate.partition('  ')[0]} %, {difference.replace('  ', ' ')}"


def _figures(pair: Pair) -> tuple[Figure, Figure, Figure]:
    return pair.current, pair.candidate, pair.difference


def _words(figure: Figure, sign: str) -> str:
    def percent(value: float) -> str:
        if value in (0, 1):  # "0" and "100" need no digits to be exact
            return format(100 * value, "+.0f" if value and sign else ".0f")
        return format(100 * value, f"{sign}.1f").replace("-", "−")

    if figure.value is None:
        return "–"
    if figure.interval is None:
        return percent(figure.value)
    return f"{percent(figure.value)}  ({' to '.join(map(percent, figure.interval))})"
