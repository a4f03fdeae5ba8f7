"""A candidate beside the current model: the verdict in a sentence, the figures of both with what may be chance."""

from collections.abc import Mapping
from typing import Any

import msgspec
from PySide6.QtWidgets import QVBoxLayout, QWidget

from camtrap_gui.comparison import Comparison, Figure, Pair
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.number_table import NumberTable

ROLES = {"better": "success", "worse": "error", "undecided": "warning"}
COLUMNS = ("", "Crops", "Cameras", "Current", "Candidate", "Difference")
_ROWS = 6  # seen at once


class ComparisonView(QWidget):
    """Shows the plain result of the compare step; the species that differ most come first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict = text("", "heading", bold=True, wrap=True)
        self.verdict.setAccessibleName("Verdict")
        self.changes = text("", role="muted", wrap=True)
        self.table = NumberTable("Current model and candidate")
        self.table.setMinimumHeight(GRID * 4 * _ROWS)
        self.notes = text("", role="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for part in (self.verdict, self.changes, self.table, self.notes):
            layout.addWidget(part)

    def show_result(self, result: Mapping[str, Any]) -> None:
        """Show this comparison and no other."""
        figures = msgspec.convert(result["figures"], Comparison)
        self.verdict.setText(figures.sentence)
        self.verdict.setProperty("role", ROLES[figures.verdict])
        self.verdict.style().polish(self.verdict)
        self.changes.setText(
            f"Of {figures.crops:,} held-out crops, {result['mended']:,} are right only with the candidate and"
            f" {result['broken']:,} only with the current model. In brackets: where 95 % of other cameras would lie."
        )
        recalls = sorted(figures.recalls, key=lambda pair: -abs(pair.difference.value or 0))
        self.table.fill(COLUMNS, [_row(pair) for pair in (figures.accuracy, figures.macro_f1, *recalls)])
        self.notes.setText("\n".join(result["notes"]))
        self.notes.setVisible(bool(result["notes"]))


def _row(pair: Pair) -> tuple[str | int, ...]:
    name = pair.name if pair.name in ("Top-1 accuracy", "Macro-F1") else f"Recall of {pair.name}"
    return (
        name,
        pair.crops,
        pair.locations,
        _words(pair.current, ".3f"),
        _words(pair.candidate, ".3f"),
        _words(pair.difference, "+.3f"),
    )


def _words(figure: Figure, form: str) -> str:
    if figure.value is None:
        return "–"
    words = format(figure.value, form).replace("-", "−")
    if figure.interval is None:
        return words
    low, high = (format(end, form).replace("-", "−") for end in figure.interval)
    return f"{words}  ({low} to {high})"
