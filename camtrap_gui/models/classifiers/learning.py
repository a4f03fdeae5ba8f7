"""Training a network in epochs that can be stopped, killed and taken up again.

The order of the crops, their augmentation and the learning rate depend on seed, epoch and step alone, and a checkpoint
holds every variable (weights, optimizers, dropout's random states) with the place in the epoch. So a run that was
interrupted goes on as if nothing had happened: on one machine the weights agree to 1e-4, the rest is the order in
which threads add up floats.
"""

import json
import math
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import metrics
from camtrap_gui.files import replacing
from camtrap_gui.models.classifiers import schedules
from camtrap_gui.models.classifiers.averaging import Average, Start
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.computers import ALONE, Computers
from camtrap_gui.models.classifiers.one_step import Step
from camtrap_gui.models.classifiers.recipes import Phase, Recipe
from camtrap_gui.problem import Problem

_CHECKPOINT_EVERY_S = 300


@dataclass(frozen=True)
class Batch:
    """What one step learns from: ``inputs`` [N, ...], ``targets`` float32 [N, C] whose rows sum to 1, and ``weights``
    float32 [N], how much each counts (all alike without).

    Where several computers learn, these are this one's of the ``whole`` batch, which has so many crops."""

    inputs: NDArray[Any]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None
    whole: int | None = None

    @property
    def count(self) -> int:
        """How many crops all computers learn from."""
        return len(self.targets) if self.whole is None else self.whole


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch. Loss and accuracy are of the augmented training crops, the others of the validation
    crops as they are; ``is_best`` when its network is the best so far: higher macro-F1, or as high with less loss.
    ``of_start`` is the share of the phase's first weights in that network (``Phase.of_start``)."""

    phase: str
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    macro_f1: float
    is_best: bool
    seconds: float
    of_start: float = 0.0


@dataclass(frozen=True)
class Best:
    """The best network so far: the figures of its epoch, and what it says of the validation crops, float32 [V, C]."""

    epoch: Epoch
    logits: NDArray[np.float32]


@dataclass
class State:
    """Where a training is: ``epoch`` (from 1) and ``step`` (from 0) come next. Sums are over the epoch's crops."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    hits: int = 0
    crops: int = 0
    seconds: float = 0.0
    best_f1: float = -1.0
    best_loss: float = math.inf
    best_epoch: int = 0
    top_f1: float = -1.0

    def is_better(self, macro_f1: float, loss: float, margin: float = 0.0) -> bool:
        """Whether these validation figures beat the best so far.

        Macro-F1 decides where it is more than ``margin`` below the highest met, and the loss among the others.
        """
        least = round(max(self.top_f1, self.best_f1, macro_f1) - margin, 6)
        if round(macro_f1, 6) < least or round(self.best_f1, 6) < least:
            return round(macro_f1, 6) >= least
        return loss < self.best_loss


class Learner:
    """A Keras model (inputs to logits) with what it takes to train it, in ``phase`` of a recipe.

    ``steps`` are the steps per epoch. ``schedule`` makes the course of a rate from its highest, the number of steps and
    the step it starts at.
    """

    def __init__(
        self,
        model: Any,
        balance: Balance,
        recipe: Recipe,
        phase: Phase,
        steps: int,
        schedule: Callable[[float, int, int], Any] = schedules.cosine,
    ) -> None:
        import tensorflow as tf
        from keras import optimizers

        self.model = model
        self._rate = tf.Variable(1.0, trainable=False)
        self._found = phase.find_rate
        self._optimizers = []
        for group in schedules.groups(model, phase):
            rate = schedule(group.rate, phase.epochs * steps, group.start * steps)
            optimizer = optimizers.Adam(schedules.times(rate, self._rate) if self._found else rate)
            optimizer.build(group.weights)  # or the first step would be traced twice
            self._optimizers.append((optimizer, group.weights))
        learning = [w for _, ws in self._optimizers for w in ws]
        self._average = Average(learning, phase.ema) if phase.ema else None
        self._start = Start(learning) if phase.of_start else None
        self.mixtures = (0.0, phase.of_start) if phase.of_start else (0.0,)
        """The shares of the start in the networks that are judged after an epoch."""
        prior, smooth = tf.constant(balance.prior()), _smoothing(balance.counts, recipe.label_smoothing)

        weights_of = [weight.value for weight in learning]

        def gradients(inputs: Any, targets: Any, weights: Any, share: Any) -> Any:
            with tf.GradientTape() as tape:
                logits = tf.cast(model(inputs, training=True), tf.float32)
                losses = weights * tf.nn.softmax_cross_entropy_with_logits(smooth(targets), logits + prior)
                loss = tf.reduce_sum(losses) * share
            right = (tf.argmax(logits, 1) == tf.argmax(targets, 1)) & (weights > 0)
            hits = tf.reduce_sum(tf.cast(right, tf.int32))
            return tape.gradient(loss, weights_of), tf.reduce_sum(losses), hits

        def apply(found: list[Any]) -> None:
            for optimizer, variables in self._optimizers:
                optimizer.apply_gradients(zip(found[: len(variables)], variables, strict=True))
                found = found[len(variables) :]

        self._step = Step(
            gradients, apply, weights_of, self._average.follow if self._average else lambda: None
        )

    def learn(
        self,
        inputs: Any,
        targets: NDArray[np.float32],
        weights: NDArray[np.float32] | None = None,
        whole: int | None = None,
    ) -> tuple[float, int]:
        """One step of the optimizers, from a batch (see ``Batch``); returns the sum of the crops' losses and how many were
        right."""
        return self._step(inputs, targets, _counting(targets, weights), of=whole)

    def learn_in_parts(self, parts: int) -> None:
        """Calculate every step in so many parts from now on, which takes less memory."""
        self._step.parts = parts

    def rehearse(self, parts: int, inputs: Any, targets: NDArray[np.float32]) -> None:
        """Calculate a step in so many parts without learning from it, to see whether memory suffices."""
        random = [v for v in self.model.non_trainable_variables if "int" in str(v.dtype)]
        before = [variable.numpy() for variable in random]
        try:
            self._step.rehearse(parts, inputs, targets, _counting(targets, None))
        finally:
            for variable, value in zip(random, before, strict=True):
                variable.assign(value)

    @contextmanager
    def judged(self, of_start: float = 0.0) -> Iterator[None]:
        """While it lasts, the model is what is judged and kept: the moving average where there is one, mixed with the
        start."""
        with ExitStack() as shown:
            if self._average:
                shown.enter_context(self._average.shown())
            if self._start and of_start:
                shown.enter_context(self._start.mixed(of_start))
            yield

    def multiply_rates(self, factor: float) -> None:
        """Learn so many times as fast from now on (``Phase.find_rate``)."""
        self._rate.assign(factor)

    def variables(self) -> list[Any]:
        """All that changes while training, in an order that stays."""
        found = [
            *self.model.variables,
            *(v for optimizer, _ in self._optimizers for v in optimizer.variables),
        ]
        if self._found:
            found.append(self._rate)
        if self._average:
            found += self._average.variables
        if self._start:
            found += self._start.variables
        return found


def _counting(targets: NDArray[np.float32], weights: NDArray[np.float32] | None) -> NDArray[np.float32]:
    return np.ones(len(targets), np.float32) if weights is None else weights


def _smoothing(counts: NDArray[np.integer], share: float) -> Callable[[Any], Any]:
    """Deals ``share`` of each label to all classes that have crops (Szegedy et al., "Rethinking the Inception
    Architecture", CVPR 2016, section 7)."""
    import tensorflow as tf

    evenly = tf.constant((counts > 0) / max(1, int((counts > 0).sum())), tf.float32)
    return lambda targets: targets * (1 - share) + evenly * share if share else targets


class Checkpoint:
    """The file from which an interrupted training goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether there is something to go on from."""
        return self._path.is_file()

    def epoch(self) -> int:
        """The epoch that comes next: 1 when there is nothing to go on from."""
        if not self.exists():
            return 1
        with self._readable() as file:
            return _state(file).epoch

    def save(self, learner: Learner, state: State) -> None:
        """Keep the whole state, in one move."""
        arrays = {f"v{n}": v.numpy() for n, v in enumerate(learner.variables())}
        words = np.frombuffer(json.dumps(asdict(state)).encode(), np.uint8)
        with replacing(self._path) as beside:
            np.savez(beside, state=words, **arrays)

    def load(self, learner: Learner) -> State:
        """Give the learner back its variables. Raises Problem for a file of another network or a damaged one."""
        variables = learner.variables()
        with self._readable() as file:
            for variable, name in zip(variables, (f"v{n}" for n in range(len(variables))), strict=True):
                variable.assign(file[name])
            return _state(file)

    def remove(self) -> None:
        """Forget it: the training has ended."""
        self._path.unlink(missing_ok=True)

    @contextmanager
    def _readable(self) -> Iterator[Any]:
        try:
            with np.load(self._path, allow_pickle=False) as file:
                yield file
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise Problem(
                f"{self._path} cannot be used to go on ({error}). Start anew: camtrap train --fresh."
            ) from error


class KeptElsewhere(Checkpoint):
    """Stands for the checkpoint on a computer that learns with others: the first of them keeps it."""

    def exists(self) -> bool:
        """Nothing is here."""
        return False

    def save(self, learner: Learner, state: State) -> None:
        """Leave it to the first."""


def begin(
    learner: Learner, checkpoint: Checkpoint, start: State, computers: Computers = ALONE
) -> tuple[State, bool]:
    """Where to begin, on all computers, and whether that is in the middle: as the checkpoint says if there is one, else at
    ``start``, as the learner is. What the first computer has holds for all."""
    goes_on = checkpoint.exists()
    state = checkpoint.load(learner) if goes_on else start
    known, goes_on = computers.told((asdict(state), goes_on))
    computers.spread(learner.variables())
    return State(**known), goes_on


def _state(file: Any) -> State:
    return State(**json.loads(bytes(file["state"])))


@dataclass(frozen=True)
class Course:
    """A training to be done: ``batches(epoch, first_step)`` yields an epoch's batches from that step on, the same every
    time; ``validate()`` returns logits float32 [V, C] of the validation crops, whose classes are ``truth``."""

    phase: str
    epochs: int
    steps: int  # per epoch
    patience: int  # epochs without a better one
    batches: Callable[[int, int], Iterable[Batch]]
    validate: Callable[[], NDArray[np.float32]]
    truth: NDArray[np.integer]
    standard_errors: float = 0.0  # see Phase

    def margin(self, macro_f1: float) -> float:
        """By how much a macro-F1 of the validation crops may be off, as if it were a share of them."""
        return self.standard_errors * math.sqrt(max(0.0, macro_f1 * (1 - macro_f1)) / max(1, len(self.truth)))


def fit(
    learner: Learner,
    course: Course,
    state: State,
    say: Callable[[State], None],
    on_epoch: Callable[[Epoch], None],
    on_best: Callable[[Best], None],
    checkpoint: Checkpoint | None = None,
) -> State:
    """Train until the last epoch, or until ``patience`` epochs brought nothing better; returns the state at the end.

    After each epoch: ``on_best`` when it is the best so far (keep the model), ``on_epoch``, then the checkpoint, so
    that a kill between them repeats the epoch with the same outcome. ``say`` hears of every step and may raise; the
    checkpoint is brought up to date before the exception leaves.
    """
    while state.epoch <= course.epochs and state.epoch - max(1, state.best_epoch) <= course.patience:
        _learn_epoch(learner, course, state, say, checkpoint)
        on_epoch(_judge_epoch(learner, course, state, on_best))
        state.epoch += 1
        state.step = state.hits = state.crops = 0
        state.loss_sum = state.seconds = 0.0
        if checkpoint:
            checkpoint.save(learner, state)
    return state


def _learn_epoch(
    learner: Learner,
    course: Course,
    state: State,
    say: Callable[[State], None],
    checkpoint: Checkpoint | None,
) -> None:
    saved = began = time.monotonic()
    before = state.seconds
    for batch in course.batches(state.epoch, state.step):
        if batch.count:
            loss, hits = learner.learn(batch.inputs, batch.targets, batch.weights, batch.whole)
            state.loss_sum += loss
            state.hits += hits
            state.crops += batch.count
        state.step += 1
        now = time.monotonic()
        state.seconds = before + now - began
        try:
            say(state)
        except BaseException:
            if checkpoint:
                checkpoint.save(learner, state)
            raise
        if checkpoint and now - saved > _CHECKPOINT_EVERY_S:
            checkpoint.save(learner, state)
            saved = now


def _judge_epoch(learner: Learner, course: Course, state: State, on_best: Callable[[Best], None]) -> Epoch:
    """The figures of the epoch's network, or of the last of its mixtures that was the best so far."""
    found: list[Epoch] = []
    for of_start in learner.mixtures:
        with learner.judged(of_start):
            logits = course.validate()
            epoch = _judge(course, state, logits, of_start)
            if epoch.is_best:
                state.best_f1, state.best_loss, state.best_epoch = epoch.macro_f1, epoch.val_loss, epoch.epoch
                on_best(Best(epoch, logits))
        state.top_f1 = max(state.top_f1, epoch.macro_f1)
        found.append(epoch)
    return next((epoch for epoch in reversed(found) if epoch.is_best), found[0])


def _judge(course: Course, state: State, logits: NDArray[np.float32], of_start: float) -> Epoch:
    confusion = metrics.confusion_matrix(course.truth, logits.argmax(1), logits.shape[1])
    macro_f1, loss = metrics.macro_f1(confusion), cross_entropy(logits, course.truth)
    return Epoch(
        phase=course.phase,
        epoch=state.epoch,
        loss=state.loss_sum / max(1, state.crops),
        accuracy=state.hits / max(1, state.crops),
        val_loss=loss,
        val_accuracy=float((logits.argmax(1) == course.truth).mean()),
        macro_f1=macro_f1,
        is_best=state.is_better(macro_f1, loss, course.margin(max(macro_f1, state.top_f1, state.best_f1))),
        seconds=state.seconds,
        of_start=of_start,
    )


def cross_entropy(logits: NDArray[np.float32], truth: NDArray[np.integer]) -> float:
    """The mean of -log(probability of the true class); a probability of 0 counts as 1e-7."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    of_truth = log_probability[np.arange(len(truth)), truth]
    return float(-np.maximum(of_truth, math.log(1e-7)).mean())


def one_hot(labels: Sequence[int] | NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """Labels as rows with a single 1, float32 [N, classes]."""
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows
