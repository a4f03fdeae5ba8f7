"""A button that saves the pictures of a list that cannot be used, with the reasons, as a table."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from camtrap_gui.formats import tables
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.elided_label import ElidedLabel

HEADER = ("File", "Location", "Taken", "Reason")
_PAGE = 500


class SaveProblems(QWidget):
    """The button and, beside it, what came of it. ``wanted`` says which images, and reasons the project does not know."""

    def __init__(
        self,
        project: Project,
        name: str,
        wanted: Callable[[], tuple[Sequence[int], Mapping[int, str]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._project, self._name, self._wanted = project, name, wanted
        self.button = QPushButton("Save list of problems…")
        self.button.setToolTip("<p>A CSV table of these files, each with the reason.</p>")
        self.button.clicked.connect(self._ask)
        self.words = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._writing = Background(self)
        self._writing.answered.connect(lambda path: self._say(f"Saved {path}.", "success"))
        self._writing.failed.connect(lambda error: self._say(str(error), "error"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.button)
        row.addWidget(self.words, 1)
        self.hide()

    def show_for(self, problems: bool) -> None:
        """Be there when the list on screen is one of problems; what was said of another list goes."""
        self._say("", "muted")
        self.setVisible(problems)

    def save(self, path: Path) -> None:
        """Write the table, in a thread."""
        ids, reasons = self._wanted()
        self._writing.ask(lambda: write(self._project, path, ids, reasons))

    def close_threads(self) -> None:
        """Let no thread outlive the window."""
        self._writing.close()

    def _ask(self) -> None:
        start = Path.home() / self._name
        ask.for_target(self, "Save list of problems", start, "Table (*.csv)", self.save)

    def _say(self, words: str, role: str) -> None:
        self.words.setProperty("role", role)
        self.words.style().polish(self.words)
        self.words.setText(words)


def write(project: Project, path: Path, ids: Sequence[int], reasons: Mapping[int, str]) -> Path:
    """A table of images with what is wrong with them; ``reasons`` go before what the project says of the file."""
    try:
        with project.apart() as own:
            tables.write(path, HEADER, _rows(own, ids, reasons))
    except (OSError, sqlite3.Error) as error:
        raise Problem(f"The list could not be written to {path}: {error}.") from error
    return path


def _rows(project: Project, ids: Sequence[int], reasons: Mapping[int, str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), _PAGE):
        for row in browse.rows(project, ids[start : start + _PAGE]):
            yield str(row.file), row.location, row.taken, reasons.get(row.id) or row.problem
