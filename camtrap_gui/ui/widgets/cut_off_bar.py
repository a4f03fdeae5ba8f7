"""The bar that offers to go on with what was cut off the last time."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from camtrap_gui.project.history import PastJob
from camtrap_gui.ui.session import step_of
from camtrap_gui.ui.theme import GRID, text


class CutOffBar(QFrame):
    """Shows one job at a time. Emits ``wanted`` or ``left`` with the job when the user has decided."""

    wanted = Signal(PastJob)
    left = Signal(PastJob)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._job: PastJob | None = None
        self._words = text("", wrap=True)
        self.go_on = QPushButton("Go on")
        self.go_on.setToolTip("Start the step again with the options it had; what was done is not done again")
        self.leave = QPushButton("Not now")
        self.leave.setToolTip("Do not offer this again")
        self.go_on.clicked.connect(lambda: self._job and self.wanted.emit(self._job))
        self.leave.clicked.connect(lambda: self._job and self.left.emit(self._job))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID, GRID * 2, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.go_on)
        layout.addWidget(self.leave)
        self.hide()

    def offer(self, jobs: Sequence[PastJob]) -> None:
        """Offer the first of these jobs; nothing hides the bar."""
        self._job = jobs[0] if jobs else None
        self.setVisible(self._job is not None)
        if self._job is not None:
            started = self._job.started.astimezone()
            self._words.setText(
                f"“{step_of(self._job.step).title}”, started on {started:%Y-%m-%d at %H:%M}, was interrupted. "
                "What was done is kept."
            )
