"""A look at what a classifier says about randomly chosen crops, as many of each species as of any other."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, runs, sampling
from camtrap_gui.project.predictions import Judged
from camtrap_gui.ui import pictures
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer.viewer import Viewer
from camtrap_gui.ui.widgets import ask, run_choice
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.crop_grid import CropGrid
from camtrap_gui.ui.worker import Job

SAMPLE, MOST = 48, 500
"""How many crops to show at first, and at most: more are saved, not looked at."""


class ReviewPanel(Panel):
    """Shows the predictions that an evaluation stored; saving asks the classifier for those that are missing."""

    step = "review"
    starts = "sample"
    verb = "Save the sample…"
    topics = frozenset({"runs", "crops", "predictions"})
    only = ("run", "split", "sample", "seed")
    empty_icon = "check-all"
    empty_text = (
        "When a classifier has been trained, this page shows what it says about crops chosen by chance, "
        "each beside what it is."
    )

    def __init__(self, session: Session) -> None:
        self._found: list[Judged] = []
        self._listed: list[Judged] = []
        super().__init__(session)
        self.form.unfold()
        size = self.form.input("sample")
        assert isinstance(size, QSpinBox)
        size.setMaximum(MOST)
        self.form.set_value("sample", SAMPLE)
        self.form.changed.connect(self.choose)

    def build(self) -> QWidget:
        self._asking = Background(self)
        self._asking.answered.connect(self._show)
        self._asking.failed.connect(self._refuse)
        self.headline = text("", "heading", bold=True, wrap=True)
        self.errors_only = QCheckBox("Errors only")
        self.errors_only.setToolTip("<p>Show only crops that were called something else than they are.</p>")
        self.errors_only.toggled.connect(lambda _: self._list())
        self.evaluate = QPushButton("Evaluate this run")
        self.evaluate.setToolTip(
            "<p>Some of these crops have not been shown to the classifier; evaluating does.</p>"
        )
        self.evaluate.clicked.connect(lambda: self.go_to.emit("evaluate"))
        head = QHBoxLayout()
        head.setSpacing(GRID * 2)
        head.addWidget(self.headline, 1)
        head.addWidget(self.evaluate)
        head.addWidget(self.errors_only)
        self.grid = CropGrid()
        self.grid.opened.connect(self.open_place)
        self.viewer = Viewer()
        self._back = QPushButton("Back to the sample (Esc)")
        self._back.clicked.connect(self.close_viewer)
        single = QWidget()
        column = QVBoxLayout(single)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.viewer, 1)
        self.views = QStackedWidget()
        self.views.addWidget(self.grid)
        self.views.addWidget(single)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.views, 1)
        return page

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        return {"run": run_choice.choices(runs.all_of(self.session.project))}

    def is_empty(self) -> bool:
        return not any(run.has_model for run in runs.all_of(self.session.project))

    def refresh(self) -> None:
        box = self.form.input("run")
        assert isinstance(box, QComboBox)
        run_choice.fill(box, runs.all_of(self.session.project))
        self.choose()

    def choose(self) -> None:
        """Choose crops with the options of the form, in a thread of its own."""
        if self.is_empty():
            return
        self.form.fixed = {"output": Path()}
        options, folder = self.form.value(), self.session.project.folder

        def question() -> list[Judged]:
            with Project.open(folder) as project:
                return sampling.judged_sample(
                    project, options.run, options.split, options.sample, options.seed
                )

        self._asking.ask(question)

    def start(self) -> None:
        ask.for_folder(self, "Choose a folder for copies and texts", Path.home(), self.save_to)

    def save_to(self, folder: Path) -> None:
        """Write a copy of each chosen crop and a text with the five likeliest species."""
        self.form.fixed = {"output": folder}
        super().start()

    def open_place(self, place: int) -> None:
        """Show one of the listed crops large, with its bars."""
        self.viewer.show_pictures(pictures.of_judged(self.session.project, self._listed), place)
        self.views.setCurrentIndex(1)
        self.viewer.setFocus()

    def close_viewer(self) -> None:
        """Back to the sample."""
        self.views.setCurrentIndex(0)
        self.grid.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.views.currentIndex() == 1:
            self.close_viewer()
        else:
            super().keyPressEvent(event)

    def close_threads(self) -> None:
        self._asking.close()
        self.grid.close_threads()
        self.viewer.close_threads()

    def _show(self, found: list[Judged]) -> None:
        self._found = found
        self.say("")
        self.close_viewer() if self.views.currentIndex() else None
        self._list()

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, Problem):
            raise error
        self._found = []
        self._list()
        self.say(str(error), "error")

    def _list(self) -> None:
        asked = [judged for judged in self._found if judged.top]
        wrong = [judged for judged in asked if judged.top[0][0] != judged.truth]
        self._listed = wrong if self.errors_only.isChecked() else self._found
        self.grid.show_crops(self._listed, crops.folder(self.session.project))
        missing = len(self._found) - len(asked)
        self.evaluate.setVisible(missing > 0)
        parts = [f"{len(self._found):,} crops", f"{len(asked) - len(wrong):,} right", f"{len(wrong):,} wrong"]
        parts += [f"{missing:,} not asked yet"] if missing else []
        self.headline.setText(" · ".join(parts) if self._found else "This split has no crops")

    def _ended(self, job: Job) -> None:
        super()._ended(job)
        if job.state == "done":
            self._take_answers(job)
            words = f"{len(job.result['looks']):,} crops and texts are in {job.options.output}."
            missing = len(job.result["missing"])
            self.say(words + (f" {missing:,} could not be found or read." if missing else ""), "success")

    def _take_answers(self, job: Job) -> None:
        """Show what the classifier was asked for the first time."""
        said = {
            look["file"]: [(name, share) for name, share in look["species"]] for look in job.result["looks"]
        }
        if job.options.run == self.form.value().run:
            self._found = [
                judged if judged.top else judged._replace(top=said.get(judged.file, []))
                for judged in self._found
            ]
            self._list()
