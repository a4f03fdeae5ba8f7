"""Decisions to and from somebody who reviews the same survey: what contradicts is shown before anything is changed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.formats import decisions as files
from camtrap_gui.problem import Problem
from camtrap_gui.project import decided, merging
from camtrap_gui.ui.session import ALL, Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.number_table import NumberTable

KIND = "Decisions (*.json)"
MOST_ROWS = 5_000
POLICIES: tuple[tuple[merging.Policy, str], ...] = (
    ("list", "Leave both as they are, and flag the pictures"),
    ("keep", "Keep what was decided here"),
    ("take", "Take what was decided there"),
    ("newer", "Take the later decision"),
)
COLUMNS = ("Picture", "Here", "By", "There", "By ")


def ask_and_export(session: Session, window: QWidget) -> None:
    """Ask for a file, and write all decisions into it."""
    start = Path.home() / f"{session.project.folder.name}-decisions.json"
    ask.for_target(window, "Export decisions", start, KIND, lambda path: export_to(session, path))


def export_to(session: Session, path: Path) -> None:
    """Write all decisions of the project into a file; says how many pictures they are about."""
    project = session.project
    about = files.About(survey=project.name, exported=datetime.now(UTC))
    count = files.write(path, about, decided.class_list(project), decided.walk(project))
    session.told.emit(f"What was decided about {count:,} pictures is in {path.name}.")


def ask_and_import(session: Session, window: QWidget, show: Callable[[QDialog], object]) -> None:
    """Ask for a file, and show what it would change."""
    ask.for_files(
        window,
        "Import decisions",
        Path.home(),
        KIND,
        lambda paths: show(ImportDecisions(session, paths[0], window)),
    )


class ImportDecisions(QDialog):
    """Looks first; only the button brings anything in, as one edit that can be undone."""

    def __init__(self, session: Session, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._path = session, path
        self._merges = False
        self.setWindowTitle("Import decisions")
        self.resize(GRID * 104, GRID * 66)
        self.headline = text("Looking at the file…", "heading", bold=True, wrap=True)
        self.details = text("", role="muted", wrap=True)
        self.conflicts_title = text("Decided differently here and there", bold=True)
        self.table = NumberTable("Pictures that were decided differently")
        self.policy = QComboBox()
        self.policy.setAccessibleName("What to do about them")
        for policy, words in POLICIES:
            self.policy.addItem(words, policy)
        self.bring_in = QPushButton("Import")
        self.bring_in.setProperty("primary", True)
        self.bring_in.setEnabled(False)
        self.bring_in.clicked.connect(self._merge)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.policy)
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(self.bring_in)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID * 2)
        layout.setSpacing(GRID)
        layout.addWidget(self.headline)
        layout.addWidget(self.details)
        layout.addSpacing(GRID)
        layout.addWidget(self.conflicts_title)
        layout.addWidget(self.table, 1)
        layout.addStretch()
        layout.addLayout(buttons)
        self._show_conflicts([])
        self._looking = Background(self)
        self._looking.answered.connect(self._show)
        self._looking.failed.connect(self._refuse)
        self._looking.ask(self._question("list", preview=True))
        self.finished.connect(lambda _: self._looking.close())

    def _question(self, policy: merging.Policy, preview: bool) -> Callable[[], Any]:
        project, path = self._session.project, self._path

        def look() -> merging.Merged:
            with project.apart() as own:
                file = files.DecisionsFile(path)
                note = f"Decisions from {path.name}"
                return merging.merge(own, file.species, file.images(), policy, note, preview=preview)

        return look

    def _show(self, merged: merging.Merged) -> None:
        if self._merges:
            self.accept()
            self._session.changed.emit(set(ALL))
            self._session.decided.emit(f"Decisions from {self._path.name}: {merged.taken:,} pictures")
            return
        who = ", ".join(sorted(merged.authors)) or "nobody"
        self.headline.setText(f"{merged.images:,} pictures decided by {who}")
        parts = [f"{merged.taken:,} are new here", f"{merged.same:,} were decided the same"]
        parts += [f"{len(merged.conflicts):,} were decided differently"] if merged.conflicts else []
        parts += [f"{len(merged.unmatched):,} are not in this survey"] if merged.unmatched else []
        parts += [f"{merged.flagged:,} flags"] if merged.flagged else []
        parts += [f"new species: {', '.join(merged.species)}"] if merged.species else []
        self.details.setText(" · ".join(parts))
        self._show_conflicts(merged.conflicts)
        self.bring_in.setEnabled(bool(merged.images))
        self.bring_in.setDefault(True)

    def _show_conflicts(self, conflicts: list[merging.Conflict]) -> None:
        for widget in (self.conflicts_title, self.table, self.policy):
            widget.setVisible(bool(conflicts))
        self.table.fill(
            COLUMNS,
            [
                (
                    one.path,
                    one.here.said,
                    ", ".join(one.here.authors),
                    one.there.said,
                    ", ".join(one.there.authors),
                )
                for one in conflicts[:MOST_ROWS]
            ],
        )

    def _merge(self) -> None:
        self._merges = True
        self.bring_in.setEnabled(False)
        self.headline.setText("Importing…")
        self._looking.ask(self._question(self.policy.currentData(), preview=False))

    def _refuse(self, error: Exception) -> None:
        self._merges = False
        if not isinstance(error, Problem):
            raise error
        self.headline.setText("This file was not imported")
        self.details.setText(str(error))
        self._show_conflicts([])
