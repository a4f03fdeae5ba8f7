"""A button that saves the pictures of a list that cannot be used, with the reasons, as a table."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from camtrap_gui.formats import tables
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background

HEADER = ("File", "Location", "Taken", "Reason")
_PAGE = 500


class SaveProblems(QPushButton):
    """``wanted`` says at the click which images; ``saved`` and ``failed`` bring a sentence for the person."""

    saved = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        project: Project,
        name: str,
        wanted: Callable[[], tuple[Sequence[int], Mapping[int, str]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Save list of problems…", parent)
        self.setToolTip("<p>A CSV table of these files, each with the reason.</p>")
        self._project, self._name, self._wanted = project, name, wanted
        self._writing = Background(self)
        self._writing.answered.connect(lambda path: self.saved.emit(f"Saved {path}."))
        self._writing.failed.connect(lambda error: self.failed.emit(str(error)))
        self.clicked.connect(
            lambda: ask.for_target(
                self, "Save list of problems", Path.home() / self._name, "Table (*.csv)", self.save
            )
        )

    def save(self, path: Path) -> None:
        """Write the table, in a thread."""
        ids, reasons = self._wanted()
        self._writing.ask(lambda: write(self._project, path, ids, reasons))

    def close_threads(self) -> None:
        """Let no thread outlive the window."""
        self._writing.close()


def write(project: Project, path: Path, ids: Sequence[int], reasons: Mapping[int, str]) -> Path:
    """A table of images with what is wrong with them; ``reasons`` go before what the project says of the file."""
    try:
        with closing(project.another_connection()) as db:
            tables.write(path, HEADER, _rows(Project(project.folder, project.name, db), ids, reasons))
    except (OSError, sqlite3.Error) as error:
        raise Problem(f"The list could not be written to {path}: {error}.") from error
    return path


def _rows(project: Project, ids: Sequence[int], reasons: Mapping[int, str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), _PAGE):
        for row in browse.rows(project, ids[start : start + _PAGE]):
            yield str(row.file), row.location, row.taken, reasons.get(row.id) or row.problem
