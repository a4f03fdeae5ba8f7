"""New pictures dropped on the window: what is in them, box by box, and the answers to take along."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.files import replacing
from camtrap_gui.models import store
from camtrap_gui.problem import Problem
from camtrap_gui.project import runs
from camtrap_gui.steps.predict import Options
from camtrap_gui.ui.explaining import Explaining
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.pictures import of_prediction
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer.viewer import Viewer
from camtrap_gui.ui.widgets import ask, run_choice
from camtrap_gui.ui.widgets.drop_zone import DropZone
from camtrap_gui.ui.widgets.drops import dropped_paths
from camtrap_gui.ui.widgets.model_list import short
from camtrap_gui.ui.widgets.prediction_table import MOST, PredictionRows, PredictionTable
from camtrap_gui.ui.worker import Job

CHOOSE = "choose"
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
        self.model = QComboBox()
        super().__init__(session)
        self.setAcceptDrops(True)
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)
        self.form.give_a_line("detector")
        threshold = self.form.input("threshold")
        assert isinstance(threshold, QLineEdit)
        threshold.setPlaceholderText("The detector's own")
        self.model.setAccessibleName("Classifier")
        self.model.setToolTip("<p>A training run of this project, or the bundle folder of another one.</p>")
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.model.activated.connect(self._model_chosen)
        self.add_folder = QPushButton("Add folder…")
        self.again = QPushButton("Predict again")
        self.again.setToolTip("Look at the same pictures with the classifier and detector chosen now.")
        self.add_folder.clicked.connect(self._ask_folder)
        self.again.clicked.connect(lambda: self.predict(self._given))
        label = text("Classifier", role="muted")
        label.setBuddy(self.model)
        self.card.insertWidget(0, _pair(label, self.model))
        self.card.insertWidget(3, self.add_folder)
        self.card.insertWidget(4, self.again)
        self.form.changed.connect(self._warm)
        self._show_models()
        self._show_state()

    # What a panel defines.

    def build(self) -> QWidget:
        self.rows = PredictionRows()
        self.viewer = Viewer()
        self.explaining = Explaining(self.session, self.viewer, self._model_of_pictures)
        self.viewer.hide_threshold()  # the one in the form says what is a box at all
        self.table = PredictionTable(self.rows)
        self.table.picked.connect(self.show_place)
        self.headline = text("", "heading", bold=True, wrap=True)
        self.save = QPushButton("Save")
        menu = QMenu(self.save)
        for words, slot in (
            ("Annotated copies…", self._ask_copies),
            ("Copies that show what it looked at…", self._ask_explained),
            ("CSV table…", self._ask_table),
            ("MegaDetector JSON…", self._ask_json),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, slot=slot: slot())
        self.save.setMenu(menu)
        self.in_files = QPushButton("Show in file manager")
        self.in_files.clicked.connect(self._show_in_files)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline, 1)
        head.addWidget(self.in_files)
        head.addWidget(self.save)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.viewer)
        parts.addWidget(self.table)
        parts.setStretchFactor(0, 2)
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(parts, 1)
        return page

    def build_empty(self) -> QWidget:
        self.zone = DropZone(
            "image-plus-outline",
            "Drop pictures or folders here",
            "Animals are found, cut out and named, each with the five likeliest species. "
            "The pictures are only read, and need not belong to the project.",
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
        self.start_button.setEnabled(not self._missing)  # also while it works: more can be added

    def missing_step(self) -> str:
        return "" if isinstance(self.model.currentData(), Path) else "train"

    def is_empty(self) -> bool:
        return not self._given

    def refresh(self) -> None:
        self._show_models()

    def look(self) -> None:
        if self._stale:
            self._show_models()
        super().look()
        self._warm()

    def start(self) -> None:
        ask.for_files(self, "Choose pictures", self._start_folder(), ask.PICTURES, self.predict)

    def close_threads(self) -> None:
        self.viewer.close_threads()
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
            self._show_first(given)
        elif running is not None and running.state == "queued":
            self.session.cancel(running)  # the new one has its pictures, too
        self._given = given
        self.watch(self.session.start(self.step, options))
        if given != tuple(chosen):
            self.say("What was added is looked at next.")

    def _show_first(self, chosen: Sequence[Path]) -> None:
        self.rows.clear()
        first = next((path for path in chosen if path.is_file()), None)
        self.table.setVisible(len(chosen) > 1 or first is None)
        self.viewer.show_pictures([of_prediction({"path": str(first), "name": first.name})] if first else [])
        self.headline.setText("Looking…")
        self.show_result()

    def watch(self, job: Job) -> None:
        super().watch(job)
        self._show_state()

    def progressed(self, job: Job) -> None:
        if job is self._saving or job.progress is self._seen:
            return
        self._seen = job.progress
        self.rows.add(job.progress.get("made", ()))
        if self.rows.rowCount() > 1:
            self.table.show()
        if not self.table.currentIndex().isValid() and self.rows.rowCount():
            self.table.selectRow(0)
        done, total = job.progress.get("done", 0), job.progress.get("total")
        if total is not None and done < total:
            self.headline.setText(f"{done:,} of {total:,} pictures")

    def show_place(self, place: int) -> None:
        """Show the picture of a row."""
        if not 0 <= place < self.rows.rowCount():
            return
        shown = of_prediction(self.rows.picture(place), self._classes)
        now = self.viewer.current()
        if now is not None and now.path == shown.path:
            self.viewer.replace_boxes(0, shown.boxes)
        else:
            self.viewer.show_pictures([shown])

    # Events.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.zone.set_over(True)

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:
        self.zone.set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.zone.set_over(False)
        event.acceptProposedAction()
        self.predict(dropped_paths(event.mimeData()))

    # Inside.

    def _options(self, chosen: tuple[Path, ...]) -> Options:
        model = self.model.currentData()
        if not isinstance(model, Path):
            raise Problem("Train a classifier first, or choose the bundle folder of one.")
        self.form.fixed = {"model": model, "images": chosen}
        options: Options = self.form.value()
        return replace(options, detect=options.detector != WHOLE, answers=self._file("answers"))

    def _model_of_pictures(self) -> Path | None:
        """The classifier that what is shown was predicted with, or would be."""
        model = self.model.currentData()
        return model if isinstance(model, Path) else None

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
            self.headline.setText(self._summary(job.result))
        else:
            self.headline.setText(f"{self.rows.rowCount():,} pictures, then it ended")
        self._show_state()

    def _summary(self, result: Mapping[str, Any]) -> str:
        pictures, species = result["pictures"], result["species"]
        parts = [f"{pictures:,} pictures"] if pictures > 1 else [result["shown"][0]["name"]]
        most = sorted(species.items(), key=lambda item: -item[1])[:3]
        parts += [f"{count:,} × {name}" for name, count in most]
        if others := sum(species.values()) - sum(count for _, count in most):
            parts.append(f"{others:,} of other species")
        parts += [f"{count:,} × {name}" for name, count in result["categories"].items() if name != "animal"]
        if result["without_detection"]:
            count = result["without_detection"]
            parts.append(f"{count:,} empty" if pictures > 1 else "nothing was detected")
        accepted = result["accepted"] if pictures > 1 else None
        if accepted is not None and (doubtful := sum(species.values()) - accepted):
            unknown = f" ({result['unknown']:,} unknown?)" if result["unknown"] else ""
            parts.append(f"{doubtful:,} to look at{unknown}")
        if result["failures"]:
            parts.append(f"{result['failures']:,} could not be read" if pictures > 1 else "could not be read")
        if pictures > MOST:
            parts.append(f"the first {MOST:,} are listed")
        return " · ".join(parts)

    def _show_state(self) -> None:
        idle = self.session.running(self.step) is None
        self.again.setVisible(bool(self._given))
        self.again.setEnabled(idle)
        self.save.setEnabled(idle and self._file("csv").is_file())
        self.in_files.setEnabled(bool(self._given))

    # The classifier.

    def _show_models(self) -> None:
        found = runs.all_of(self.session.project)
        others = [
            (self.model.itemData(place), self.model.itemText(place))
            for place in range(self.model.count())
            if isinstance(self.model.itemData(place), Path)
            and not self.model.itemData(place).is_relative_to(self.session.project.folder)
        ]
        before, chosen = self.model.itemData(0), self.model.currentData()
        trained = [(run.folder, words) for run, words in run_choice.listed(found)]
        self.model.clear()
        for folder, words in [*trained, *others]:
            self.model.addItem(words, folder)
        if not self.model.count():
            self.model.addItem("No classifier yet", None)
        self.model.addItem("Choose a bundle folder…", CHOOSE)
        newer = self.model.itemData(0) != before
        self.model.setCurrentIndex(0 if newer else max(0, self.model.findData(chosen)))
        self._model_shown()

    def _model_shown(self) -> None:
        from camtrap_gui.models.classifiers import bundle
        from camtrap_gui.models.prediction import bundle_in

        self._chosen = self.model.currentIndex()
        model = self.model.currentData()
        self.allow_start()
        self._classes: tuple[str, ...] = ()
        if isinstance(model, Path):
            try:
                self._classes = bundle.classes_in(bundle_in(model))
            except Problem as problem:
                self.say(str(problem), "error")

    def _model_chosen(self, place: int) -> None:
        if self.model.itemData(place) == CHOOSE:
            self.model.setCurrentIndex(self._chosen)
            ask.for_folder(self, "Choose the folder of a classifier", Path.home(), self.use_bundle)
        else:
            self._model_shown()
            self._warm()

    def use_bundle(self, folder: Path) -> None:
        """Take the classifier in a folder that the export step wrote."""
        from camtrap_gui.models.classifiers import bundle
        from camtrap_gui.models.prediction import bundle_in

        try:
            bundle.classes_in(bundle_in(folder))
        except Problem as problem:
            self.say(str(problem), "error")
            return
        self.say("")
        if self.model.itemData(0) is None:
            self.model.removeItem(0)
        self.model.insertItem(self.model.count() - 1, folder.name, folder)
        self.model.setCurrentIndex(self.model.count() - 2)
        self._model_shown()
        self._warm()

    # Asking, saving, showing.

    def _start_folder(self) -> Path:
        return self._given[0].parent if self._given else Path.home()

    def _ask_folder(self) -> None:
        ask.for_folder(
            self, "Choose a folder of pictures", self._start_folder(), lambda it: self.predict((it,))
        )

    def _ask_copies(self) -> None:
        ask.for_folder(self, "Choose a folder for the copies", Path.home(), self.save_copies)

    def _ask_explained(self) -> None:
        ask.for_folder(
            self, "Choose a folder for the copies", Path.home(), lambda it: self.save_copies(it, explain=True)
        )

    def _ask_table(self) -> None:
        start = Path.home() / "predictions.csv"
        ask.for_target(
            self, "Save the table", start, "CSV table (*.csv)", lambda it: self.save_file("csv", it)
        )

    def _ask_json(self) -> None:
        start = Path.home() / "predictions.json"
        kinds = "MegaDetector results (*.json)"
        ask.for_target(self, "Save the results", start, kinds, lambda it: self.save_file("json", it))

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

    def _show_in_files(self) -> None:
        now = self.viewer.current()
        folder = now.path.parent if now is not None else self._given[0]
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _pair(label: QLabel, field: QWidget) -> QWidget:
    pair = QWidget()
    column = QVBoxLayout(pair)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GRID // 2)
    column.addWidget(label)
    column.addWidget(field)
    return pair
