"""How good a classifier is on cameras it has never seen: figures, confusions, and the pictures behind them."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from camtrap_gui.project import evaluations, runs
from camtrap_gui.project.evaluations import Evaluated
from camtrap_gui.steps.compare import SPLIT
from camtrap_gui.ui import pictures
from camtrap_gui.ui.explaining import Explaining
from camtrap_gui.ui.panels.run_panel import RunPanel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer.shown import ShownPicture
from camtrap_gui.ui.widgets import run_details
from camtrap_gui.ui.widgets.automatic_view import AutomaticView
from camtrap_gui.ui.widgets.confusion_view import ConfusionView
from camtrap_gui.ui.widgets.evaluation_files import EvaluationFiles
from camtrap_gui.ui.widgets.headline import Figure, Headline
from camtrap_gui.ui.widgets.inspection_view import InspectionView
from camtrap_gui.ui.widgets.interval_bar import Ranged
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.parts_view import PartsView
from camtrap_gui.ui.widgets.pictures_page import PicturesPage
from camtrap_gui.ui.widgets.reliability_view import ReliabilityView
from camtrap_gui.ui.widgets.run_comparison import RunComparison
from camtrap_gui.ui.widgets.tabs import Tabs

MOST_PICTURES = 200
WIDE = GRID * 84
HINT = "Row: what it is. Column: what it was called. Per cent of the row. Click a cell to see its pictures."

TIPS = {
    "top-1": "The share of crops whose likeliest species is the right one. Below each figure, where it is likely to lie "
    "on other cameras (95 % interval over locations).",
    "top-k": "The share of crops whose species is among the likeliest few.",
    "macro-F1": "The mean of the species' F1, in which precision and recall weigh the same: rare species count as "
    "much as common ones.",
    "balanced": "The mean of the species' recall: the accuracy as if all species were equally common.",
}


class EvaluatePanel(RunPanel):
    """Shows the evaluation of the run and split chosen in the form, as far as there is one."""

    step = "evaluate"
    verb = "Evaluate"
    topics = frozenset({"runs", "crops", "predictions"})
    only = ("run", "split")
    options_width = GRID * 32  # two short fields, beside figures that need room
    empty_icon = "target"
    empty_text = (
        "The classifier names every crop of the test split once: animals at camera sites that it has never seen. "
        "That tells how well it will do on new cameras. This run has not been evaluated on this split yet."
    )

    def build(self) -> QWidget:
        self._shown: Evaluated | None = None
        self.form.changed.connect(self._choose)
        self.headline = Headline("Figures of the evaluation")
        self.save = EvaluationFiles()
        self.confusion = ConfusionView()
        self.confusion.opened.connect(self.open_cell)
        self.pointed = text(HINT, role="muted", wrap=True)
        self.confusion.pointed.connect(lambda words: self.pointed.setText(words or HINT))
        self.species, self.locations = NumberTable("Figures per species"), NumberTable("Figures per location")
        self.species.show_only_where_wide((3,), WIDE)
        self.locations.show_only_where_wide((4, 5), WIDE)
        self.parts = PartsView(self.session)
        self.automatic = AutomaticView(self.session)
        self.automatic.go_to.connect(self.go_to)
        hold(
            self.session.project, self.automatic.find_button, self.automatic.accept_button, self.parts.button
        )
        self.reliability, self.comparison = ReliabilityView(), RunComparison(self.session)
        for part in (self.save, self.reliability):
            part.saved.connect(lambda path: self.say(f"Saved {path}", "success"))
            part.refused.connect(lambda sentence: self.say(sentence, "error"))
        self.comparison.opened.connect(self.open_change)
        self.inspection = InspectionView(self.session)
        self.inspection.opened.connect(self.open_inspected)
        self.notes = text("", wrap=True)
        self.notes.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.tabs = Tabs()
        for page, name in (
            (self._matrix_page(), "Confusions"),
            (self.inspection, "Inspect"),
            (self.species, "Species"),
            (self.locations, "Locations"),
            (self.parts, "Checks"),
            (self._reliability_page(), "Reliability"),
            (self.automatic, "Automatic"),
            (self.comparison, "Compare"),
            (self._notes_page(), "Notes"),
        ):
            self.tabs.addTab(page, name)
        self.pictures = PicturesPage()
        self.pictures.left.connect(self.close_pictures)
        self.viewer = self.pictures.viewer
        self.explaining = Explaining(self.session, self.viewer, self._model)
        self._came_from: QWidget = self.confusion
        self.pages = QStackedWidget()
        self.pages.addWidget(self._figures_page())
        self.pages.addWidget(self.pictures)
        return self.pages

    def is_empty(self) -> bool:
        chosen = self.form.value()
        run = runs.get(self.session.project, chosen.run) if chosen.run else None
        self._shown = evaluations.of_run(run, chosen.split) if run else None
        return self._shown is None

    def refresh(self) -> None:
        assert self._shown is not None
        figures = self._shown.figures
        run = runs.get(self.session.project, self.form.value().run)
        self._show_headline(self._shown)
        self.confusion.show_matrix(*evaluations.confusion(self._shown))
        self.species.fill(
            ("Species", "crops", "locations", "predicted", "precision", "recall", "F1, 95 % interval"),
            [
                (
                    *(c.name, c.crops, c.locations, c.predicted, c.precision, c.recall),
                    Ranged(c.f1, c.f1_interval),
                )
                for c in figures.classes
                if c.crops or c.predicted
            ],
        )
        self.locations.fill(
            ("Location", "crops", "species", "top-1", f"top-{figures.k}", "precision", "recall", "F1"),
            [
                (o.name, o.crops, o.species, o.accuracy, o.top_k, o.precision, o.recall, o.f1)
                for o in figures.locations
            ],
        )
        self.inspection.show_run(
            run.id, self._shown.split, [c.name for c in figures.classes], [o.name for o in figures.locations]
        )
        self.notes.setText("\n\n".join(self._shown.notes) or "Nothing to keep in mind.")
        self.save.show_folder(self._shown.folder)
        self.parts.show_evaluation(self._shown, run)
        self.reliability.show_evaluation(self._shown)
        self.calibrated.setText(run_details.calibrated(run))
        self.automatic.show_run(run)
        self.comparison.show_run(run)
        self.tabs.setTabText(
            self.tabs.count() - 1, f"Notes ({len(self._shown.notes)})" if self._shown.notes else "Notes"
        )
        self.close_pictures()

    def _show_headline(self, shown: Evaluated) -> None:
        figures = shown.figures
        self.headline.show_figures(
            (
                Figure(f"{figures.accuracy:.1%}", "top-1", _spread(figures.interval, ".0%"), TIPS["top-1"]),
                Figure(
                    f"{figures.top_k:.1%}",
                    f"top-{figures.k}",
                    _spread(figures.top_k_interval, ".0%"),
                    TIPS["top-k"],
                ),
                Figure(
                    f"{figures.macro_f1:.3f}",
                    "macro-F1",
                    _spread(figures.macro_f1_interval, ".3f"),
                    TIPS["macro-F1"],
                ),
                Figure(
                    f"{figures.balanced_accuracy:.1%}",
                    "balanced",
                    _spread(figures.balanced_accuracy_interval, ".0%"),
                    TIPS["balanced"],
                ),
                Figure(f"{figures.crops:,}", f"{shown.split} crops", f"{len(figures.locations):,} locations"),
            )
        )

    def close_threads(self) -> None:
        self.viewer.close_threads()
        self.inspection.close_threads()
        self.reliability.chart.close_threads()

    def open_inspected(self, place: int) -> None:
        """Show the pictures of the crops that are looked through, beginning with one of them."""
        found = self.inspection.found
        title = (
            f"{self.inspection.title()} · {len(found):,} crops" if len(found) > 1 else self.inspection.title()
        )
        self._open(title, pictures.Inspected(self.session.project, found), self.inspection.grid, place)

    def open_cell(self, truth: str, prediction: str) -> None:
        """Show the crops of one cell of the confusion matrix, those that teach most first."""
        chosen = self.form.value()
        shown = pictures.of_cell(
            self.session.project, chosen.run, chosen.split, truth, prediction, MOST_PICTURES
        )
        if not shown:
            self.pointed.setText(
                "The crops were made again since this evaluation. Evaluate again to see them."
            )
            return
        words = f"{truth}, recognised" if truth == prediction else f"{truth}, called {prediction}"
        order = "least certain first" if truth == prediction else "most certain first"
        title = f"{words} · {len(shown):,} crops, {order}" if len(shown) > 1 else words
        self._open(title, shown, self.confusion)

    def open_change(self, current: str, candidate: str, change: str, title: str) -> None:
        """Show the crops that two runs name differently, those that the candidate is surest of first."""
        shown = pictures.of_change(self.session.project, current, candidate, SPLIT, change, MOST_PICTURES)
        if shown:
            self._open(f"{title} · {len(shown):,} crops", shown, self.comparison.changes[change])
        else:
            self.comparison.say("The crops or labels have changed since. Compare again to see them.")

    def _open(self, title: str, shown: Sequence[ShownPicture], came_from: QWidget, place: int = 0) -> None:
        self._came_from = came_from
        self.pages.setCurrentWidget(self.pictures)
        self.pictures.show_pictures(title, shown, place)

    def _model(self) -> Path | None:
        """Of the run that is looked at."""
        chosen = self.form.value().run
        return runs.get(self.session.project, chosen).folder if chosen else None

    def close_pictures(self) -> None:
        """Back from the pictures to where they were opened."""
        if self.pages.currentWidget() is self.pictures:
            self.pages.setCurrentIndex(0)
            self._came_from.setFocus()

    def _choose(self) -> None:
        self._stale = True
        if self.isVisible():
            self.look()

    def _figures_page(self) -> QWidget:
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.save, 0, Qt.AlignmentFlag.AlignTop)
        page = QWidget()
        layout = _column(page)
        layout.setSpacing(GRID * 2)
        layout.addLayout(head)
        layout.addWidget(self.tabs, 1)
        return page

    def _matrix_page(self) -> QWidget:
        page = QWidget()
        layout = _column(page)
        layout.addWidget(self.pointed)
        layout.addWidget(self.confusion, 1)
        return page

    def _reliability_page(self) -> QWidget:
        self.calibrated = text("", role="muted", wrap=True)
        page = QWidget()
        layout = _column(page)
        layout.addWidget(self.calibrated)
        layout.addWidget(self.reliability, 1)
        return page

    def _notes_page(self) -> QWidget:
        page = QWidget()
        _column(page).addWidget(self.notes, 1)
        return page


def _spread(interval: tuple[float, float] | None, form: str) -> str:
    return "" if interval is None else f"{interval[0]:{form}} to {interval[1]:{form}}"


def _column(page: QWidget) -> QVBoxLayout:
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, GRID, 0, 0)
    layout.setSpacing(GRID)
    return layout
