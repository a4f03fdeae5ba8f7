"""What smoothing makes of the classifier's suggestions, before and after, so that one can decide whether to use it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.project.smoothing import Change, Smoothed
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.headline import Figure, Headline
from camtrap_gui.ui.widgets.number_table import NumberTable

WORDS = (
    "The pictures of a sequence mostly show the same animals, so a suggestion that stands alone gives way to the one that "
    "was made most often. What people said is never changed, and in the project the suggestions stay as they are: only "
    "what is written has the others."
)
MOST = 5_000


class SmoothingDialog(QDialog):
    """Emits ``decided``: whether what is written shall be smoothed."""

    decided = Signal(bool)

    def __init__(
        self, smoothed: Smoothed, changes: Sequence[Change], used: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Smoothing")
        self.resize(GRID * 112, GRID * 76)
        said = sum(smoothed.before.values())
        sequences = len({change.sequence for change in changes if change.sequence is not None})
        self.figures = Headline("What smoothing changes")
        self.figures.show_figures(
            [
                Figure(f"{len(smoothed.changes):,}", "suggestions change", f"of {said:,}"),
                Figure(f"{sequences:,}" + "+" * (len(changes) < len(smoothed.changes)), "sequences"),
                Figure(f"{len({change.image_id for change in changes}):,}", "pictures"),
            ]
        )
        self.species = NumberTable("Suggestions by species, before and after")
        self.species.fill(("Species", "before", "after", "change"), _by_species(smoothed))
        self.table = NumberTable("Suggestions that change")
        self.table.fill(
            ("Picture", "Sequence", "Before", "After"),
            [(one.path, one.sequence or "–", one.before, one.after) for one in changes],
        )
        self.use = QPushButton("Write smoothed")
        self.use.setProperty("primary", True)
        self.use.setEnabled(bool(smoothed.changes))
        self.use.clicked.connect(lambda: self._decide(True))
        self.leave = QPushButton("Write as suggested" if used else "Leave as it is")
        self.leave.clicked.connect(lambda: self._decide(False))
        tables = QHBoxLayout()
        tables.setSpacing(GRID * 3)
        tables.addWidget(self.species, 2)
        tables.addWidget(self.table, 3)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.leave)
        buttons.addStretch()
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text("What smoothing would change", "title", bold=True))
        layout.addWidget(text(WORDS, role="muted", wrap=True))
        layout.addSpacing(GRID)
        layout.addWidget(self.figures)
        layout.addSpacing(GRID)
        layout.addLayout(tables, 1)
        if len(changes) < len(smoothed.changes):
            layout.addWidget(text(f"The first {len(changes):,} changes are listed.", role="muted"))
        layout.addLayout(buttons)
        self.finished.connect(self.deleteLater)
        self.use.setFocus()

    def _decide(self, use: bool) -> None:
        self.decided.emit(use)
        self.accept()


def _by_species(smoothed: Smoothed) -> list[tuple[str, int, int, str]]:
    names = sorted({*smoothed.before, *smoothed.after}, key=lambda name: -smoothed.before.get(name, 0))
    rows = [(name, smoothed.before.get(name, 0), smoothed.after.get(name, 0)) for name in names]
    return [(name, one, other, f"{other - one:+,}" if other != one else "") for name, one, other in rows]
