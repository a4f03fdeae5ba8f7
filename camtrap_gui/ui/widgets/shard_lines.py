"""Dividing the work among computers that nothing connects but a shared disk: the lines to give them, and what they found."""

import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from camtrap_gui.cluster import shards
from camtrap_gui.cluster.shard_file import MOST_SHARDS
from camtrap_gui.formats.kinds import kind_of
from camtrap_gui.ui.theme import GRID, text

USUAL = 4


class ShardLines(QWidget):
    """``ask`` says what they are to do: a step and the flags for it. ``merge_wanted`` is for the files in the project's folder."""

    merge_wanted = Signal()

    def __init__(
        self, project: Path, ask: Callable[[], Sequence[str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._project, self._ask = project, ask
        about = text(
            "For computers that share a disk and nothing else: each gets a line, and works on a part of its own.",
            role="muted",
            wrap=True,
        )
        self.parts = QSpinBox()
        self.parts.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line
        self.parts.setRange(2, MOST_SHARDS)
        self.parts.setValue(USUAL)
        self.parts.setPrefix("Computers: ")
        self.parts.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line
        self.parts.setAccessibleName("Into how many parts")
        self.parts.valueChanged.connect(lambda _: self.look())
        self.copy = QPushButton("Copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText("\n".join(self.lines())))
        self.line = QPlainTextEdit()
        self.line.setReadOnly(True)
        self.line.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.line.setFixedHeight(GRID * 9)
        self.line.setTabChangesFocus(True)
        self.line.setAccessibleName("The line for the first computer")
        self.others = text("", role="muted", wrap=True)
        self.merge = QPushButton("Merge…")
        self.merge.setToolTip("<p>See what they have found so far, and bring it together here.</p>")
        self.merge.clicked.connect(self.merge_wanted)
        beside = QHBoxLayout()
        beside.setSpacing(GRID)
        beside.addWidget(self.parts, 1)
        beside.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(about)
        layout.addLayout(beside)
        layout.addWidget(self.line)
        layout.addWidget(self.others)
        layout.addWidget(self.merge)
        self.look()

    def lines(self) -> Sequence[str]:
        """What to type on each of the computers."""
        parts = self.parts.value()
        return [self._line(part) for part in range(1, parts + 1)]

    def look(self) -> None:
        """Bring the lines up to date, and offer what has been found."""
        parts, there = self.parts.value(), _count(self._project)
        self.line.setPlainText(self._line(1))
        self.copy.setToolTip(f"<p>All {parts:,} lines, one for each computer.</p>")
        rest = f"2/{parts}" if parts == 2 else f"2/{parts} to {parts}/{parts}"
        self.others.setText(
            f"The others get {rest}. Afterwards drop their files here, or merge those in the project's folder."
        )
        self.merge.setVisible(there > 0)
        self.merge.setText(f"Merge {there:,} file{'s' * (there != 1)}…")

    def _line(self, part: int) -> str:
        step, *flags = self._ask()
        words = ["camtrap", step, str(self._project), *flags, "--shard", f"{part}/{self.parts.value()}"]
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _count(project: Path) -> int:
    """How many files of shards lie in a project."""
    return sum(kind_of(path) == "shard" for path in (project / shards.FOLDER).glob("*"))
