"""Training a classifier and watching it learn: live curves, the best so far, and every run to compare."""

import functools
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from camtrap_gui.models import store
from camtrap_gui.models.catalogue import DEFAULT_BACKBONE, Entry
from camtrap_gui.models.training_options import BACKBONES, unheeded
from camtrap_gui.project import epochs, runs
from camtrap_gui.project.runs import Run
from camtrap_gui.ui import training_words
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.preview_dialog import offer_shards
from camtrap_gui.ui.session import step_of
from camtrap_gui.ui.theme import GRID, icon, text
from camtrap_gui.ui.widgets import embed_dialog, run_choice, run_details
from camtrap_gui.ui.widgets.live_curves import LiveCurves
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.model_list import how_to_get, megabytes, short
from camtrap_gui.ui.widgets.run_history import RunHistory, state_of
from camtrap_gui.ui.worker import Job

LIVE_MS = 500


class TrainPanel(Panel):
    """The curves are of the one or two runs selected in the table below; a run that begins is selected."""

    step = "train"
    verb = "Train"
    topics = frozenset({"runs"})
    only = (
        *("preset", "backbone"),
        *("input_size", "augmentation"),
        *("balance", "by_confidence", "label_smoothing"),
        *("epochs", "learning_rate", "find_rate", "unfreeze", "ema", "as_original"),
        *("batch_size", "precision"),
        *("seed", "fresh", "candidate"),
    )
    empty_icon = "school-outline"
    empty_text = (
        "A network learns to tell your species apart from the training crops, and is judged on the validation crops "
        "while it learns. Begin with Quick: it takes minutes on a laptop. Nothing has been trained yet."
    )

    def build(self) -> QWidget:
        self.headline = text("", "heading", bold=True)
        self.about = text("", role="muted", wrap=True)
        self.stop = _button(
            "Stop and keep the best", "The best network so far stays; the run can be continued."
        )
        self.stop.clicked.connect(self._stop)
        self.go_on = _button("Continue", "Go on with this unfinished run, with the options it had.")
        self.go_on.clicked.connect(self._continue)
        self.evaluate = _button("Evaluate", "Measure a classifier on cameras it has never seen.")
        self.evaluate.clicked.connect(lambda: self.go_to.emit("evaluate"))
        self.use = _button(
            "Use this model",
            "Evaluation, export, prediction and review take this one until another is chosen.",
        )
        self.use.clicked.connect(self._use)
        hold(self.session.project, self.go_on, self.use)
        self.curves = LiveCurves()
        self.history = RunHistory()
        self._in_use = ""
        self.history.itemSelectionChanged.connect(self._show_chosen)
        self._looking = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._looking.timeout.connect(self._look_at_job)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline, 1)
        for button in (self.use, self.evaluate, self.go_on, self.stop):
            head.addWidget(button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.about)
        layout.addWidget(self._parts(), 1)
        return page

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        found = [model for model in store.known() if model.role == "backbone"]
        found.sort(key=lambda model: (not isinstance(model, Entry), model.name != DEFAULT_BACKBONE))
        backbones = [
            (model.name, " · ".join(filter(None, (short(model), megabytes(model))))) for model in found
        ]
        return {"backbone": backbones, **training_words.CHOICES}

    def _options_card(self) -> QWidget:
        side = super()._options_card()
        self.more_button = QPushButton("More models…")
        self.more_button.setToolTip(
            "<p>What backbones there are, their licences, and which are installed.</p>"
        )
        self.more_button.clicked.connect(self.ask_for_models)
        self.card.insertWidget(self.card.indexOf(self.form) + 1, self.more_button)
        box = self.form.input("backbone")
        assert isinstance(box, QComboBox)
        self._backbone = box
        self.form.give_a_line("backbone")
        box.setCurrentIndex(0)  # an installed one
        self._preset, self._before = "", box.currentData()
        self.needs = text("", role="muted", wrap=True)
        self.needs.setAccessibleName("What this training needs")
        self.card.insertWidget(self.card.indexOf(self.start_button), self.needs)
        self.cluster_button = QPushButton(f"{embed_dialog.TITLE}…")
        self.cluster_button.setProperty("link", True)
        self.cluster_button.setToolTip(f"<p>{embed_dialog.ABOUT}</p>")
        self.cluster_button.clicked.connect(self.ask_for_cluster)
        hold(self.session.project, self.cluster_button)
        place = self.card.indexOf(self.start_button) + 1
        self.card.insertWidget(place, self.cluster_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.form.changed.connect(self._mark_downloads)
        self.form.changed.connect(self._follow_preset)
        self._follow_preset()
        return side

    def look(self) -> None:
        super().look()
        self._mark_downloads()

    def ask_for_cluster(self) -> None:
        """Show how a cluster can look at the crops before this training, or how far it is with that."""
        given = {"backbone": self._backbone.currentData(), "input_size": self.form.value_of("input_size")}
        flags = ["--input-size", str(given["input_size"])] if given["input_size"] else []
        words = ("embed", "--backbone", str(given["backbone"]), *flags)
        make = functools.partial(step_of("embed").module().Options, **given)
        network = self._backbone.currentText().partition(" · ")[0]
        dialog = embed_dialog.EmbedDialog(self.session, network, make, lambda: words, self)
        dialog.merge_wanted.connect(lambda: offer_shards(self, ()))
        dialog.open()

    def _follow_preset(self) -> None:
        """Have the backbone that belongs to the preset, and only the options that it heeds."""
        preset = self.form.value_of("preset")
        if preset != self._preset:
            own, before = BACKBONES.get(preset, ""), BACKBONES.get(self._preset, "")
            self._preset = preset
            if own:
                self._before = self._backbone.currentData()
                self.form.set_value("backbone", own)
            elif before and before == self._backbone.currentData():
                self.form.set_value("backbone", self._before)
            self.form.hide_fields(*unheeded(preset))
            self.cluster_button.setVisible(preset != "tutorial")
        chosen = self._backbone.currentData()
        model = next((one for one in store.known() if one.name == chosen), None)
        weights = "" if model is None or isinstance(model, Entry) else how_to_get(model)
        self.needs.setText("\n\n".join(filter(None, (training_words.NEEDS[preset], weights))))

    def _mark_downloads(self) -> None:
        offers = {model.name: model for model in store.known() if not isinstance(model, Entry)}
        for place in range(self._backbone.count()):
            offer = offers.get(self._backbone.itemData(place))
            self._backbone.setItemIcon(place, QIcon() if offer is None else icon("download-outline"))
            tip = "" if offer is None else f"<p>{how_to_get(offer)}</p>"
            self._backbone.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)

    def is_empty(self) -> bool:
        return self.session.running(self.step) is None and not runs.all_of(self.session.project)

    def watch(self, job: Job) -> None:
        super().watch(job)
        if not job.options.run:
            self.history.clearSelection()
        self.show_result()
        self.refresh()

    def progressed(self, job: Job) -> None:
        if not self._looking.isActive():
            self._looking.start()

    def refresh(self) -> None:
        found = runs.all_of(self.session.project)
        self._in_use = runs.current(self.session.project).id if any(run.has_model for run in found) else ""
        self.history.show_runs(found, self._in_training(), self._in_use)

    def _in_training(self) -> str:
        """The run that the job of this window works on; '' without one, or before it has begun its run."""
        job = self.session.running(self.step)
        if job is None:
            return ""
        newest = next(iter(runs.all_of(self.session.project)), None)
        asked: str = job.options.run
        return asked or (newest.id if newest is not None and newest.state == "running" else "")

    def _look_at_job(self) -> None:
        if self.isVisible() and self.session.running(self.step):
            self.refresh()

    def _stop(self) -> None:
        if (job := self.session.running(self.step)) is not None:
            self.session.cancel(job)

    def _continue(self) -> None:
        run = self.history.chosen_runs()[0]
        self.watch(self.session.start(self.step, step_of(self.step).module().Options(run=run.id)))

    def _use(self) -> None:
        runs.promote(self.session.project, self.history.chosen_runs()[0].id)
        self.session.changed.emit({"runs"})

    def _show_chosen(self) -> None:
        chosen, job = self.history.chosen_runs(), self.session.running(self.step)
        self.stop.setVisible(job is not None)
        self.stop.setEnabled(job is not None and job.state != "stopping")
        one = chosen[0] if len(chosen) == 1 else None
        self.go_on.setVisible(job is None and one is not None and one.state != "done")
        self.evaluate.setVisible(job is None and one is not None and one.has_model)
        self.use.setVisible(job is None and one is not None and one.has_model and one.id != self._in_use)
        self.curves.show_runs(*(epochs.of_run(run) for run in chosen) if chosen else ((),))
        if len(chosen) == 2:
            self.headline.setText("Two runs")
            self.about.setText(
                f"Solid: {run_details.in_line(chosen[0])}.\nDashed: {run_details.in_line(chosen[1])}."
            )
        elif one is not None:
            self._tell(one, job)
        else:
            self.headline.setText("Getting ready" if job else "Select a run")
            self.about.setText(str(job.progress.get("note", "")) if job else "")

    def _tell(self, run: Run, job: Job | None) -> None:
        self.headline.setText(run_choice.words(run))
        state, best = state_of(run, self._in_training()), epochs.best(epochs.of_run(run))
        if state == "training" and job is not None:
            told = " · ".join(str(job.progress[name]) for name in ("phase", "note") if job.progress.get(name))
        else:
            told = state.capitalize()
        if best is not None:
            told += (
                f". Best so far: epoch {best.epoch} of “{best.phase}”"
                if state == "training"
                else f". Best: epoch {best.epoch} of “{best.phase}”"
            )
            told += f", macro-F1 {best.macro_f1:.3f}, accuracy {best.val_accuracy:.3f}."
        if state == "done" and run.has_model and "test_accuracy" not in run.figures:
            told += " How good it is on cameras it has never seen, Evaluate tells."
        lines = [told, *run_details.sentences(run)]
        self.about.setText("\n".join(lines))

    def _parts(self) -> QWidget:
        card = QFrame()
        card.setObjectName("card")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        inner.addWidget(self.curves)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setHandleWidth(GRID * 2)
        parts.addWidget(card)
        parts.addWidget(self.history)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        return parts


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(f"<p>{tip}</p>")
    button.hide()
    return button
