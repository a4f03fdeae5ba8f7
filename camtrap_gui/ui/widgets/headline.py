"""A quiet row of large numbers."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, text


class Figure(NamedTuple):
    """A number as it shall read, what it is, a detail below it, and what to know about it; '' for none."""

    number: str
    name: str
    detail: str = ""
    tip: str = ""


class Headline(QWidget):
    """Shows a few figures side by side, the number large and its name small."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID * 2)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show these and no others."""
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for figure in figures:
            self._row.addWidget(_block(figure))
        self._row.addStretch()
        self.setAccessibleDescription(
            "; ".join(" ".join(part for part in figure if part) for figure in figures)
        )


def _block(figure: Figure) -> QWidget:
    block = QWidget()
    column = QVBoxLayout(block)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(text(figure.number, "title", bold=True))
    column.addWidget(text(figure.name, role="muted"))
    if figure.detail:
        column.addWidget(text(figure.detail, "small", role="muted"))
    column.addStretch()
    block.setToolTip(f"<p>{figure.tip}</p>" if figure.tip else "")
    return block
