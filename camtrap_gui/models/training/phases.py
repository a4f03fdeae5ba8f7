"""The phases of the presets: crops become features, the species layer learns from them, then the whole network."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from camtrap_gui.jobs import Progress
from camtrap_gui.models.classifiers import bundle, devices, features, finetuning, heads
from camtrap_gui.models.classifiers.crop_reading import CropRecords, records_in
from camtrap_gui.models.classifiers.features import FeatureStore
from camtrap_gui.models.classifiers.input_pipeline import Supply
from camtrap_gui.models.classifiers.journal import Journal
from camtrap_gui.models.classifiers.learning import Best, Epoch, State
from camtrap_gui.models.training import Training, machine
from camtrap_gui.models.training.everything import learn_from_all
from camtrap_gui.models.training.machine import Machine
from camtrap_gui.models.training.watch import Watch
from camtrap_gui.problem import Problem
from camtrap_gui.project import crops, problems, training_data
from camtrap_gui.project.training_data import Selection

EMBEDDING = "Embedding crops"


def quick(training: Training) -> None:
    """The species layer on kept features: judged on the validation crops, then learning from these, too."""
    learn_from_all(training, *species_layer(training))


def standard(training: Training) -> None:
    """The species layer, then the whole network."""
    species_layer(training)
    fine_tune(training)


def species_layer(training: Training) -> tuple[FeatureStore, np.ndarray]:
    """Train the species layer unless that is done; returns the features and the rows of training and validation crops."""
    store = features.store_of(training.project.folder, training.backbone)
    of_train, of_validation = embed(training, store)
    if not training.checkpoint.exists():
        train_head(training, store, of_train, of_validation)
    return store, np.concatenate([of_train, of_validation])


def embed(training: Training, store: FeatureStore) -> tuple[np.ndarray, np.ndarray]:
    """Compute the features that are missing; crops that cannot be used leave the selection and become problems.

    Returns the rows of the features of the training and the validation crops.
    """
    project = training.project
    both = (training.train, training.validation)
    there = [store.rows(training_data.sha256s(project, part.ids)) >= 0 for part in both]
    missing = np.concatenate([part.ids[~some] for part, some in zip(both, there, strict=True)])
    total = sum(len(part) for part in both)
    known = total - len(missing)
    unusable = features.embed(
        features.Embedder(training.backbone),
        store,
        (training.file(int(crop_id)) for crop_id in missing),
        lambda done: training.report(Progress(known + done, total, "", EMBEDDING)),
    )
    rows = [store.rows(training_data.sha256s(project, part.ids)) for part in both]
    train, validation = (part.only(some >= 0) for part, some in zip(both, rows, strict=True))
    learn_from(training, train, validation, unusable)
    of_train, of_validation = (some[some >= 0] for some in rows)
    return of_train, of_validation


def learn_from(
    training: Training, train: Selection, validation: Selection, unusable: Mapping[Path, str]
) -> None:
    """Make the crops that can be used those of the training, and the others, with their reasons, its problems.

    Raises Problem when too few are left.
    """
    folder = crops.folder(training.project)
    problems.clear(training.project, "train")
    problems.add(
        training.project,
        "train",
        [(path.relative_to(folder).as_posix(), reason) for path, reason in unusable.items()],
    )
    training.train, training.validation, training.unusable = train, validation, len(unusable)
    if len(set(train.labels.tolist())) < 2 or not len(validation):
        reason = next(iter(unusable.values()), "no reason known")
        raise Problem(
            f"{len(unusable):,} crops cannot be used ({reason}), which leaves too few to train with. "
            "Make them again: camtrap crop."
        )


def train_head(
    training: Training, store: FeatureStore, of_train: np.ndarray, of_validation: np.ndarray
) -> None:
    """Train the species layer and keep the network with the best of it."""
    recipe = training.recipe
    watch = Watch(training.report, heads.PHASE, recipe.head.epochs, 1)
    journal = Journal(training.run.folder, heads.PHASE, 1, later=(finetuning.PHASE,))

    def on_epoch(epoch: Epoch) -> None:
        journal.add(epoch)
        watch.hear(epoch)

    vectors = store.vectors()
    confidences = training.confidences(training.train)
    train = heads.Features(vectors, of_train, training.train.labels, confidences)
    validation = heads.Features(vectors, of_validation, training.validation.labels)
    classes, seed = training.classes, training.seed
    head = heads.train_head(
        train,
        validation,
        len(classes),
        recipe,
        seed,
        watch.say,
        on_epoch,
        on_rate=lambda factor: training.note_rate(recipe.head.head_rate * factor),
    )
    journal.close()
    classifier = heads.classifier(training.backbone, head, classes, training.padding, training.about)
    training.keep(classifier, Best(head.best, head.logits(validation)))
    training.note(head.best)
    watch.end()


def fine_tune(training: Training) -> None:
    """Train the whole network on pictures; the head alone stays when nothing is better."""
    decided = machine.of_run(training)
    records = records_in(crops.records(training.project), ("train", "val"))
    training.start_others(training, asdict(decided))
    with devices.calculating(decided.precision, training.computers), records:
        _fine_tune(training, decided, records)


def _fine_tune(training: Training, decided: Machine, records: CropRecords) -> None:
    recipe = decided.applied(training.recipe)
    phase = recipe.last
    classifier = bundle.load(training.run.model)
    figures = training.figures
    start = State(best_f1=figures["macro_f1"], best_loss=figures["loss"])
    journal = Journal(training.run.folder, finetuning.PHASE, training.checkpoint.epoch())
    watch = Watch(
        training.report, finetuning.PHASE, phase.epochs, len(training.train), figures.get("macro_f1", 0.0)
    )

    def on_epoch(epoch: Epoch) -> None:
        journal.add(epoch)
        watch.hear(epoch)

    def on_best(best: Best) -> None:
        training.keep(classifier, best)
        training.note(best.epoch)

    finetuning.fine_tune(
        classifier.model,
        training.pictures(training.train),
        training.pictures(training.validation),
        recipe,
        training.seed,
        start,
        training.checkpoint,
        watch.say,
        on_epoch,
        on_best,
        Supply(classifier.prepare, classifier.input_size, records),
        on_rate=lambda factor: training.note_rate(phase.backbone_rate * factor),
        parts=decided.parts,
        on_parts=lambda parts: machine.write(training.run.folder, replace(decided, parts=parts)),
        computers=training.computers,
    )
    journal.close()
    watch.end()
