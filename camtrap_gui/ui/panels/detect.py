"""Finding the animals: choose a detector, watch it work, and see at once what another threshold would mean."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from camtrap_gui.formats.kinds import kind_of
from camtrap_gui.models import store
from camtrap_gui.project import detections
from camtrap_gui.ui import detector_words, dropped
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.preview_dialog import PreviewDialog, offer_results, offer_shards
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.cluster_form import ClusterForm
from camtrap_gui.ui.widgets.drops import dropped_paths
from camtrap_gui.ui.widgets.found_view import FoundView
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.model_list import short
from camtrap_gui.ui.widgets.shard_lines import ShardLines
from camtrap_gui.ui.worker import Job

LIVE_EVERY_S = 1.5
NOT_TAKEN = (
    "“{}” holds nothing that a detector found. Pictures and surveys are dropped on “Dataset”; here results of"
    " MegaDetector, parts of other computers (.shard), and detectors."
)


class DetectPanel(Panel):
    """What other computers have found can be dropped."""

    step = "detect"
    verb = "Find animals"
    topics = frozenset({"detections", "images"})
    only = ("detector", "retry_unreadable", "threads")
    empty_icon = "image-search-outline"
    empty_text = "A detector looks at every picture and draws boxes around animals, people and vehicles. Nothing has been looked at yet."

    def build(self) -> QWidget:
        self.setAcceptDrops(not self.session.project.read_only)
        self.preview: PreviewDialog | None = None
        self._looked = 0.0
        self.found = FoundView(self.session)
        return self.found

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        found = detector_words.installed()
        named = [(entry.name, short(entry)) for entry in found if entry.name != store.DEFAULT_DETECTOR]
        default = next((short(entry) for entry in found if entry.name == store.DEFAULT_DETECTOR), "Default")
        return {"detector": [("default", default), *named]}

    def is_empty(self) -> bool:
        return detections.latest_detector(self.session.project) is None

    def refresh(self) -> None:
        self.found.refresh()

    def start(self) -> None:
        self.cluster.remember()
        super().start()

    def watch(self, job: Job) -> None:
        super().watch(job)
        job.ended.connect(lambda: self.found.workers.show_values({}))

    def progressed(self, job: Job) -> None:
        if not self.isVisible() or time.monotonic() - self._looked < LIVE_EVERY_S:
            return
        self._looked = time.monotonic()
        detector = detections.latest_detector(self.session.project)
        if detector is not None:
            self.show_result()
            if values := job.progress.get("values", {}):  # results from elsewhere have none
                self.found.show_live(detector, values)

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
        self.found.close_threads()

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
