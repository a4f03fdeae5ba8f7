"""The end of a quick training: the species layer learns from the validation crops as well.

They have told how good it is by then, and nothing else needs them. How many epochs it learns is fixed. What its confidence
is worth is asked of heads that learn in the same way from all cameras but a fifth, about that fifth: four to five times
as many answers on cameras not met as the validation crops give (``out_of_fold``), so that even a small survey can leave
species to its classifier.

Of animals at cameras that neither had met, the layer that the validation crops have chosen and this one told 80.4 and 84.8 % on
a demo survey of 20 cameras, 93.8 and 94.9 % on one of 60 (``benchmarks/confidence.py``, which measures the confidence, too).
On ten monkeys with 60 to 2 training pictures macro-F1 was 0.91 and 0.97 (``benchmarks/recipes.py``). Choosing the epoch by
macro-F1 alone, without regard to the loss, made that of the chosen layer worse by 0.011 and 0.004 on these surveys, and better by
0.016 on these monkeys.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.files import replacing
from camtrap_gui.jobs import Progress
from camtrap_gui.models.classifiers import bundle, heads, out_of_fold
from camtrap_gui.models.classifiers.features import FeatureStore
from camtrap_gui.models.classifiers.heads import Features, Head
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.models.training import Training
from camtrap_gui.project import runs, training_data
from camtrap_gui.project.training_data import Selection

PHASE = "Learning from all crops"
EPOCHS = 20
"""30 and 60 are not better (``benchmarks/recipes.py``); after 10 the confidence is worse (``benchmarks/confidence.py``)."""

UNSEEN = "out_of_fold.npz"
MOST = 20_000
"""With more crops than these the validation crops tell enough, and a minute more would be felt."""


@dataclass(frozen=True)
class Learnt:
    """A head that has learnt from all crops, and what heads that had not met their cameras say of them, float32 [N, C]."""

    head: Head
    unseen: NDArray[np.float32]


def learn(
    crops: Features,
    cameras: NDArray[np.int64],
    classes: int,
    recipe: Recipe,
    seed: int,
    say: Callable[[int, int], None] = lambda done, total: None,
) -> Learnt:
    """Learn from crops of at least two ``cameras``, int64 [N]. ``say(done, total)`` may raise."""
    short, folds = brief(recipe), out_of_fold.FOLDS
    epochs = short.head.epochs

    def of_folds(done: int, total: int) -> None:
        say(done, total // folds * (folds + 1))

    unseen = out_of_fold.logits(crops, cameras, classes, short, seed, of_folds)
    head = out_of_fold.learn(
        crops, classes, short, seed, lambda state: say(folds * epochs + state.epoch - 1, (folds + 1) * epochs)
    )
    say((folds + 1) * epochs, (folds + 1) * epochs)
    return Learnt(head, unseen)


def brief(recipe: Recipe) -> Recipe:
    """The recipe that all crops are learnt by."""
    epochs = min(recipe.head.epochs, EPOCHS)
    return replace(recipe, head=replace(recipe.head, epochs=epochs, patience=epochs))


def learn_from_all(training: Training, store: FeatureStore, rows: NDArray[np.int64]) -> None:
    """Put a layer that has learnt from training and validation crops in the place of that which was judged.

    ``rows`` of ``store`` are of the training crops, then of the validation crops. What unseen cameras'
    crops are taken for is kept in ``runs/<id>/out_of_fold.npz``, as ``validation.npz`` is. Nothing is done with fewer cameras
    than folds, and with more than ``MOST`` crops.
    """
    parts = (training.train, training.validation)
    ids, first = np.unique(np.concatenate([part.ids for part in parts]), return_index=True)
    crops = Selection(ids, np.concatenate([part.labels for part in parts])[first])
    _, cameras = np.unique(training_data.locations(training.project, ids.tolist()), return_inverse=True)
    if len(ids) > MOST or len(np.unique(cameras)) < out_of_fold.FOLDS:
        return
    learnt = learn(
        Features(store.vectors(), rows[first], crops.labels, training.confidences(crops)),
        cameras,
        len(training.classes),
        training.recipe,
        training.seed,
        lambda done, total: training.report(Progress(done, total, "", PHASE)),
    )
    with replacing(training.run.folder / UNSEEN) as beside:
        np.savez(beside, ids=ids, labels=crops.labels, logits=learnt.unseen)
    classifier = heads.classifier(
        training.backbone, learnt.head, training.classes, training.padding, training.about
    )
    bundle.save(training.run.model, classifier)
    runs.add_figures(training.project, training.run.id, {"learnt_from_validation": True})
