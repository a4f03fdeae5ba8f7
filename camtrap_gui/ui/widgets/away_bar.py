"""The bar that says that the project's folder cannot be reached, as long as that is so."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text


class AwayBar(QFrame):
    """Is shown while the folder of the session's project is away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._session: Session | None = None
        self._words = text("", role="error", wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID, GRID * 2, GRID)
        layout.addWidget(self._words, 1)
        self.hide()

    def watch(self, session: Session | None) -> None:
        """Speak of the project of this session."""
        self._session = session
        if session is not None:
            session.away_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        session = self._session
        self.setVisible(session is not None and session.is_away)
        if session is not None:
            self._words.setText(
                f"The project's folder {session.project.folder} cannot be reached. Nothing is lost: connect the disk or"
                " the network share, and it goes on by itself; or open the project where it is now."
            )
