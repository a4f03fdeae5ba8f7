"""The models there are, with what they are for, and buttons that install, remove and add them."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.models import change, store
from camtrap_gui.models.catalogue import (
    BY_PACKAGE,
    DEFAULT_BACKBONE,
    DEFAULT_DETECTOR,
    Entry,
    ExportOffer,
    Offer,
)
from camtrap_gui.problem import Problem
from camtrap_gui.steps import MODELS
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.detector_dialog import DetectorDialog
from camtrap_gui.ui.widgets.number_table import CELLS
from camtrap_gui.ui.worker import Job, JobQueue

DETECTORS = "Detectors (*.onnx *.pb *.zip *.pt);;All files (*)"
WEIGHTS = "Weights (*.h5 *.npz *.pth *.tar.gz);;All files (*)"
ADD_DETECTOR = (
    "Add a file…",
    "A detector of yours: an ONNX file, a TensorFlow graph (.pb) or SavedModel (its saved_model.pb, or a zip archive), or a "
    "published MegaDetector (.pt). It is copied.",
)
ADD_WEIGHTS = (
    "Weights from a file…",
    "The weights of this backbone, if you have them already: a file of Keras (.h5), of this program on another computer "
    "(weights.npz), or as they are published. They are copied.",
)
PURPOSES = {"detector": "Finds animals", "backbone": "Learns species"}
COLUMNS = ("Model", "What for", "Size", "Licence", "State")
_SIZE = COLUMNS.index("Size")


class ModelList(QWidget):
    """Works in an engine of its own. Emits ``changed`` with the name of a model that came or went, and ``idle`` when no job runs."""

    changed = Signal(str)
    idle = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = JobQueue("models", self)
        self.job: Job | None = None
        self.dialog: DetectorDialog | None = None
        self._shown: Sequence[Entry | Offer] = ()
        self.table = _table()
        self.table.itemSelectionChanged.connect(self._show_state)
        self.table.itemSelectionChanged.connect(self._show_way)
        self.install = QPushButton("Install")
        self.remove = QPushButton("Remove")
        self.add = QPushButton()
        self.cancel = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.words = text("", role="muted", wrap=True)
        self.words.setAccessibleName("Message")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.install.clicked.connect(self._install)
        self.remove.clicked.connect(self._remove)
        self.add.clicked.connect(self._ask_for_file)
        self.cancel.clicked.connect(self.stop)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        for button in (self.install, self.remove, self.add):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self.bar, 1)
        buttons.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.words)
        self.refresh()

    def refresh(self) -> None:
        """Ask the store again."""
        chosen = self._chosen()
        try:
            self._shown = store.known()
        except Problem as problem:
            self._say(str(problem), "error")
        self.table.setRowCount(len(self._shown))
        for row, model in enumerate(self._shown):
            for column, words in enumerate(_cells(model)):
                item = QTableWidgetItem(words)
                item.setToolTip(_about(model) if column == 0 else words)
                if column == _SIZE:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
            if chosen is not None and model.name == chosen.name:
                self.table.selectRow(row)
        self._show_state()

    def add_file(self, file: Path) -> None:
        """Look at a detector's file, and show what it is before it is copied into the store."""
        self._start(f"Looking at {file.name}", change.Options(add=file, preview=True))

    def add_weights(self, file: Path, backbone: str) -> None:
        """Copy the weights of a backbone into the store, if they fit."""
        self._start(f"Adding {file.name}", change.Options(add=file, backbone=backbone))

    def stop(self) -> None:
        """Cancel what is being done; nothing is left half-installed."""
        if self.job is not None:
            self._queue.cancel(self.job)
            self._show_state()

    def close_threads(self) -> None:
        """End the engine."""
        self._queue.close()

    def _chosen(self) -> Entry | Offer | None:
        row = self.table.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) and self.table.selectedItems() else None

    def _lacking(self) -> Offer | None:
        """The backbone that is chosen, if its weights are not here."""
        chosen = self._chosen()
        return chosen if isinstance(chosen, Offer) and chosen.role == "backbone" else None

    def _ask_for_file(self) -> None:
        lacking, home = self._lacking(), Path.home()
        if lacking is None:
            ask.for_files(self, "Add a detector", home, DETECTORS, lambda it: self.add_file(it[0]))
        else:
            title, name = f"Weights of {short(lacking)}", lacking.name
            ask.for_files(self, title, home, WEIGHTS, lambda it: self.add_weights(it[0], name))

    def _install(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._start(f"Installing {chosen.name}", change.Options(install=chosen.name))

    def _remove(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._start(f"Removing {chosen.name}", change.Options(remove=chosen.name))

    def _start(self, title: str, options: change.Options) -> None:
        if self.job is not None:
            return
        job = self.job = Job(MODELS.name, title, None, options)
        job.changed.connect(lambda: self._show_progress(job))
        job.ended.connect(lambda: self._ended(job))
        self._queue.submit(job)
        self._show_progress(job)
        self._show_state()

    def _show_progress(self, job: Job) -> None:
        if job.is_over():
            return
        done, total = job.progress.get("done", 0), job.progress.get("total")
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        counted = f": {done:,} of {total:,} MB" if total and total > 1 else "…"
        self._say("Stopping…" if job.state == "stopping" else f"{job.title}{counted}")

    def _ended(self, job: Job) -> None:
        self.job = None
        if job.options.add is not None and self._confirm(job):
            self._say("")
            self._show_state()
            self.idle.emit()
            return
        said = {
            "done": (job.message, "success"),
            "problem": (job.message, "error"),
            "cancelled": ("Stopped. Nothing was changed.", "muted"),
            "failed": ("This failed unexpectedly; the models are as they were.", "error"),
        }
        self._say(*said[job.state])
        self.refresh()
        if job.state == "done":
            self.changed.emit(job.result["names"][-1])
        self.idle.emit()

    def _confirm(self, job: Job) -> bool:
        """Go on with the dialog about the file; whether what came of the job is told there."""
        mendable = job.state == "problem" and job.options.add.suffix.lower() == ".onnx"
        if self.dialog is None and (job.state == "done" or mendable) and job.options.preview:
            self.dialog = DetectorDialog(job.options.add, self)
            self.dialog.wanted.connect(lambda options: self._start(f"Adding {options.add.name}", options))
            self.dialog.finished.connect(self._forget_dialog)
            self.dialog.open()
        if self.dialog is None:
            return False
        if job.state == "done" and job.options.preview:
            self.dialog.show_recognised(job.result["recognised"], job.message)
        elif job.state == "problem":
            self.dialog.refuse(job.message)
        else:
            self.dialog.accept()
            return False
        return True

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _show_state(self) -> None:
        chosen, free = self._chosen(), self.job is None
        self.install.setEnabled(free and isinstance(chosen, Offer) and not isinstance(chosen, ExportOffer))
        self.remove.setEnabled(free and isinstance(chosen, Entry))
        self.add.setEnabled(free)
        words, tip = ADD_DETECTOR if self._lacking() is None else ADD_WEIGHTS
        self.add.setText(words)
        self.add.setToolTip(f"<p>{tip}</p>")
        self.bar.setVisible(not free)
        self.cancel.setVisible(not free)
        self.cancel.setEnabled(self.job is not None and self.job.state != "stopping")

    def _show_way(self) -> None:
        """Tell how the chosen model is exported, as long as it is chosen."""
        chosen = self._chosen()
        if self.job is None and isinstance(chosen, ExportOffer):
            self._say(chosen.way)
        elif any(isinstance(one, ExportOffer) and one.way == self.words.text() for one in self._shown):
            self._say("")

    def _say(self, sentence: str, role: str = "muted") -> None:
        self.words.setProperty("role", role)
        self.words.style().polish(self.words)
        self.words.setText(sentence)


def short(model: Entry | Offer) -> str:
    """What to call a model where there is little room."""
    return model.title.partition(" (")[0].partition(", ")[0]


def megabytes(model: Entry | Offer) -> str:
    """The size of a model for people; empty when nobody says."""
    if not model.size:
        return ""
    return f"{model.size / 1e6:,.0f} MB" if model.size >= 1e6 else "under 1 MB"


def how_to_get(offer: Offer) -> str:
    """What choosing a model that is not installed will do, and under which licence it comes."""
    facts = ", ".join(filter(None, (megabytes(offer), f"licence {offer.licence}", offer.doubt)))
    return f"Not installed: it is downloaded when it is first used ({facts})."


def _cells(model: Entry | Offer) -> Sequence[str]:
    default = " (used by default)" if model.name in (DEFAULT_BACKBONE, DEFAULT_DETECTOR) else ""
    doubt = f" ({model.doubt})" if isinstance(model, Offer) and model.doubt else ""
    if model.kind == BY_PACKAGE:
        doubt = ", with PyTorch (up to 7 GB more)"
    state = "Installed" if isinstance(model, Entry) else f"Can be installed{doubt}"
    if isinstance(model, ExportOffer):
        state = "Has to be exported first"
    return short(model), PURPOSES[model.role], megabytes(model), model.licence, state + default


def _about(model: Entry | Offer) -> str:
    """What the list has no column for."""
    lines = [model.title, model.source]
    lines += [f"Sees {model.input_size} pixels"] if model.input_size else []
    lines += [f"SHA-256 {model.sha256}"] if isinstance(model, Entry) else []
    return "\n".join(lines)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setHorizontalHeaderLabels(COLUMNS)
    table.setAccessibleName("Models")
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setStyleSheet(CELLS)
    table.setWordWrap(False)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    size = table.horizontalHeaderItem(_SIZE)
    assert size is not None
    size.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
