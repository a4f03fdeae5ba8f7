"""All decisions from the newest to the oldest: who decided what and when, filtered, and taken back from here."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import edits
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.number_table import NumberTable

PAGE = 200
TYPING_MS = 150
COLUMNS = ("Decision", "By", "When", "Changes", "State")


class HistoryView(QDialog):
    """Decisions are taken back in their order, so what is undone from here is all since the one that is chosen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: list[edits.Edit] = []
        self.setWindowTitle("History of decisions")
        self.resize(GRID * 100, GRID * 70)
        self.words = QLineEdit()
        self.words.setPlaceholderText("Words, such as zebra…")
        self.words.setAccessibleName("Words of the decision")
        self.words.setClearButtonEnabled(True)
        self.author = QComboBox()
        self.author.setAccessibleName("Who decided")
        self.author.addItem("Everybody", "")
        for name in edits.authors(session.project):
            self.author.addItem(name, name)
        self.author.currentIndexChanged.connect(lambda _: self.look())
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.look)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.table = NumberTable("Decisions, the newest first")
        self.table.setSortingEnabled(False)
        self.table.itemSelectionChanged.connect(self._allow)
        self.more = QPushButton("Show older ones")
        self.more.clicked.connect(self._add_page)
        self.take_back = QPushButton("Undo")
        self.take_back.clicked.connect(self._undo)
        self.again = QPushButton("Redo")
        self.again.clicked.connect(self._redo)
        hold(session.project, self.take_back, self.again)
        self._nothing = text("Nothing was decided yet that fits.", role="muted")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        filters = QHBoxLayout()
        filters.addWidget(self.words, 1)
        filters.addWidget(self.author)
        buttons = QHBoxLayout()
        for button in (self.take_back, self.again):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self.more)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        layout.setSpacing(GRID)
        layout.addLayout(filters)
        layout.addWidget(self._nothing)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        self.look()

    def look(self) -> None:
        """Show the newest decisions that fit what is asked for."""
        self._shown = []
        self._add_page()

    def _add_page(self) -> None:
        before = self._shown[-1].id if self._shown else None
        page = list(
            edits.history(
                self._session.project, before, PAGE, self.words.text(), str(self.author.currentData())
            )
        )
        self._shown += page
        self.more.setVisible(len(page) == PAGE)
        rows = [
            (
                edit.note,
                edit.author,
                f"{edit.made.astimezone():%d %b %Y %H:%M:%S}",
                edit.changes,
                "undone" if edit.undone else "",
            )
            for edit in self._shown
        ]
        self.table.fill(COLUMNS, rows)
        self.table.setSortingEnabled(False)
        self._nothing.setVisible(not rows)
        self._allow()

    def _chosen(self) -> edits.Edit | None:
        rows = self.table.selectionModel().selectedRows() if self.table.selectionModel() else []
        return self._shown[rows[0].row()] if rows and rows[0].row() < len(self._shown) else None

    def _allow(self) -> None:
        """Say on the buttons how much they would take back or make again."""
        chosen = self._chosen()
        back = self._turns(undone=False) if chosen is not None and not chosen.undone else 0
        again = self._turns(undone=True) if chosen is not None and chosen.undone else 0
        self.take_back.setText(f"Undo these {back:,}" if back > 1 else "Undo")
        self.take_back.setToolTip("<p>Take back the chosen decision and what was decided after it.</p>")
        self.take_back.setEnabled(back > 0)
        self.again.setText(f"Redo these {again:,}" if again > 1 else "Redo")
        self.again.setToolTip("<p>Make the chosen decision again and what was taken back before it.</p>")
        self.again.setEnabled(again > 0)

    def _turns(self, undone: bool) -> int:
        """How many edits lie from the chosen one to where history stands."""
        chosen = self._chosen()
        if chosen is None:
            return 0
        count, before = 0, None
        while page := list(edits.history(self._session.project, before, PAGE)):
            for edit in page:
                between = edit.id <= chosen.id if undone else edit.id >= chosen.id
                count += edit.undone is undone and between
            before = page[-1].id
            if not undone and before < chosen.id:
                break
            if undone and not page[-1].undone:
                break
        return count

    def _undo(self) -> None:
        for _ in range(self._turns(undone=False)):
            self._session.undo()
        self.look()

    def _redo(self) -> None:
        for _ in range(self._turns(undone=True)):
            self._session.redo()
        self.look()
