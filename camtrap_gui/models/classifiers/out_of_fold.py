"""What heads say about crops from cameras they have not seen, and so which labels are probably wrong.

The crops are dealt into folds by group (camera), a head like that of a quick training is made on all folds but one, and
asked about that one: so no head knows a label it is asked about, nor the background that gives it away.

Of doubts about labels: a crop's score is the log of how much likelier the likeliest other species is than the label,
compared with what is usual for that label, so that a species that is hard to tell is not under suspicion as a whole:
confident learning with per-class thresholds (Northcutt, Jiang & Chuang, JAIR 70, 2021), the threshold being a median
that is drawn towards that of all crops where the species has few. ``benchmarks/label_noise.py`` measures how many wrong
labels come first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import heads
from camtrap_gui.models.classifiers.backbones import NEVER
from camtrap_gui.models.classifiers.heads import Features, Head
from camtrap_gui.models.classifiers.learning import State
from camtrap_gui.models.classifiers.recipes import Recipe

FOLDS = 5
EPOCHS = 10
RECIPE = Recipe().with_last(epochs=EPOCHS)
"""Per head; 20 and 40 found no more wrong labels on the demo's survey, and cost more."""

_CAUTION = 100  # crops of a species from which its own median counts for more than that of all
_BLOCK = 4096
_LEAST = np.log(1e-7)


@dataclass(frozen=True)
class Answers:
    """For each crop, [N]: the likeliest species, its confidence, the confidence of the label, the score. ``asked`` is
    False where the label is of a species that the heads asked had not met; the rest means nothing there."""

    said: NDArray[np.int64]
    confidence: NDArray[np.float32]
    given: NDArray[np.float32]
    score: NDArray[np.float32]
    asked: NDArray[np.bool_]


def ask(
    features: Features,
    groups: NDArray[np.int64],
    classes: int,
    seed: int,
    say: Callable[[int, int], None],
) -> Answers:
    """Ask about all crops. ``groups`` [N] keeps together what no head shall see in part. ``say(done, total)`` may raise."""
    answers = _blank(len(features.labels))
    for out, head in _heads(features, groups, classes, RECIPE, seed, say):
        met = head.bias > NEVER / 2
        for first in range(0, len(out), _BLOCK):
            _answer(answers, features, out[first : first + _BLOCK], head, met)
    _calibrate(answers, features.labels, classes)
    return answers


def logits(
    features: Features,
    groups: NDArray[np.int64],
    classes: int,
    recipe: Recipe,
    seed: int,
    say: Callable[[int, int], None],
) -> NDArray[np.float32]:
    """The same heads' logits of all crops, float32 [N, C], when they learn by the ``head`` of another recipe.

    There must be two groups at least. What a head has not met is as unlikely to it as to any other (``NEVER``).
    """
    said = np.zeros((len(features.labels), classes), np.float32)
    for out, head in _heads(features, groups, classes, recipe, seed, say):
        said[out] = head.logits(features.only(out))
    return said


def learn(features: Features, classes: int, recipe: Recipe, seed: int, say: Callable[[State], None]) -> Head:
    """A head of all crops, judged by these themselves, so that none is kept from learning: keeping some aside to choose
    the epoch finds fewer wrong labels, and tells fewer crops."""
    return heads.train_head(features, features, classes, recipe, seed, say, on_epoch=lambda epoch: None)


def deal(groups: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each crop: whole groups, the largest first, each to the fold that has least."""
    sizes = np.bincount(groups)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load = np.zeros(min(folds, len(sizes)), np.int64)
    fold_of = np.zeros(len(sizes), np.int64)
    for group in order[sizes[order] > 0]:
        fold_of[group] = load.argmin()
        load[fold_of[group]] += sizes[group]
    return fold_of[groups]


def _blank(count: int) -> Answers:
    def zeros(kind: type) -> NDArray[Any]:
        return np.zeros(count, kind)

    return Answers(zeros(np.int64), zeros(np.float32), zeros(np.float32), zeros(np.float32), zeros(np.bool_))


def _heads(
    features: Features,
    groups: NDArray[np.int64],
    classes: int,
    recipe: Recipe,
    seed: int,
    say: Callable[[int, int], None],
) -> Iterator[tuple[NDArray[np.int64], Head]]:
    """For each fold the places of its crops, and a head that has learnt from the others. None of a single group."""
    folds = deal(groups, FOLDS, seed)
    count, epochs = int(folds.max(initial=-1) + 1), recipe.head.epochs
    for fold in range(count) if count > 1 else ():
        learnt = features.only(np.flatnonzero(folds != fold))
        tell = partial(_tell, say, fold * epochs, count * epochs)
        yield np.flatnonzero(folds == fold), learn(learnt, classes, recipe, seed, tell)
        say((fold + 1) * epochs, count * epochs)


def _tell(say: Callable[[int, int], None], before: int, total: int, state: State) -> None:
    say(before + state.epoch - 1, total)


def _answer(
    answers: Answers, features: Features, which: NDArray[np.int64], head: Head, met: NDArray[np.bool_]
) -> None:
    logits = features.take(which) @ head.kernel + head.bias
    logits -= logits.max(1, keepdims=True)
    log_shares = np.maximum(logits - np.log(np.exp(logits).sum(1, keepdims=True)), _LEAST)
    labels, lines = features.labels[which], np.arange(len(which))
    answers.said[which] = said = log_shares.argmax(1)
    answers.confidence[which] = np.exp(log_shares[lines, said])
    of_label = log_shares[lines, labels]
    answers.given[which] = np.exp(of_label)
    log_shares[lines, labels] = -np.inf
    answers.score[which] = log_shares.max(1) - of_label
    answers.asked[which] = met[labels]


def _calibrate(answers: Answers, labels: NDArray[np.int64], classes: int) -> None:
    if not answers.asked.any():
        return
    usual = np.median(answers.score[answers.asked])
    for label in range(classes):
        own = answers.asked & (labels == label)
        if count := int(own.sum()):
            answers.score[own] -= (np.median(answers.score[own]) - usual) * count / (count + _CAUTION)
