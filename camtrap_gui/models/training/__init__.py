"""A training of a project from its crops to a classifier that is kept: its phases one after the other.

``PRESETS`` says which phases a preset runs. Each phase goes on where a killed process left it, keeps its best network in
the run's folder and returns its figures; ``report`` hears of every step and may raise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.files import replacing
from camtrap_gui.jobs import Report
from camtrap_gui.models.classifiers import Classifier, backbones, bundle, environment
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.computers import ALONE, Computers
from camtrap_gui.models.classifiers.features import CropFile
from camtrap_gui.models.classifiers.finetuning import Pictures
from camtrap_gui.models.classifiers.learning import Best, Checkpoint, Epoch, KeptElsewhere
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.project import Project, runs, training_data
from camtrap_gui.project.runs import Run
from camtrap_gui.project.training_data import Selection, TrainingData

Figures = dict[str, Any]


@dataclass
class Training:
    """One run being trained: what its phases share.

    ``computers`` are those that train it; ``start_others`` is called when there is something to do for the others, with what
    was decided for the machine, where that matters.

    ``train`` and ``validation`` are the crops that can be used, ``unusable`` counts the others; the first phase finds
    out which they are.
    """

    project: Project
    run: Run
    recipe: Recipe
    seed: int
    data: TrainingData
    report: Report
    computers: Computers = ALONE
    start_others: Callable[["Training", Mapping[str, Any] | None], None] = lambda training, decided: None

    def __post_init__(self) -> None:
        self.classes, self.padding = self.data.classes, self.data.padding
        self.train, self.validation = self.data.train, self.data.validation
        self.unusable = 0
        self.backbone: Backbone = backbones.get(self.run.backbone, self.run.input_size)
        self.checkpoint = self.checkpoint_of("last")
        self.about = {
            "trained_on": {
                "run": self.run.id,
                **self.run.data,
                "preset": self.run.preset,
                "seed": self.seed,
            },
            "made_with": environment.environment(),
            "licences": environment.licences(self.backbone.name),
        }

    def checkpoint_of(self, name: str) -> Checkpoint:
        """A checkpoint of the run. Of several computers the first one keeps it."""
        kind = Checkpoint if self.computers.is_first else KeptElsewhere
        return kind(self.run.folder / "checkpoints" / f"{name}.npz")

    @property
    def figures(self) -> Figures:
        """What is known of the run's best network so far."""
        return dict(runs.get(self.project, self.run.id).figures)

    def pictures(self, selection: Selection) -> Pictures:
        """Crops of the project as files to learn from."""
        return Pictures(selection.ids, selection.labels, self.file, self.confidences(selection))

    def confidences(self, selection: Selection) -> NDArray[np.float32] | None:
        """How sure the detector was of each crop; None when the recipe does not ask for it."""
        if not self.recipe.by_confidence:
            return None
        return training_data.confidences(self.project, selection.ids)

    def file(self, crop_id: int) -> CropFile:
        """The file of a crop."""
        return CropFile(*training_data.file_of(self.project, crop_id))

    def keep(self, classifier: Classifier, best: Best) -> None:
        """Keep a network that is the best so far, and what it says of the validation crops (``runs/<id>/validation.npz``:
        crop ids, labels and logits float32 [V, C]), which ``finish`` needs when all phases are done."""
        with replacing(self.run.folder / "validation.npz") as beside:
            np.savez(beside, ids=self.validation.ids, labels=self.validation.labels, logits=best.logits)
        bundle.save(self.run.model, classifier)

    def note_rate(self, rate: float) -> None:
        """Keep the learning rate that was found with the figures of the run."""
        runs.add_figures(self.project, self.run.id, {"learning_rate": rate})

    def note(self, epoch: Epoch) -> None:
        """Make the figures of the best epoch those of the run."""
        figures = {
            "phase": epoch.phase,
            "epoch": epoch.epoch,
            "of_start": epoch.of_start,
            "macro_f1": epoch.macro_f1,
            "accuracy": epoch.val_accuracy,
            "loss": epoch.val_loss,
        }
        runs.add_figures(self.project, self.run.id, figures)


def train(training: Training) -> Figures:
    """Run the phases of the run's preset that are still to be done; returns the figures of the best network."""
    from camtrap_gui.models.training import phases, tutorial

    presets: dict[str, Callable[[Training], None]] = {
        "quick": phases.quick,
        "standard": phases.standard,
        "tutorial": tutorial.run,
    }
    presets[training.run.preset](training)
    finish(training)
    runs.set_state(training.project, training.run.id, "done", {})
    training.checkpoint.remove()
    return training.figures


def finish(training: Training) -> None:
    """What is done once with the best network, when it is found: its bundle is in ``training.run.model``, what it says of
    the validation crops in ``validation.npz``. A kill before the end repeats it."""
    from camtrap_gui.models.training import honesty

    honesty.make_honest(training)
