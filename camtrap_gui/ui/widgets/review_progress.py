"""How far the review is: reviewed, left, and how fast it goes."""

from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from camtrap_gui.project.decisions import Standing
from camtrap_gui.ui.theme import GRID, text


class ReviewProgress(QWidget):
    """A bar and a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Reviewed pictures")
        self.words = text("", "small", role="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._bar)
        layout.addWidget(self.words)

    def show_standing(self, standing: Standing) -> None:
        """Show how far it is; how fast only where something was done lately."""
        total = standing.reviewed + standing.left
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(standing.reviewed)
        parts = [f"{standing.reviewed:,} reviewed", f"{standing.left:,} left"]
        if standing.per_hour:
            parts.append(f"{standing.per_hour:,.0f} an hour")
        self.words.setText(" · ".join(parts))
