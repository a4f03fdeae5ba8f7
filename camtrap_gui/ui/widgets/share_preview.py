"""What would be written for other programs, counted anew whenever a threshold moves or smoothing comes or goes."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.project import Project, smoothing
from camtrap_gui.project.smoothing import Change, How, Smoothed
from camtrap_gui.sharing.outlook import Counts, Outlook
from camtrap_gui.sharing.telling import kind_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.headline import Figure, Headline
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.purposes import Purpose
from camtrap_gui.ui.widgets.smoothing_dialog import MOST, SmoothingDialog
from camtrap_gui.ui.widgets.thresholds import Thresholds

SLIDING_MS = 60
PLURALS = {"animal": "animals", "person": "people", "vehicle": "vehicles"}


class _Looked(NamedTuple):
    outlook: Outlook
    smoothed: Smoothed
    changes: list[Change]


class SharePreview(QWidget):
    """``thresholds`` are a person's where she has moved one. Emits ``smoothing_wanted`` when she decided about it."""

    smoothing_wanted = Signal(bool)
    _counted = Signal(int, int)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._looked: _Looked | None = None
        self._purpose: Purpose | None = None
        self._smooth = self._moved = False
        self._how = How()
        self._counted.connect(lambda done, total: self._tell(done, total))
        self._question = object()
        self._asking = Background(self)
        self._asking.answered.connect(self._take)
        self._asking.failed.connect(self._say_failed)
        self._sliding = QTimer(self, singleShot=True, interval=SLIDING_MS)
        self._sliding.timeout.connect(self._show)
        self.words = text("", role="muted", wrap=True)
        self.state = text("", role="muted", wrap=True)
        self.doubts = text("", role="warning", wrap=True)
        self.doubts.hide()
        self.thresholds = Thresholds()
        self.thresholds.changed.connect(self._move)
        self.figures = Headline("What would be written")
        self.changes = text("", role="muted", wrap=True)
        self.see = QPushButton("See the changes…")
        self.see.setToolTip("<p>Which suggestions smoothing would change, before and after.</p>")
        self.see.clicked.connect(self.show_changes)
        self.table = NumberTable("Species that would be written")
        smoothed = QHBoxLayout()
        smoothed.setSpacing(GRID)
        smoothed.addWidget(self.changes, 1)
        smoothed.addWidget(self.see)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.words)
        layout.addWidget(self.state)
        layout.addWidget(self.doubts)
        layout.addSpacing(GRID)
        layout.addWidget(self.thresholds)
        layout.addSpacing(GRID)
        layout.addWidget(self.figures)
        layout.addLayout(smoothed)
        layout.addWidget(self.table, 1000)
        layout.addStretch(1)  # where there is no table yet

    def look(self) -> None:
        """Go through the project again, in a thread."""
        self._say("Counting…" if self._looked is None else "")
        self._ask(None)

    def _ask(self, outlook: Outlook | None) -> None:
        mine = self._question = object()
        how = self._how

        def tell(progress: Progress) -> None:
            if self._question is not mine:
                raise Cancelled
            self._counted.emit(progress.done, progress.total or 0)

        def look() -> _Looked:
            with self._project.apart() as own:
                smoothed = smoothing.smooth(own, how)
                changes = smoothing.explain(own, smoothed, MOST)
                return _Looked(outlook or Outlook(own, tell), smoothed, changes)

        self._asking.ask(look)

    def show_for(self, purpose: Purpose, smooth: bool, how: How) -> None:
        """Show what would be written for a purpose. Another one begins at its own thresholds."""
        if how != self._how:
            self._how = how
            if self._looked is not None:
                self._ask(self._looked.outlook)
        if purpose is not self._purpose:
            self._purpose, self._moved = purpose, False
            self._set_usual()
        self._smooth = smooth
        self.words.setText(purpose.words)
        self._show()

    def doubt(self, sentences: list[str]) -> None:
        """Show what lacks for the purpose."""
        self.doubts.setText("\n".join(sentences))
        self.doubts.setVisible(bool(sentences))

    def asked(self) -> Mapping[str, float]:
        """The thresholds, when a person has moved one; otherwise the format's own count."""
        return self.thresholds.values() if self._moved else {}

    def show_changes(self) -> None:
        """Show what smoothing would change, before and after."""
        if self._looked is not None:
            dialog = SmoothingDialog(self._looked.smoothed, self._looked.changes, self._smooth, self)
            dialog.decided.connect(self.smoothing_wanted)
            dialog.open()

    def close_threads(self) -> None:
        """Let no thread outlive the panel."""
        self._question = object()
        self._asking.close()

    def _take(self, looked: _Looked) -> None:
        self._looked = looked
        self._say("")
        outlook = looked.outlook
        self.thresholds.offer(outlook.categories, outlook.lowest, outlook.typical)
        if not self._moved:
            self._set_usual()
        self._show()

    def _tell(self, done: int, total: int) -> None:
        if self._looked is None:
            self._say(f"Counting… {done:,} of {total:,} pictures")

    def _set_usual(self) -> None:
        if self._looked is not None and self._purpose is not None:
            outlook = self._looked.outlook
            self.thresholds.set_all(outlook.lowest if self._purpose.everything else outlook.typical)

    def _move(self) -> None:
        self._moved = True
        self._sliding.start()

    def _show(self) -> None:
        looked, purpose = self._looked, self._purpose
        there = looked is not None and purpose is not None
        self.figures.setVisible(there)
        self.table.setVisible(there)
        self.thresholds.setVisible(bool(there and purpose and purpose.uses_detections))
        for widget in (self.changes, self.see):
            widget.setVisible(
                bool(looked and looked.smoothed.before and purpose and "smooth" in purpose.options)
            )
        if looked is None or purpose is None:
            return
        lows = self.thresholds.values() if purpose.uses_detections else {}
        plain = looked.outlook.count(lows)
        smoothed = looked.outlook.count(lows, looked.smoothed.changes) if self._smooth else None
        self._show_counts(plain, smoothed)
        number, said = len(looked.smoothed.changes), sum(looked.smoothed.before.values())
        does = "changes" if self._smooth else "would change"
        self.changes.setText(f"Smoothing {does} {number:,} of {said:,} suggestions.")
        self.see.setEnabled(number > 0)

    def _show_counts(self, plain: Counts, smoothed: Counts | None) -> None:
        counts = smoothed or plain
        unreadable = f"{counts.unreadable:,} cannot be read" if counts.unreadable else ""
        animals = sum(kind_of(name) == "animal" for name in counts.species)
        boxes = ", ".join(f"{number:,} {PLURALS[kind]}" for kind, number in counts.boxes.items())
        self.figures.show_figures(
            [
                Figure(f"{counts.images:,}", "pictures", unreadable),
                Figure(f"{counts.found:,}", "with something", f"{counts.empty:,} empty"),
                Figure(f"{sum(counts.boxes.values()):,}", "boxes", boxes),
                Figure(f"{animals:,}", "species"),
            ]
        )
        names = list(dict.fromkeys([*counts.species, *plain.species]))
        if smoothed is None:
            self.table.fill(("Species", "pictures"), [(name, plain.species[name]) for name in names])
        else:
            rows = [(name, plain.species.get(name, 0), smoothed.species.get(name, 0)) for name in names]
            self.table.fill(("Species", "as suggested", "smoothed"), rows)

    def _say_failed(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self._say(f"It could not be counted: {error}", "error")

    def _say(self, words: str, role: str = "muted") -> None:
        self.state.setProperty("role", role)
        self.state.style().polish(self.state)
        self.state.setText(words)
        self.state.setVisible(bool(words))
