"""The bar that says what stands against working on the project where it lies, and offers what can be done about it.

It is away, or can only be looked at, as on a read-only disk, or another computer has it open or has taken it over.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import why_not


class PlaceBar(QFrame):
    """Is shown while there is something to say of the folder of the session's project.

    Emits ``anew_wanted`` when it shall be opened again, ``taking_over_wanted`` when it shall be taken over before.
    """

    anew_wanted = Signal()
    taking_over_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._session: Session | None = None
        self.words = text("", wrap=True)
        self.anew = QPushButton("Open again")
        self.anew.setToolTip("See how the project is now, and work on it if no other computer does")
        self.anew.clicked.connect(self.anew_wanted)
        self.take_over = QPushButton("Work on it here")
        self.take_over.setToolTip(
            "Watch for a minute whether the other computer still gives a sign of life; if it does not, take the project over"
        )
        self.take_over.clicked.connect(self.taking_over_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID, GRID * 2, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.anew)
        layout.addWidget(self.take_over)
        self.hide()

    def watch(self, session: Session | None) -> None:
        """Speak of the project of this session."""
        self._session = session
        if session is not None:
            session.place_changed.connect(self._refresh)
            session.job_started.connect(self._refresh)
            session.job_ended.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        session = self._session
        said = "" if session is None else _said(session)
        is_bad = session is not None and (session.is_away or bool(session.lost))
        self.words.setProperty("role", "error" if is_bad else "muted")
        self.words.style().polish(self.words)
        self.words.setText(said)
        is_there = session is not None and not session.is_away
        is_held = session is not None and session.project.held_by is not None
        self.anew.setVisible(session is not None and is_there and (bool(session.lost) or is_held))
        self.take_over.setVisible(is_there and is_held)
        self.take_over.setEnabled(session is not None and session.running("unlock") is None)
        self.setVisible(bool(said))


def _said(session: Session) -> str:
    if session.is_away:
        return (
            f"The project's folder {session.project.folder} cannot be reached. Nothing is lost: connect the disk or"
            " the network share, and it goes on by itself; or open the project where it is now."
        )
    if session.lost:
        return session.lost
    why = why_not(session.project)
    return f"{why} Pictures, figures and exports to other places work as always." if why else ""
