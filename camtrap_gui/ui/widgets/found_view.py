"""What a detector has found in the pictures of a project: how many have what, and the pictures behind each number."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from camtrap_gui.project import Project, browse, detections
from camtrap_gui.project.detections import Counts, KnownDetector
from camtrap_gui.ui import detector_words
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, sized, text
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.browser import Browser
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.image_list import NOTHING, Marks
from camtrap_gui.ui.widgets.save_problems import SaveProblems
from camtrap_gui.ui.widgets.worker_table import WorkerTable

STEP = "detect"
LATEST = 24
SLIDING_MS = 60
ROOMY = GRID * 80
"""How wide the view is at least that says what the slider is for; its tooltip always does."""


class FoundView(QWidget):
    """The counts are buttons: each shows its pictures. The slider re-counts without detecting again.

    Where a cluster works, its ``workers`` are shown until it has finished.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._shown = "animal"
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
        self._lay_out()

    def refresh(self) -> None:
        """Count what the detector that worked last has found, and show it."""
        detector = detections.latest_detector(self.session.project)
        assert detector is not None
        self.threshold.blockSignals(True)
        self.threshold.setMinimum(max(1, round(detector.conservative_threshold * 100)))
        if self.threshold.value() <= self.threshold.minimum():
            self.threshold.setValue(round(detector.typical_threshold * 100))
        self.threshold.blockSignals(False)
        self._words.setText(f"≥ {self.threshold.value() / 100:.2f}")
        self._count()

    def show_live(self, detector: KnownDetector, values: Mapping[str, Any]) -> None:
        """Show what a running detector tells of itself, and the pictures in which it found something last."""
        self.workers.show_values(values)
        self.save_problems.hide()
        for button in self._group.buttons():  # of before; they are made anew when it has ended
            button.hide()
        counts = {name: count for name, count in values.items() if isinstance(count, int)}
        self.headline.setText("   ".join(f"{count:,} {name}" for name, count in counts.items()))
        marks = Marks(detector.id, detector.typical_threshold)
        latest = browse.latest_with(self.session.project, *marks, LATEST)
        self.browser.show_ids(latest, marks=marks)

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        roomy = self.width() >= ROOMY
        self._name.setVisible(roomy)
        self.threshold.setFixedWidth(GRID * (16 if roomy else 10))
        super().resizeEvent(event)

    def close_threads(self) -> None:
        """Let no thread outlive the view."""
        self._counting.close()
        self._finding.close()
        self.save_problems.close_threads()
        self.browser.close_threads()

    def _show_found(self, marks: Marks, ids: Sequence[int], problems: Mapping[int, str]) -> None:
        if self.session.running(STEP):
            return
        self._problems = problems
        self.browser.viewer.set_threshold(marks.threshold)
        self.browser.show_ids(ids, problems, marks)
        self.save_problems.show_for(self._shown == "unreadable")

    def _slid(self, percent: int) -> None:
        self._words.setText(f"≥ {percent / 100:.2f}")
        self._sliding.start()

    def _count(self) -> None:
        detector = detections.latest_detector(self.session.project)
        if detector is None or self.session.running(STEP):
            return
        project, threshold = self.session.project, self.threshold.value() / 100

        def count() -> tuple[KnownDetector, Counts]:
            with project.apart() as own:
                return detector, detections.count(own, detector.id, threshold)

        self._counting.ask(count)

    def _show_counts(self, detector: KnownDetector, counted: Counts) -> None:
        if self.session.running(STEP):
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

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        self._name = text("Confidence", role="muted")
        head.addWidget(self._name)
        head.addWidget(self.threshold)
        head.addWidget(self._words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addLayout(self.counts)
        layout.addWidget(self.workers)
        layout.addWidget(self.save_problems)
        layout.addWidget(self.browser, 1)


def _found(project: Project, marks: Marks, name: str) -> tuple[Sequence[int], Mapping[int, str]]:
    """The pictures behind a count, with the reasons of those that could not be read."""
    if name == "unreadable":
        problems = dict(detections.problems(project, marks.detector_id))
        return list(problems), problems
    if name == "empty":
        return browse.ids_without(project, *marks), NOTHING
    return browse.ids_with(project, marks.detector_id, name, marks.threshold), NOTHING
