"""The species list: search, new ones, other names, renaming and merging; each change is an edit that can be undone."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, species
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.number_table import NumberTable

COLUMNS = ("Species", "Images", "Other names")


class SpeciesDialog(QDialog):
    """What is done below the table is done to the species that is chosen in it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: list[species.Species] = []
        self.setWindowTitle("Species")
        self.resize(GRID * 84, GRID * 72)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a species…")
        self.search.setAccessibleName("Find a species")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self.look())
        self.table = NumberTable("Species of this project")
        self.table.itemSelectionChanged.connect(self._allow)
        self.message = text("", role="muted", wrap=True)
        self.message.setAccessibleName("Message")
        self.name, self.rename = self._row("New name", "Rename", self._rename)
        self.alias, self.add_alias = self._row("Another name for it", "Add name", self._add_alias)
        self.into = QComboBox()
        self.into.setEditable(True)
        self.into.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.into.setAccessibleName("Merge into")
        if (completer := self.into.completer()) is not None:
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.merge = self._button("Merge into it", self._merge)
        self.forget = self._button("Remove other names", self._forget)
        self.new, self.add = self._row("A species that is not in the list", "Add species", self._add)
        hold(session.project, self.rename, self.add_alias, self.merge, self.forget, self.add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        layout.setSpacing(GRID)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        self.chosen_words = text("", "heading", bold=True)
        layout.addWidget(self.chosen_words)
        for row in (
            (self.name, self.rename),
            (self.into, self.merge),
            (self.alias, self.add_alias),
            (self.new, self.add),
        ):
            line = QHBoxLayout()
            line.addWidget(row[0], 1)
            row[1].setFixedWidth(GRID * 18)
            line.addWidget(row[1])
            layout.addLayout(line)
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        end = QHBoxLayout()
        end.addWidget(self.message, 1)
        end.addWidget(self.forget)
        end.addWidget(close)
        layout.addLayout(end)
        self.look()

    def look(self) -> None:
        """Show the species that fit what is typed."""
        chosen = self._chosen()
        everything = {one.name: one for one in species.all_of(self._session.project)}
        words = self.search.text().strip()
        names = species.search(self._session.project, words, (), len(everything)) if words else everything
        self._shown = [everything[name] for name in names if name in everything]
        self.table.fill(COLUMNS, [(one.name, one.images, ", ".join(one.aliases)) for one in self._shown])
        self.into.clear()
        self.into.addItems(list(everything))
        self.into.setCurrentIndex(-1)
        self.into.setEditText("")
        if line := self.into.lineEdit():
            line.setPlaceholderText("The species it is the same as")
        places = [place for place, one in enumerate(self._shown) if chosen and one.id == chosen.id]
        self.table.choose(places or ([0] if self._shown else []))
        self._allow()

    def _chosen(self) -> species.Species | None:
        places = self.table.chosen() if self._shown else []
        return self._shown[places[0]] if places and places[0] < len(self._shown) else None

    def _allow(self) -> None:
        chosen = self._chosen()
        self.chosen_words.setText(chosen.name if chosen else "No species chosen")
        for widget in (self.name, self.rename, self.alias, self.add_alias, self.into, self.merge):
            widget.setEnabled(chosen is not None)
        self.forget.setEnabled(chosen is not None and bool(chosen.aliases))

    def _rename(self) -> None:
        self._do(self.name, lambda project, name, typed: species.rename(project, name, typed))

    def _add_alias(self) -> None:
        self._do(self.alias, lambda project, name, typed: species.add_alias(project, name, typed))

    def _merge(self) -> None:
        chosen, into = self._chosen(), self.into.currentText().strip()
        if chosen is not None and into:
            self._edit(lambda project: species.merge(project, chosen.name, into))

    def _add(self) -> None:
        typed = self.new.text().strip()
        if typed and self._edit(lambda project: species.add(project, typed)):
            self.new.clear()

    def _forget(self) -> None:
        chosen = self._chosen()
        for alias in chosen.aliases if chosen is not None else ():
            self._edit(partial(species.remove_alias, alias=alias))

    def _do(self, field: QLineEdit, change: Callable[[Project, str, str], int]) -> None:
        chosen, typed = self._chosen(), field.text().strip()
        if chosen is not None and typed and self._edit(lambda project: change(project, chosen.name, typed)):
            field.clear()

    def _edit(self, change: Callable[[Project], int]) -> bool:
        try:
            self._session.decide(change)
        except Problem as problem:
            self._say(str(problem), "error")
            return False
        self._say("Saved. Undo takes it back.", "muted")
        self.look()
        return True

    def _say(self, sentence: str, role: str) -> None:
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)
        self.message.setText(sentence)

    def _row(self, words: str, verb: str, slot: Callable[[], None]) -> tuple[QLineEdit, QPushButton]:
        field = QLineEdit()
        field.setPlaceholderText(words)
        field.setAccessibleName(words)
        field.returnPressed.connect(slot)
        return field, self._button(verb, slot)

    @staticmethod
    def _button(verb: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(verb)
        button.setAutoDefault(False)  # Enter in a field is that field's
        button.clicked.connect(lambda: slot())
        return button
