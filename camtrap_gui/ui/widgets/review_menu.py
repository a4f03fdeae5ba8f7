"""What the review page offers besides: history, species, keys, saved searches, exchange of decisions, a sample."""

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QMenu, QToolButton, QWidget

from camtrap_gui.ui.review_keys import BY_NAME
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import icon, theme

ROWS = (
    ("History of decisions…", "history", "show_history", "history"),
    ("Species…", "paw-outline", "show_species", ""),
    ("Keys…", "keyboard-outline", "show_keys", "keys"),
    ("", "", "", ""),
    ("Save a search…", "bookmark-plus-outline", "save_search", ""),
    ("", "", "", ""),
    ("Export decisions…", "export-variant", "export_decisions", ""),
    ("Import decisions…", "import", "import_decisions", ""),
    ("Save a sample…", "image-multiple-outline", "save_sample", ""),
)
"""Words, icon, method, and the key of the table that does the same; an empty row is a line."""


class ReviewMenu(QToolButton):
    """A button with a menu. ``changed`` follows what the queues should be counted anew for."""

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dialog: QDialog | None = None
        self.setAccessibleName("More for review")
        self.setToolTip("<p>History, species, keys, searches, exchange of decisions</p>")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.rows: dict[str, QAction] = {}
        self._signs: list[tuple[QAction, str]] = []
        menu = QMenu(self)
        for words, sign, slot, key in ROWS:
            if not words:
                menu.addSeparator()
                continue
            action = self.rows[slot] = menu.addAction(words)
            if key:  # told only: the page has the shortcut
                action.setText(f"{words}\t{QKeySequence(BY_NAME[key].keys[0]).toString()}")
            action.triggered.connect(partial(self._do, slot))
            self._signs.append((action, sign))
        menu.aboutToShow.connect(self._tint)
        self.setMenu(menu)
        theme.changed.connect(self._tint)
        QTimer.singleShot(0, self, self._tint)

    def dialog(self) -> QDialog | None:
        """What was opened last and is open still."""
        return self._dialog if self._dialog is not None and self._dialog.isVisible() else None

    def show_history(self) -> None:
        """Browse all decisions."""
        from camtrap_gui.ui.widgets.history_view import HistoryView

        self._open(HistoryView(self._session, self.window()))

    def show_species(self) -> None:
        """Rename, merge and add species."""
        from camtrap_gui.ui.widgets.species_dialog import SpeciesDialog

        self._open(SpeciesDialog(self._session, self.window()))

    def show_keys(self) -> None:
        """Show all keys of the page."""
        from camtrap_gui.ui.widgets.key_overview import KeyOverview

        self._open(KeyOverview(self.window()))

    def save_search(self) -> None:
        """Keep a filter as a queue."""
        from camtrap_gui.ui.widgets.search_dialog import SearchDialog

        self._open(SearchDialog(self._session, self.window()))

    def export_decisions(self) -> None:
        """Write what was decided into a file for somebody else."""
        from camtrap_gui.ui.widgets.decisions_exchange import ask_and_export

        ask_and_export(self._session, self.window())

    def import_decisions(self) -> None:
        """Take over what somebody else decided, after a look at what contradicts."""
        from camtrap_gui.ui.widgets.decisions_exchange import ask_and_import

        ask_and_import(self._session, self.window(), self._open)

    def save_sample(self) -> None:
        """Write copies of crops chosen at random, each with what the classifier says."""
        from camtrap_gui.ui.widgets.sample_dialog import SampleDialog

        self._open(SampleDialog(self._session, self.window()))

    def _do(self, slot: str, _: bool = False) -> None:
        getattr(self, slot)()

    def _open(self, dialog: QDialog) -> None:
        self._dialog = dialog
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self) -> None:
        self._dialog = None
        self.changed.emit()

    def _tint(self) -> None:
        self.setIcon(icon("dots-vertical"))
        for action, sign in self._signs:
            action.setIcon(icon(sign))
