"""Which classifier is asked: one of the project's own trainings, or one from elsewhere in the folder of a bundle."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, runs
from camtrap_gui.ui.widgets import ask, run_choice

CHOOSE = "choose"


class ClassifierChoice(QComboBox):
    """Lists the runs, the newest first, and the bundles that were taken. ``classes`` are those of the one chosen.

    Emits ``chosen`` when another one is, and ``refused`` with a sentence about a folder that holds none.
    """

    chosen = Signal()
    refused = Signal(str)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self.classes: tuple[str, ...] = ()
        self.setAccessibleName("Classifier")
        self.setToolTip("<p>A training run of this project, or the bundle folder of another one.</p>")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(self._take)

    def folder(self) -> Path | None:
        """Where the one chosen is; None while there is none."""
        found = self.currentData()
        return found if isinstance(found, Path) else None

    def refresh(self) -> None:
        """List the runs there are now; a newer one than before is chosen."""
        others = [(folder, words) for folder, words in self._listed() if not self._is_own(folder)]
        before, chosen = self.itemData(0), self.currentData()
        trained = [(run.folder, words) for run, words in run_choice.listed(runs.all_of(self._project))]
        self.clear()
        for folder, words in [*trained, *others]:
            self.addItem(words, folder)
        if not self.count():
            self.addItem("No classifier yet", None)
        self.addItem("Choose a bundle folder…", CHOOSE)
        newer = self.itemData(0) != before
        self.setCurrentIndex(0 if newer else max(0, self.findData(chosen)))
        self._read()

    def use_bundle(self, folder: Path) -> None:
        """Take the classifier in a folder that the export step wrote."""
        try:
            _classes_in(folder)
        except Problem as problem:
            self.refused.emit(str(problem))
            return
        if self.itemData(0) is None:
            self.removeItem(0)
        self.insertItem(self.count() - 1, folder.name, folder)
        self.setCurrentIndex(self.count() - 2)
        self._read()
        self.chosen.emit()

    def _listed(self) -> list[tuple[Path, str]]:
        found = ((self.itemData(place), self.itemText(place)) for place in range(self.count()))
        return [(data, words) for data, words in found if isinstance(data, Path)]

    def _is_own(self, folder: Path) -> bool:
        return folder.is_relative_to(self._project.folder)

    def _read(self) -> None:
        self._shown = self.currentIndex()
        folder, self.classes = self.folder(), ()
        if folder is not None:
            try:
                self.classes = _classes_in(folder)
            except Problem as problem:
                self.refused.emit(str(problem))

    def _take(self, place: int) -> None:
        if self.itemData(place) == CHOOSE:
            self.setCurrentIndex(self._shown)
            ask.for_folder(self, "Choose the folder of a classifier", Path.home(), self.use_bundle)
        else:
            self._read()
            self.chosen.emit()


def _classes_in(folder: Path) -> tuple[str, ...]:
    from camtrap_gui.models.classifiers import bundle
    from camtrap_gui.models.prediction import bundle_in

    return bundle.classes_in(bundle_in(folder))
