"""The preset ``tutorial``: both stages of the tutorial's recipe (``models/classifiers/tutorial.py``) on a project's crops.

Each stage has a checkpoint of its own, so a killed training goes on in the stage it had reached.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.jobs import Progress
from camtrap_gui.models import memory
from camtrap_gui.models.classifiers import Classifier, batch_size, devices, learning, tutorial
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of
from camtrap_gui.models.classifiers.input_pipeline import Supply
from camtrap_gui.models.classifiers.journal import Journal
from camtrap_gui.models.classifiers.learning import Batch, Best, Checkpoint, Course, Epoch, State, one_hot
from camtrap_gui.models.classifiers.preprocessing import INCEPTION, to_input
from camtrap_gui.models.classifiers.tutorial import Network, SlimLearner, Stage
from camtrap_gui.models.classifiers.tutorial_images import distortion
from camtrap_gui.models.training import Training
from camtrap_gui.models.training.phases import learn_from
from camtrap_gui.models.training.watch import Watch
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable
from camtrap_gui.problem import Problem
from camtrap_gui.project import crops

CHECKING = "Checking crops"
_AHEAD = 3  # batches
_WARM_UP, _TIMED = 3, 5  # steps
_WHOLE_TO_LAYER = 3.8
"""What a step of the whole network costs, in steps of the species layer alone: measured with Inception V3 at 299 pixels on
two cores (37 against 9.8 pictures a second). Only good for a forecast."""


def run(training: Training) -> None:
    """What is still to be done of both stages."""
    training.start_others(training, None)
    check(training)
    with devices.calculating(devices.FLOAT32, training.computers):
        _run(training)


def _run(training: Training) -> None:
    computers = training.computers
    counts = np.bincount(training.train.labels, minlength=len(training.classes))
    network = tutorial.network(training.backbone, training.backbone.input_size, counts, training.seed)
    check_memory(network, -(-training.recipe.batch_size // computers.count))
    steps = -(-len(training.train) // training.recipe.batch_size)
    layer, whole = tutorial.stages(steps, training.recipe.last.epochs)
    first = training.checkpoint_of("layer")
    state = State()
    if not computers.told(training.checkpoint.exists()):
        state = _Stage(training, network, layer, steps).run(first, State(), whole)
    start = State(best_f1=state.best_f1, best_loss=state.best_loss)
    _Stage(training, network, whole, steps).run(training.checkpoint, start)
    first.remove()


def check(training: Training) -> None:
    """Read every crop once; those that cannot be used leave the selection and become problems. Several computers read a part
    each."""
    both = (training.train, training.validation)
    unusable: dict[str, str] = {}
    folder, computers = crops.folder(training.project), training.computers
    total, done = sum(len(part) for part in both), 0

    def usable(crop: CropFile) -> tuple[CropFile, str]:
        try:
            picture_of(crop)
        except Unreadable as error:
            return crop, str(error)
        return crop, ""

    bad: list[list[int]] = []
    for part in both:
        own = part.ids[computers.part(len(part))].tolist()
        bad.append([])
        with closing(in_order(usable, map(training.file, own))) as checked:
            for crop_id, (crop, reason) in zip(own, checked, strict=True):
                if reason:
                    unusable[crop.path.relative_to(folder).as_posix()] = reason
                    bad[-1].append(crop_id)
                done += computers.count
                training.report(Progress(min(done, total), total, "", CHECKING))
    found = computers.heard((unusable, bad))
    train, validation = (
        part.only(~np.isin(part.ids, [crop_id for _, theirs in found for crop_id in theirs[place]]))
        for place, part in enumerate(both)
    )
    reasons = {folder / file: reason for theirs, _ in found for file, reason in theirs.items()}
    learn_from(training, train, validation, reasons)


def check_memory(network: Network, count: int) -> None:
    """Raises Problem when main memory does not suffice for steps of so many crops, which normalise each other."""
    free = memory.free()
    parts = 1 if devices.gpus() else batch_size.parts(network.learning, count, 2 * free)
    if parts > 1:
        raise Problem(
            f"Learning from {count} crops at a time takes more memory than the {free / 1e9:.0f} GB that are free. Close"
            f" other programs, or take fewer: --batch-size {max(1, count // parts)}. (They cannot be calculated in"
            " parts, as in the preset standard: in the tutorial's recipe, the crops of a step normalise each other.)"
        )


class _Stage:
    """One stage of a training. ``steps`` are those per epoch."""

    def __init__(self, training: Training, network: Network, stage: Stage, steps: int) -> None:
        self._training, self._network, self._stage, self._steps = training, network, stage, steps
        self._size = network.model.input_shape[1]
        self._batch = training.recipe.batch_size
        self._distorted = distortion(self._size)
        self._supply = Supply(partial(to_input, size=self._size, way=INCEPTION), self._size)
        self._said: Any = None

    def run(self, checkpoint: Checkpoint, start: State, next_stage: Stage | None = None) -> State:
        """Go on from the checkpoint if there is one, else from ``start``; returns how it ended."""
        training, stage = self._training, self._stage
        tutorial.normalise(self._network, stage, self._steps, training.recipe.as_original)
        learner = SlimLearner(self._network, stage, len(training.train) // self._batch)
        state, _ = learning.begin(learner, checkpoint, start, training.computers)
        later = (next_stage.phase,) if next_stage else ()
        journal = Journal(training.run.folder, stage.phase, state.epoch, later=later)
        best = training.figures.get("macro_f1", 0.0)
        watch = Watch(training.report, stage.phase, stage.epochs, len(training.train), best)
        forecast = Forecast(stage.epochs * self._steps, next_stage.epochs * self._steps if next_stage else 0)

        def say(state: State) -> None:
            watch.remark = forecast.after((state.epoch - 1) * self._steps + state.step)
            watch.say(state)

        def on_epoch(epoch: Epoch) -> None:
            journal.add(epoch)
            watch.hear(epoch)

        def on_best(best: Best) -> None:
            training.keep(self._classifier(), best)
            training.note(best.epoch)

        course = Course(
            phase=stage.phase,
            epochs=stage.epochs,
            steps=self._steps,
            patience=stage.epochs,
            batches=self._batches,
            validate=self._validate,
            truth=training.validation.labels,
        )
        state = learning.fit(learner, course, state, say, on_epoch, on_best, checkpoint)
        journal.close()
        watch.end()
        return state

    def _classifier(self) -> Classifier:
        training = self._training
        return Classifier(
            self._network.model,
            tuple(training.classes),
            training.backbone.name,
            self._size,
            training.padding,
            training.about,
            preprocessing=INCEPTION,
        )

    def _batches(self, epoch: int, first_step: int) -> Iterator[Batch]:
        """The crops in a new order in each epoch, each changed as seed, epoch and its place in the order say. Of several
        computers each reads its rows."""
        import tensorflow as tf

        train, seed, computers = self._training.train, self._training.seed, self._training.computers
        order = np.random.default_rng((seed, epoch)).permutation(len(train.ids))
        batches = [
            range(first, min(first + self._batch, len(order)))
            for first in range(first_step * self._batch, len(order), self._batch)
        ]

        def changed(item: tuple[int, int, CropFile]) -> tuple[int, Any]:
            turn, place, file = item
            key = np.array([seed * 1_000_003 + epoch, turn * 10], np.int64).astype(np.int32)
            try:
                return place, self._distorted(tf.constant(np.asarray(picture_of(file))), key)
            except Unreadable:  # gone since it was checked
                return place, None

        own = [batch[computers.rows(len(batch))] for batch in batches]
        turns = (turn for batch in own for turn in batch)
        items = ((turn, int(order[turn]), self._training.file(int(train.ids[order[turn]]))) for turn in turns)
        with closing(in_order(changed, items, ahead=_AHEAD * self._batch)) as ready:
            for whole, rows in zip(batches, own, strict=True):
                yield self._batch_of(list(islice(ready, len(rows))), len(whole))

    def _batch_of(self, read: list[tuple[int, Any]], whole: int) -> Batch:
        """A batch of ``whole`` crops, or this computer's share of it. A crop that cannot be read is black and does not count:
        devices that normalise together must all have some."""
        import tensorflow as tf

        places, images = zip(*read, strict=True)
        weights = np.array([image is not None for image in images], np.float32)
        black = tf.zeros((self._size, self._size, 3))
        targets = one_hot(self._training.train.labels[list(places)], len(self._training.classes))
        inputs = tf.stack([black if image is None else image for image in images])
        if self._training.computers.count > 1:
            return Batch(inputs, targets, weights, whole)
        good = weights > 0
        return Batch(inputs[good], targets[good])

    def _validate(self) -> NDArray[np.float32]:
        training = self._training
        validation = training.pictures(training.validation)
        whole = np.zeros((len(validation.ids), len(training.classes)), np.float32)
        own = np.arange(len(validation.ids))[training.computers.part(len(validation.ids))]
        for which, images in self._supply.batches(validation, own, self._batch):
            if len(which):
                whole[which] = self._logits(images)
        return training.computers.total(whole)

    def _logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        import tensorflow as tf

        if self._said is None:
            size, model = self._size, self._network.model

            @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)], jit_compile=False)
            def said(images: Any) -> Any:
                return model(tf.cast(images, tf.float32), training=False)

            self._said = said
        logits: NDArray[np.float32] = self._said(tf.constant(images)).numpy()
        return logits


class Forecast:
    """How long a stage and the one after it will take, from the time of a few steps. Both lengths are in steps."""

    def __init__(self, length: int, following: int) -> None:
        self._length, self._following = length, following
        self._steps = 0
        self._first: tuple[int, float] | None = None

    def after(self, done: int) -> str:
        """Words for the moment when ``done`` steps of the stage are done; none before some were timed."""
        self._steps += 1
        now = time.monotonic()
        if self._steps == _WARM_UP:
            self._first = done, now
        if self._first is None or done < self._first[0] + _TIMED:
            return ""
        step = (now - self._first[1]) / (done - self._first[0])
        left = step * (self._length - done + _WHOLE_TO_LAYER * self._following)
        return (
            f"{step:.2g} s per step, {in_words(left)} left{' with the next stage' if self._following else ''}"
        )


def in_words(seconds: float) -> str:
    """A time roughly: "about 3 min", "about 14 h", "about 5 days"."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} s"
