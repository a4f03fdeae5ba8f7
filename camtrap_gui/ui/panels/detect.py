"""Finding the animals: choose a detector, watch it work, and see at once what another threshold would mean."""

import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from camtrap_gui.formats.kinds import kind_of
from camtrap_gui.models import store
from camtrap_gui.project import Project, browse, detections
from camtrap_gui.project.detections import Counts, KnownDetector
from camtrap_gui.ui import detector_words, dropped
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.preview_dialog import PreviewDialog, offer_results, offer_shards
from camtrap_gui.ui.theme import GRID, sized, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.browser import Browser
from camtrap_gui.ui.widgets.cluster_form import ClusterForm
from camtrap_gui.ui.widgets.drops import dropped_paths
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.image_list import NOTHING, Marks
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.model_list import short
from camtrap_gui.ui.widgets.save_problems import SaveProblems
from camtrap_gui.ui.widgets.shard_lines import ShardLines
from camtrap_gui.ui.widgets.worker_table import WorkerTable
from camtrap_gui.ui.worker import Job

LATEST = 24
LIVE_EVERY_S = 1.5
SLIDING_MS = 60
NOT_TAKEN = (
    "“{}” holds nothing that a detector found. Pictures and surveys are dropped on “Dataset”; here results of"
    " MegaDetector, parts of other computers (.shard), and detectors."
)
ROOMY = GRID * 125
"""How wide the panel is at least that says what the slider is for; its tooltip always does."""


class DetectPanel(Panel):
    """The counts are buttons: each shows its pictures. The slider re-counts without detecting again.

    Where a cluster works, its workers are shown until it has finished. What other computers have found can be dropped.
    """

    step = "detect"
    verb = "Find animals"
    topics = frozenset({"detections", "images"})
    only = ("detector", "retry_unreadable", "threads")
    empty_icon = "image-search-outline"
    empty_text = "A detector looks at every picture and draws boxes around animals, people and vehicles. Nothing has been looked at yet."

    def build(self) -> QWidget:
        self.setAcceptDrops(not self.session.project.read_only)
        self.preview: PreviewDialog | None = None
        self._shown = "animal"
        self._looked = 0.0
        self.headline = ElidedLabel()
        sized(self.headline, "heading", bold=True)
        self._words = text("", role="muted")
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(1, 100)
        self.threshold.setAccessibleName("Confidence threshold")
        self.threshold.setToolTip("<p>Count and show boxes the detector is at least so sure of.</p>")
        self._sliding = QTimer(self, singleShot=True, interval=SLIDING_MS)
        self._sliding.timeout.connect(self._count)
        self.threshold.valueChanged.connect(self._slid)
        self.browser = Browser(self.session)
        self._counting, self._finding = Background(self), Background(self)
        self._counting.answered.connect(lambda found: self._show_counts(*found))
        self._finding.answered.connect(lambda found: self._show_found(*found))
        self._problems: Mapping[int, str] = NOTHING
        self.save_problems = SaveProblems(
            self.session.project, "unreadable.csv", lambda: (self.browser.list.rows.ids, self._problems)
        )
        self._group = QButtonGroup(self)
        self.counts = QHBoxLayout()
        self.counts.setSpacing(GRID)
        self.workers = WorkerTable()
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        self._name = text("Confidence", role="muted")
        head.addWidget(self._name)
        head.addWidget(self.threshold)
        head.addWidget(self._words)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addLayout(self.counts)
        layout.addWidget(self.workers)
        layout.addWidget(self.save_problems)
        layout.addWidget(self.browser, 1)
        return page

    def resizeEvent(self, event: QResizeEvent) -> None:
        roomy = self.width() >= ROOMY
        self._name.setVisible(roomy)
        self.threshold.setFixedWidth(GRID * (16 if roomy else 10))
        super().resizeEvent(event)

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        found = detector_words.installed()
        named = [(entry.name, short(entry)) for entry in found if entry.name != store.DEFAULT_DETECTOR]
        default = next((short(entry) for entry in found if entry.name == store.DEFAULT_DETECTOR), "Default")
        return {"detector": [("default", default), *named]}

    def is_empty(self) -> bool:
        return detections.latest_detector(self.session.project) is None

    def refresh(self) -> None:
        detector = detections.latest_detector(self.session.project)
        assert detector is not None
        self.threshold.blockSignals(True)
        self.threshold.setMinimum(max(1, round(detector.conservative_threshold * 100)))
        if self.threshold.value() <= self.threshold.minimum():
            self.threshold.setValue(round(detector.typical_threshold * 100))
        self.threshold.blockSignals(False)
        self._words.setText(f"≥ {self.threshold.value() / 100:.2f}")
        self._count()

    def start(self) -> None:
        self.cluster.remember()
        super().start()

    def watch(self, job: Job) -> None:
        super().watch(job)
        job.ended.connect(lambda: self.workers.show_values({}))

    def progressed(self, job: Job) -> None:
        if not self.isVisible() or time.monotonic() - self._looked < LIVE_EVERY_S:
            return
        self._looked = time.monotonic()
        detector = detections.latest_detector(self.session.project)
        if detector is not None:
            self.show_result()
            values = job.progress.get("values", {})
            if not values:  # results from elsewhere
                return
            self.workers.show_values(values)
            self.save_problems.hide()
            for button in self._group.buttons():  # of before; they are made anew when it has ended
                button.hide()
            counts = {name: count for name, count in values.items() if isinstance(count, int)}
            self.headline.setText("   ".join(f"{count:,} {name}" for name, count in counts.items()))
            marks = Marks(detector.id, detector.typical_threshold)
            latest = browse.latest_with(self.session.project, *marks, LATEST)
            self.browser.show_ids(latest, marks=marks)

    def ask_for_results(self) -> None:
        """Ask for a file with results made elsewhere, and show what it would bring."""
        ask.for_files(
            self,
            "Choose results of a detector",
            Path.home(),
            "Results of MegaDetector, parts of other computers (*.json *.shard)",
            self._take_files,
        )

    def show_results(self, path: Path) -> None:
        """Show what results of a detector would bring, in a dialog from which they can be brought in."""
        self.preview = offer_results(self, path)
        self.preview.finished.connect(self._forget_preview)

    def show_shards(self, files: Sequence[Path] = ()) -> None:
        """Show what the parts of other computers would bring; without files those in the project's folder."""
        self.preview = offer_shards(self, files)
        self.preview.finished.connect(self._forget_preview)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if len(paths) == 1 or dropped.are_shards(paths):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self._take_files(dropped_paths(event.mimeData()))

    def look(self) -> None:
        super().look()
        self.shards.look()

    def close_threads(self) -> None:
        self.cluster.close_threads()
        if self.preview is not None:
            self.preview.reject()
        self._counting.close()
        self._finding.close()
        self.save_problems.close_threads()
        self.browser.close_threads()

    def is_looking(self) -> bool:
        """Whether counts or pictures are to come."""
        return self._counting.is_asking() or self._finding.is_asking()

    def show_images(self, name: str) -> None:
        """List the pictures behind one of the counts: a category, 'empty' or 'unreadable'."""
        self._shown = name
        detector = detections.latest_detector(self.session.project)
        if detector is None:
            return
        self.browser.close_viewer()
        marks, project = Marks(detector.id, self.threshold.value() / 100), self.session.project

        def find() -> tuple[Marks, Sequence[int], Mapping[int, str]]:
            with project.apart() as own:
                return marks, *_found(own, marks, name)

        self._finding.ask(find)

    def _show_found(self, marks: Marks, ids: Sequence[int], problems: Mapping[int, str]) -> None:
        if self.session.running(self.step):
            return
        self._problems = problems
        self.browser.viewer.set_threshold(marks.threshold)
        self.browser.show_ids(ids, problems, marks)
        self.save_problems.show_for(self._shown == "unreadable")

    def _options_card(self) -> QWidget:
        side = super()._options_card()
        self.more_button = QPushButton("More models…")
        self.more_button.setToolTip("<p>Install a detector, or add a file of yours.</p>")
        self.more_button.clicked.connect(self.ask_for_models)
        self.card.insertWidget(self.card.indexOf(self.form) + 1, self.more_button)
        self.cluster = ClusterForm(self.session.settings)
        self.shards = ShardLines(self.session.project.folder, self._asked)
        self.shards.merge_wanted.connect(self.show_shards)
        self.cluster.add_fold("In parts, without Ray", self.shards)
        self.cluster.changed.connect(self._follow_cluster)
        self.card.insertWidget(self.card.indexOf(self.start_button), self.cluster)
        self.results_button = QPushButton("Results from elsewhere…")
        self.results_button.setToolTip(
            "<p>Bring in what a detector found on other computers: a MegaDetector results file, or files of parts"
            " (.shard).</p>"
        )
        self.results_button.clicked.connect(self.ask_for_results)
        self.card.insertWidget(self.card.indexOf(self.start_button) + 1, self.results_button)
        hold(self.session.project, self.results_button, self.shards.merge)
        self.form.give_a_line("detector")
        self.form.changed.connect(self._describe)
        self._describe()
        return side

    def _take_files(self, paths: Sequence[Path]) -> None:
        """Show what dropped or chosen files would bring."""
        kind = "shard" if dropped.are_shards(paths) else kind_of(paths[0])
        if kind == "shard":
            self.show_shards(paths)
        elif kind == "results":
            self.show_results(paths[0])
        elif dropped.offer(kind, paths[0], self.session, self) is None:
            self.say(NOT_TAKEN.format(paths[0].name), "error")

    def _asked(self) -> Sequence[str]:
        """What the form asks for, on the command line."""
        detector = self.form.value_of("detector")
        return ("detect",) if detector == "default" else ("detect", "--detector", detector)

    def _follow_cluster(self) -> None:
        self.form.fixed = dict(self.cluster.value())

    def _forget_preview(self) -> None:
        self.preview = None

    def _detector_box(self) -> QComboBox:
        box = self.form.input("detector")
        assert isinstance(box, QComboBox)
        return box

    def _describe(self) -> None:
        box = self._detector_box()
        known = {
            "default" if entry.name == store.DEFAULT_DETECTOR else entry.name: entry
            for entry in detector_words.installed()
        }
        for place in range(box.count()):
            if (entry := known.get(box.itemData(place))) is not None:
                box.setItemData(place, detector_words.facts(entry), Qt.ItemDataRole.ToolTipRole)
        box.setToolTip(box.currentData(Qt.ItemDataRole.ToolTipRole) or "")
        self.shards.look()

    def _slid(self, percent: int) -> None:
        self._words.setText(f"≥ {percent / 100:.2f}")
        self._sliding.start()

    def _count(self) -> None:
        detector = detections.latest_detector(self.session.project)
        if detector is None or self.session.running(self.step):
            return
        project, threshold = self.session.project, self.threshold.value() / 100

        def count() -> tuple[KnownDetector, Counts]:
            with project.apart() as own:
                return detector, detections.count(own, detector.id, threshold)

        self._counting.ask(count)

    def _show_counts(self, detector: KnownDetector, counted: Counts) -> None:
        if self.session.running(self.step):
            return
        title = detector_words.title_of(detector)
        self.headline.setText(f"{counted.seen:,} images seen by {detector_words.short_title(title)}")
        self.headline.setToolTip(f"<p>{counted.seen:,} images seen by {escape(title)}</p>")
        while (item := self.counts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        unreadable = sum(counted.unreadable.values())
        rows = {**counted.images_with, "empty": counted.empty} | (
            {"unreadable": unreadable} if unreadable else {}
        )
        for name, count in rows.items():
            button = QPushButton(f"{count:,}  {name}")
            button.setCheckable(True)
            button.setChecked(name == self._shown)
            button.setToolTip(f"Show these {count:,} pictures")
            button.clicked.connect(lambda _=False, name=name: self.show_images(name))
            self._group.addButton(button)
            self.counts.addWidget(button)
        self.counts.addStretch()
        self.show_images(self._shown if self._shown in rows else next(iter(rows)))


def _found(project: Project, marks: Marks, name: str) -> tuple[Sequence[int], Mapping[int, str]]:
    """The pictures behind a count, with the reasons of those that could not be read."""
    if name == "unreadable":
        problems = dict(detections.problems(project, marks.detector_id))
        return list(problems), problems
    if name == "empty":
        return browse.ids_without(project, *marks), NOTHING
    return browse.ids_with(project, marks.detector_id, name, marks.threshold), NOTHING
