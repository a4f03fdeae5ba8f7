"""Choosing pictures of LILA before any of them is downloaded: the data set, then seasons, places and species with counts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.sources.lila_contents import WHATEVER, Options
from camtrap_gui.steps import LILA
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.options_form import PathEdit, in_fields
from camtrap_gui.ui.worker import Job, JobQueue

LISTS = (("seasons", "Season"), ("locations", "Location"), ("species", "Species"))
WORDS = (
    "LILA (lila.science) has millions of labelled camera-trap pictures. What is known about the pictures of a data set is "
    "downloaded first, once; the pictures only when you import."
)


class LilaDialog(QDialog):
    """Works in an engine of its own. Emits ``chosen`` with fields of the dataset step."""

    chosen = Signal(dict)

    def __init__(self, name: str, folder: Path | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = JobQueue("lila", self)
        self._job: Job | None = None
        self._there: Mapping[str, Any] = {}
        self._order: dict[str, list[int]] = {}
        self.setWindowTitle("Pictures of LILA")
        self.resize(GRID * 116, GRID * 80)
        self.data_set = QComboBox()
        self.data_set.setEditable(True)
        self.data_set.setAccessibleName("Data set")
        self.data_set.setMinimumWidth(GRID * 32)
        self.data_set.setEditText(name or "snapshot-serengeti")
        self.folder = PathEdit(folder=True)
        self.folder.setAccessibleName("Folder to download into")
        self.folder.setText(str(folder or ""))
        self.look = QPushButton("See what there is")
        self.look.setProperty("primary", True)
        self.look.clicked.connect(self.look_at)
        self.message = text("", role="muted", wrap=True)
        self.message.setAccessibleName("Message")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Looking")
        self.tables = {kind: NumberTable(words) for kind, words in LISTS}
        self.count = text("", "heading", bold=True)
        self.count.setAccessibleName("How many pictures are chosen")
        self.sample = QSpinBox()
        self.sample.setRange(0, 10_000_000)
        self.sample.setGroupSeparatorShown(True)
        self.sample.setSpecialValueText("all of them")
        self.sample.setAccessibleName("Only so many, at random")
        self.sample.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)
        self.sample.valueChanged.connect(lambda _: self._count())
        self.use = QPushButton("Use this choice")
        self.use.setProperty("primary", True)
        self.use.clicked.connect(self._use)
        self._lay_out()
        self.data_set.editTextChanged.connect(lambda _: self._forget())
        self.finished.connect(self.deleteLater)
        self._show_state()
        self._start("Asking LILA", Options())

    def look_at(self) -> None:
        """Find out what the data set has."""
        folder = self.folder.text().strip()
        if not folder:
            self._say("Say into which folder to download.", "error")
            self.folder.setFocus()
            return
        self._start("Looking", Options(self.data_set.currentText().strip(), Path(folder).expanduser()))

    def choice(self) -> dict[str, Any]:
        """The fields of the dataset step."""
        names = {kind: tuple(self._there[kind][place] for place in self._places(kind)) for kind, _ in LISTS}
        return {
            "lila": self.data_set.currentText().strip(),
            "images": Path(self.folder.text().strip()).expanduser(),
            "lila_seasons": names["seasons"],
            "lila_locations": names["locations"],
            "lila_species": names["species"],
            "lila_sample": self.sample.value(),
        }

    def done(self, result: int) -> None:
        self._job = None
        self._queue.close()
        super().done(result)

    def _start(self, title: str, options: Options) -> None:
        job = self._job = Job(LILA.name, title, None, options)
        job.changed.connect(lambda: self._progress(job))
        self._queue.submit(job)
        self._progress(job)

    def _progress(self, job: Job) -> None:
        if job is not self._job:
            return
        done, total = job.progress.get("done", 0), job.progress.get("total")
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        if job.state == "done" and not job.result["name"]:
            self._name_data_sets(job.result["data_sets"])
            self._say("")
        elif job.state == "done":
            self._there = job.result
            self._fill()
            self._say(in_fields(job.message))
        elif job.is_over():
            self._say(
                in_fields(job.message) if job.state == "problem" else "This failed unexpectedly.", "error"
            )
        else:
            counted = f"{done:,} of {total:,}" if total else ""
            self._say(f"{job.progress.get('phase') or job.title}… {counted}")
        self._show_state()

    def _name_data_sets(self, known: Sequence[Sequence[str]]) -> None:
        given = self.data_set.currentText()
        self.data_set.clear()
        for short, _ in known:
            self.data_set.addItem(short)
        self.data_set.setEditText(given)

    def _fill(self) -> None:
        for column, (kind, words) in enumerate(LISTS):
            amounts = [0] * len(self._there[kind])
            for cell in self._there["cells"]:
                if (cell[2] == WHATEVER) != (kind == "species"):
                    amounts[cell[column]] += cell[3]
            names = self._there[kind]
            order = sorted(
                range(len(names)), key=lambda place: (-amounts[place] * (column == 2), names[place])
            )
            self._order[kind] = order
            rows = [(names[place] or "–", amounts[place]) for place in order]
            self.tables[kind].fill((words, "pictures"), rows)
        self._count()

    def _places(self, kind: str) -> list[int]:
        return [self._order[kind][line] for line in self.tables[kind].chosen()]

    def _count(self) -> None:
        if not self._there:
            return
        seasons, locations, species = (set(self._places(kind)) for kind, _ in LISTS)
        wanted = species or {WHATEVER}
        number = sum(
            cell[3]
            for cell in self._there["cells"]
            if cell[2] in wanted
            and (not seasons or cell[0] in seasons)
            and (not locations or cell[1] in locations)
        )
        about = "about " if len(species) > 1 else ""  # a picture with two of them counts twice
        sampled = f"{min(self.sample.value(), number):,} at random of " if self.sample.value() else ""
        self.count.setText(f"{sampled}{about}{number:,} of {self._there['pictures']:,} pictures")
        self.use.setEnabled(number > 0)

    def _forget(self) -> None:
        """Another data set is named."""
        if self._there:
            self._there = {}
            self._say("")
            self._show_state()

    def _use(self) -> None:
        self.chosen.emit(self.choice())
        self.accept()

    def _show_state(self) -> None:
        is_looking = self._job is not None and not self._job.is_over()
        self.bar.setVisible(is_looking)
        self.look.setEnabled(not is_looking)
        self.look.setProperty("primary", not self._there)
        self.look.style().polish(self.look)
        for widget in (*self.tables.values(), self.count, self.sample, self._only, self._hint):
            widget.setVisible(bool(self._there))
        self.use.setEnabled(bool(self._there) and not is_looking)

    def _say(self, words: str, role: str = "muted") -> None:
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)
        self.message.setText(words)

    def _lay_out(self) -> None:
        self._only = text("Only so many, at random", role="muted")
        self._hint = text(
            "Choose rows with Ctrl or Shift. Where none is chosen, all count.", role="muted", wrap=True
        )
        where = QGridLayout()
        where.setSpacing(GRID)
        for row, (words, field) in enumerate((("Data set", self.data_set), ("Download into", self.folder))):
            label = text(words, role="muted")
            label.setBuddy(field)
            where.addWidget(label, row, 0)
            where.addWidget(field, row, 1)
        where.addWidget(self.look, 1, 2)
        where.setColumnStretch(1, 1)
        lists = QHBoxLayout()
        lists.setSpacing(GRID * 2)
        for table in self.tables.values():
            table.setSelectionMode(NumberTable.SelectionMode.ExtendedSelection)
            table.itemSelectionChanged.connect(self._count)
            lists.addWidget(table, 1)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        end = QHBoxLayout()
        end.setSpacing(GRID)
        for widget in (cancel, self._only, self.sample):
            end.addWidget(widget)
        end.addStretch()
        end.addWidget(self.count)
        end.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text("Pictures of LILA", "title", bold=True))
        layout.addWidget(text(WORDS, role="muted", wrap=True))
        layout.addSpacing(GRID)
        layout.addLayout(where)
        layout.addWidget(self.message)
        layout.addWidget(self.bar)
        layout.addWidget(self._hint)
        layout.addLayout(lists, 1)
        layout.addStretch()
        layout.addLayout(end)
