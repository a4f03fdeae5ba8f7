"""New pictures dropped on the window: what is in them, box by box, and the answers to take along."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.files import replacing
from camtrap_gui.models import store
from camtrap_gui.problem import Problem
from camtrap_gui.remote_pictures import is_elsewhere
from camtrap_gui.steps.predict import Options
from camtrap_gui.ui.explaining import Explaining
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.classifier_choice import ClassifierChoice
from camtrap_gui.ui.widgets.drop_zone import DropZone
from camtrap_gui.ui.widgets.drops import dropped_pictures, has_pictures
from camtrap_gui.ui.widgets.model_list import short
from camtrap_gui.ui.widgets.prediction_view import PredictionView, summary
from camtrap_gui.ui.worker import Job

WHOLE = ""
"""In place of a detector: classify whole pictures."""


class PredictPanel(Panel):
    """What is dropped is predicted at once; the first picture is shown while the engine looks at it."""

    step = "predict"
    verb = "Add pictures…"
    topics = frozenset({"runs"})
    only = ("detector", "threshold")

    def __init__(self, session: Session) -> None:
        self._given: tuple[Path, ...] = ()
        self._seen: Mapping[str, Any] = {}
        self._saving: Job | None = None
        self._warmed: tuple[Any, ...] = ()
        self._scratch = tempfile.TemporaryDirectory(prefix="camtrap-predict-", ignore_cleanup_errors=True)
        self.model = ClassifierChoice(session.project)
        self.add_folder, self.add_address = QPushButton("Add folder…"), QPushButton("Add address…")
        super().__init__(session)
        self.setAcceptDrops(True)
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)
        self.form.give_a_line("detector")
        threshold = self.form.input("threshold")
        assert isinstance(threshold, QLineEdit)
        threshold.setPlaceholderText("The detector's own")
        self.model.chosen.connect(self._classifier_chosen)
        self.model.refused.connect(lambda sentence: self.say(sentence, "error"))
        self.add_address.setToolTip(
            "<p>Of a picture on the web, or of a folder in a cloud. They stay there. A picture can also be dragged here"
            " from a web browser, or pasted.</p>"
        )
        self.add_address.clicked.connect(self._ask_address)
        self.again = QPushButton("Predict again")
        self.again.setToolTip("Look at the same pictures with the classifier and detector chosen now.")
        self.add_folder.clicked.connect(self._ask_folder)
        self.again.clicked.connect(lambda: self.predict(self._given))
        label = text("Classifier", role="muted")
        label.setBuddy(self.model)
        self.card.insertWidget(0, _pair(label, self.model))
        self.card.insertWidget(3, self.add_folder)
        self.card.insertWidget(4, self.add_address)
        self.card.insertWidget(5, self.again)
        self.form.changed.connect(self._warm)
        self.refresh()
        self._show_state()

    # What a panel defines.

    def build(self) -> QWidget:
        self.view = PredictionView(self.model)
        self.explaining = Explaining(self.session, self.view.viewer, self.model.folder)
        self.view.save.copies_wanted.connect(self.save_copies)
        self.view.save.file_wanted.connect(self.save_file)
        return self.view

    def build_empty(self) -> QWidget:
        self.zone = DropZone(
            "image-plus-outline",
            "Drop pictures or folders here",
            "Animals are found, cut out and named, each with the five likeliest species. "
            "The pictures are only read, and need not belong to the project. They may also come from a web browser.",
            self.first_button,
        )
        return self.zone

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        found = [entry for entry in store.entries() if entry.role == "detector"]
        known = [
            ("default" if entry.name == store.DEFAULT_DETECTOR else entry.name, short(entry))
            for entry in found
        ]
        return {"detector": [*(known or [("default", "Default")]), (WHOLE, "None: whole pictures")]}

    def allow_start(self) -> None:
        super().allow_start()
        for button in (self.start_button, self.add_folder, self.add_address):
            button.setEnabled(not self._missing)  # also while it works: more can be added

    def missing_step(self) -> str:
        return "" if self.model.folder() else "train"

    def is_empty(self) -> bool:
        return not self._given

    def refresh(self) -> None:
        self.model.refresh()
        self.allow_start()

    def look(self) -> None:
        if self._stale:
            self.refresh()
        super().look()
        self._warm()

    def start(self) -> None:
        ask.for_files(self, "Choose pictures", self._start_folder(), ask.PICTURES, self.predict)

    def close_threads(self) -> None:
        self.view.viewer.close_threads()
        self._scratch.cleanup()

    # Predicting.

    def predict(self, chosen: Sequence[Path]) -> None:
        """Look at pictures and folders, and show the first of them at once; what comes meanwhile is looked at next."""
        running = self.session.running(self.step)
        given = (*self._given, *chosen) if running and running is not self._saving else tuple(chosen)
        try:
            options = replace(self._options(given), csv=self._file("csv"), json=self._file("json"))
        except (Problem, ValueError) as problem:
            self.say(str(problem), "error")
            return
        if given == tuple(chosen):
            self.view.begin(given)
            self.show_result()
        elif running is not None and running.state == "queued":
            self.session.cancel(running)  # the new one has its pictures, too
        self._given = given
        self.watch(self.session.start(self.step, options))
        if given != tuple(chosen):
            self.say("What was added is looked at next.")

    def watch(self, job: Job) -> None:
        super().watch(job)
        self._show_state()

    def progressed(self, job: Job) -> None:
        if job is self._saving or job.progress is self._seen:
            return
        self._seen = job.progress
        self.view.add(job.progress)

    # Events.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_pictures(event.mimeData()):
            event.acceptProposedAction()
            self.zone.set_over(True)

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:
        self.zone.set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.zone.set_over(False)
        event.acceptProposedAction()
        self.predict(dropped_pictures(event.mimeData(), Path(self._scratch.name)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        data = QGuiApplication.clipboard().mimeData()
        if event.matches(QKeySequence.StandardKey.Paste) and has_pictures(data):
            self.predict(dropped_pictures(data, Path(self._scratch.name)))
        else:
            super().keyPressEvent(event)

    # Inside.

    def _options(self, chosen: tuple[Path, ...]) -> Options:
        model = self.model.folder()
        if model is None:
            raise Problem("Train a classifier first, or choose the bundle folder of one.")
        self.form.fixed = {"model": model, "images": chosen}
        options: Options = self.form.value()
        return replace(options, detect=options.detector != WHOLE, answers=self._file("answers"))

    def _classifier_chosen(self) -> None:
        self.say("")
        self.allow_start()
        self._warm()

    def _file(self, kind: str) -> Path:
        return Path(self._scratch.name) / f"predictions.{kind}"

    def _warm(self) -> None:
        """Have the engine load the models before the first picture comes, with a picture of nothing."""
        if not self.isVisible() or self.session.running(self.step):
            return
        nothing = Path(self._scratch.name) / "nothing.png"
        try:
            options = replace(self._options((nothing,)), answers=None)
        except (Problem, ValueError):
            return
        wanted = (options.model, options.detector)
        if wanted != self._warmed:
            self._warmed = wanted
            blank = QImage(64, 64, QImage.Format.Format_RGB32)
            blank.fill(Qt.GlobalColor.gray)
            blank.save(str(nothing))
            self.session.short.submit(Job(self.step, "Loading the models", None, options, quiet=True))

    def _ended(self, job: Job) -> None:
        if job is not self._job:  # its pictures are among those of the one that follows
            if job.state == "cancelled" and self._job is not None:
                self.session.cancel(self._job)
            return
        super()._ended(job)
        if job is self._saving:
            self._saving = None
            if job.state == "done":
                self.say(f"The copies are in {job.options.output or job.options.explain}.", "success")
        elif job.state == "done":
            self.view.headline.setText(summary(job.result))
        else:
            self.view.headline.setText(f"{self.view.rows.rowCount():,} pictures, then it ended")
        self._show_state()

    def _show_state(self) -> None:
        idle = self.session.running(self.step) is None
        self.again.setVisible(bool(self._given))
        self.again.setEnabled(idle)
        self.view.save.setEnabled(idle and self._file("csv").is_file())

    # Asking, saving, showing.

    def _start_folder(self) -> Path:
        near = (path for path in self._given if not is_elsewhere(path))
        return next((path.parent for path in near), Path.home())

    def _ask_folder(self) -> None:
        ask.for_folder(
            self, "Choose a folder of pictures", self._start_folder(), lambda it: self.predict((it,))
        )

    def _ask_address(self) -> None:
        ask.for_address(
            self,
            "Pictures elsewhere",
            "Address of a picture (https://…), or of a folder of pictures in a cloud (s3://…, gs://…, az://…):",
            lambda typed: self.predict([Path(typed)]),
        )

    def save_copies(self, folder: Path, explain: bool = False) -> None:
        """Write copies with boxes and names of what is known; ``explain``: that show what the classifier looked at."""
        try:
            options = self._options(self._given)
            self._saving = self.session.start(
                self.step, replace(options, explain=folder) if explain else replace(options, output=folder)
            )
        except (Problem, ValueError) as problem:
            self.say(str(problem), "error")
            return
        self.watch(self._saving)

    def save_file(self, kind: str, target: Path) -> None:
        """Write what was predicted last: 'csv' or 'json'."""
        try:
            with replacing(target) as beside:
                shutil.copyfile(self._file(kind), beside)
        except OSError as error:
            self.say(f"{target} cannot be written: {error.strerror}.", "error")
            return
        self.say(f"Saved {target}.", "success")


def _pair(label: QLabel, field: QWidget) -> QWidget:
    pair = QWidget()
    column = QVBoxLayout(pair)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GRID // 2)
    column.addWidget(label)
    column.addWidget(field)
    return pair
