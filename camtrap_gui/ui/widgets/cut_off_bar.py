"""The bar that offers to go on with what was cut off the last time."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from camtrap_gui.project.history import PastJob
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text


class CutOffBar(QFrame):
    """Shows one job at a time. Emits ``wanted`` with it when the user wants to go on."""

    wanted = Signal(PastJob)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._session: Session | None = None
        self._job: PastJob | None = None
        self._words = text("", wrap=True)
        self.go_on = QPushButton("Go on")
        self.go_on.setToolTip("Start the step again with the options it had; what was done is not done again")
        self.leave = QPushButton("Not now")
        self.leave.setToolTip("Do not offer this again")
        self.go_on.clicked.connect(lambda: self._job and self.wanted.emit(self._job))
        self.leave.clicked.connect(self._leave)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID, GRID * 2, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.go_on)
        layout.addWidget(self.leave)
        self.hide()

    def watch(self, session: Session | None) -> None:
        """Offer what was cut off in the project of this session."""
        self._session = session
        if session is not None:
            session.job_started.connect(lambda _: self._offer())
        self._offer()

    def _leave(self) -> None:
        if self._session is not None and self._job is not None:
            self._session.leave(self._job)
            self._offer()

    def _offer(self) -> None:
        session = self._session
        jobs = session.interrupted() if session is not None and not session.project.read_only else []
        self._job = jobs[0] if jobs else None
        self.setVisible(self._job is not None)
        if self._job is not None:
            started = self._job.started.astimezone()
            self._words.setText(
                f"“{step_of(self._job.step).title}”, started on {started:%Y-%m-%d at %H:%M}, was interrupted. "
                "What was done is kept."
            )
