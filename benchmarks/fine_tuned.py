"""Training the whole network on some of a project's crops, and asking it about others; for other benchmarks."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import backbones, finetuning, heads
from camtrap_gui.models.classifiers.features import CropFile
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.input_pipeline import Pictures
from camtrap_gui.models.classifiers.learning import Best, Checkpoint, State
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.pictures import read_upright
from camtrap_gui.project import Project, crops

Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Crops, by place, to learn from, to choose the epoch by and to ask about."""


def only(seen: Features, some: NDArray[np.int64]) -> Features:
    """Some of the crops, by place."""
    return Features(seen.vectors, seen.rows[some], seen.labels[some])


def trained_head(
    seen: Features, train: NDArray[np.int64], validation: NDArray[np.int64], recipe: Recipe, seed: int
) -> heads.Head:
    """The species layer of a recipe."""
    learnt, chosen_by = only(seen, train), only(seen, validation)
    classes = int(seen.labels.max()) + 1
    return heads.train_head(learnt, chosen_by, classes, recipe, seed, lambda _: None, lambda _: None)


def answers(
    project: Project, seen: Features, size: int, recipe: Recipe, places: Places, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits [N, C] of the crops to choose by and of those to ask about, said by the best network of a training.

    ``seen`` are the features of all crops of the project at ``size`` pixels, by ascending id.
    """
    train, validation, test = places
    head = trained_head(seen, train, validation, recipe, seed)
    classifier = heads.classifier(
        backbones.get(backbones.DEFAULT, size), head, crops.classes(project), 1.0, {}
    )
    model = classifier.model
    kept: list[list[NDArray[np.float32]]] = [model.get_weights()]

    def keep(best: Best) -> None:
        kept[:] = [model.get_weights()]

    rows = project.db.execute("SELECT file, sha256 FROM crops ORDER BY id")
    files = [CropFile(crops.folder(project) / row["file"], row["sha256"]) for row in rows]

    def pictures(some: NDArray[np.int64]) -> Pictures:
        return Pictures(some, seen.labels[some], files.__getitem__)

    with tempfile.TemporaryDirectory() as folder:
        finetuning.fine_tune(
            model,
            pictures(train),
            pictures(validation),
            recipe,
            seed,
            State(best_f1=head.best.macro_f1, best_loss=head.best.val_loss),
            Checkpoint(Path(folder) / "last.npz"),
            say=lambda _: None,
            on_epoch=lambda _: None,
            on_best=keep,
        )
    model.set_weights(kept[0])

    def asked(some: NDArray[np.int64]) -> NDArray[np.float32]:
        images = np.stack([classifier.prepare(read_upright(files[place].path)) for place in some])
        said: NDArray[np.float32] = np.log(np.maximum(classifier.predict_arrays(images), 1e-9))
        return said

    return asked(validation), asked(test)
