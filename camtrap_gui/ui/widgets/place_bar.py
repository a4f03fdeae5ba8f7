"""The bar that says what stands against working on the project where it lies: it is away, or can only be looked at."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import why_not


class PlaceBar(QFrame):
    """Is shown while there is something to say of the folder of the session's project."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._session: Session | None = None
        self.words = text("", wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID, GRID * 2, GRID)
        layout.addWidget(self.words, 1)
        self.hide()

    def watch(self, session: Session | None) -> None:
        """Speak of the project of this session."""
        self._session = session
        if session is not None:
            session.away_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        session = self._session
        away = session is not None and session.is_away
        said = "" if session is None else _away(session) if away else _looking(session)
        self.words.setProperty("role", "error" if away else "muted")
        self.words.style().polish(self.words)
        self.words.setText(said)
        self.setVisible(bool(said))


def _away(session: Session) -> str:
    return (
        f"The project's folder {session.project.folder} cannot be reached. Nothing is lost: connect the disk or"
        " the network share, and it goes on by itself; or open the project where it is now."
    )


def _looking(session: Session) -> str:
    why = why_not(session.project)
    return f"{why} Pictures, figures and exports to other places work as always." if why else ""
