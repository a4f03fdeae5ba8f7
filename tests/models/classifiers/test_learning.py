from dataclasses import replace

import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import backbones, learning
from camtrap_gui.models.classifiers.finetuning import Pictures, fine_tune
from camtrap_gui.models.classifiers.heads import Features, train_head
from camtrap_gui.models.classifiers.learning import Checkpoint, State
from camtrap_gui.models.classifiers.recipes import HEAD, PRESETS, Recipe
from camtrap_gui.problem import Problem
from tests import tiny


def clouds(counts, seed=0, spread=1.0) -> Features:
    """Features of classes that overlap: a Gaussian cloud of 12 features each."""
    random = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(size=(len(counts), 12))
    labels = np.repeat(np.arange(len(counts)), counts)
    vectors = (middles[labels] + spread * random.normal(size=(len(labels), 12))).astype(np.float16)
    return Features(vectors, np.arange(len(labels)), labels)


def head_of(train, validation, classes, epochs=30, seed=0, on_epoch=lambda _: None):
    recipe = Recipe().with_last(epochs=epochs)
    return train_head(train, validation, classes, recipe, seed, lambda _: None, on_epoch)


def said(head, features):
    logits = features.take(np.arange(len(features.labels))) @ head.kernel + head.bias
    return np.exp(logits - logits.max(1, keepdims=True)) / np.exp(logits - logits.max(1, keepdims=True)).sum(
        1, keepdims=True
    )


def test_that_a_rare_species_is_found_as_often_as_a_common_one():
    train, new = clouds([400, 400, 8]), clouds([100, 100, 100], seed=1)
    right = said(head_of(train, clouds([40, 40, 40], seed=2), 3), new).argmax(1) == new.labels
    recalls = [right[new.labels == c].mean() for c in range(3)]
    assert min(recalls) > 0.75
    # The same training with the shares of the crops left in would favour the common species.
    assert abs(recalls[2] - np.mean(recalls[:2])) < 0.2


def test_that_a_class_without_crops_has_probability_zero_and_takes_none_from_others():
    train, new = clouds([60, 0, 60]), clouds([20, 0, 20], seed=1)
    probabilities = said(head_of(train, clouds([10, 0, 10], seed=2), 3), new)
    assert (probabilities[:, 1] == 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert (probabilities.argmax(1) == new.labels).mean() > 0.9


def test_that_the_same_seed_gives_the_same_head_and_another_seed_another():
    train, validation = clouds([50, 20]), clouds([10, 10], seed=3)
    one, two, other = (head_of(train, validation, 2, 4, seed) for seed in (5, 5, 6))
    np.testing.assert_allclose(one.kernel, two.kernel, atol=1e-6)
    assert np.abs(one.kernel - other.kernel).max() > 1e-4


def test_that_the_head_of_the_best_epoch_is_kept_and_training_ends_when_nothing_gets_better():
    train, validation = clouds([30, 30], spread=2.0), clouds([40, 40], seed=3, spread=2.0)
    epochs = []
    head = head_of(train, validation, 2, 200, on_epoch=epochs.append)
    best = [epoch for epoch in epochs if epoch.is_best][-1]
    assert head.best == best
    top = max(epoch.macro_f1 for epoch in epochs)
    alike = [epoch for epoch in epochs if top - epoch.macro_f1 < np.sqrt(top * (1 - top) / 80)]
    assert best.val_loss == min(epoch.val_loss for epoch in alike)
    assert len(epochs) == best.epoch + HEAD.patience < 200
    right = said(head, validation).argmax(1) == validation.labels
    assert right.mean() == pytest.approx(best.val_accuracy)


def test_that_equal_macro_f1_is_decided_by_loss():
    state = State(best_f1=0.5, best_loss=1.0)
    assert state.is_better(0.5, 0.9) and state.is_better(0.6, 2.0)
    assert not state.is_better(0.5, 1.0) and not state.is_better(0.4, 0.1)


def test_that_the_loss_decides_between_epochs_that_macro_f1_cannot_tell_apart():
    state = State(best_f1=0.5, best_loss=1.0, top_f1=0.52)
    assert state.is_better(0.49, 0.9, margin=0.05) and not state.is_better(0.51, 1.1, margin=0.05)
    assert not state.is_better(0.46, 0.1, margin=0.05), "too far below the highest"
    assert state.is_better(0.6, 2.0, margin=0.05), "the best is now too far below"


def test_that_cross_entropy_is_the_mean_of_minus_log_probability():
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32)) + 7
    assert learning.cross_entropy(logits, np.array([1, 1])) == pytest.approx(
        -(np.log(0.25) + np.log(0.8)) / 2, abs=1e-6
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> tuple[Pictures, Pictures]:
    from camtrap_gui import files
    from camtrap_gui.models.classifiers.features import CropFile

    folder = tmp_path_factory.mktemp("crops")
    crops = {}
    for number in range(60):
        colour = list(tiny.COLOURS.values())[number % 3]
        tiny._disc(number, colour, 32).save(folder / f"{number}.png")
        crops[number] = CropFile(folder / f"{number}.png", files.sha256_of(folder / f"{number}.png"))
    parts = np.arange(45), np.arange(45, 60)
    one, two = (Pictures(ids, ids % 3, crops.__getitem__) for ids in parts)
    return one, two


def tuned(pictures, path, say=lambda _: None, epochs=3, on_best=lambda _: None, network=None):
    """Fine-tune the tiny network from a fixed start; returns its weights and the figures of its epochs."""
    model = backbones.network(tiny.TINY, 3, 32)
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.2, weight.shape) + (1.0 if "variance" in weight.path else 0.0))
    seen = []
    train, validation = pictures
    fine_tune(
        model,
        train,
        validation,
        replace(PRESETS["standard"], batch_size=8).with_last(epochs=epochs, **(network or {})),
        0,
        State(),
        Checkpoint(path),
        say,
        seen.append,
        on_best,
    )
    return backbones.arrays_of(model), seen


def test_that_a_stopped_training_goes_on_as_if_it_had_not_been(pictures, tmp_path):
    whole, epochs = tuned(pictures, tmp_path / "whole.npz")
    steps = 0

    def stop(_: State) -> None:
        nonlocal steps
        steps += 1
        if steps == 9:  # in the middle of the second epoch
            raise Cancelled

    with pytest.raises(Cancelled):
        tuned(pictures, tmp_path / "stopped.npz", stop)
    assert Checkpoint(tmp_path / "stopped.npz").epoch() == 2
    resumed, later = tuned(pictures, tmp_path / "stopped.npz")
    assert [epoch.epoch for epoch in later] == [2, 3]
    for path, weight in whole.items():
        np.testing.assert_allclose(resumed[path], weight, atol=1e-5, err_msg=path)
    assert later[-1].loss == pytest.approx(epochs[-1].loss, abs=1e-4)


def test_that_fine_tuning_learns_and_leaves_batch_statistics_alone(pictures, tmp_path):
    first, _ = tuned(pictures, tmp_path / "a.npz", epochs=1)
    weights, epochs = tuned(pictures, tmp_path / "b.npz", epochs=4)
    assert epochs[-1].loss < epochs[0].loss
    for name in ("norm/moving_mean", "norm/moving_variance"):
        np.testing.assert_array_equal(weights[name], first[name])
    assert np.abs(weights["stem/kernel"] - first["stem/kernel"]).max() > 1e-6


def test_that_half_of_the_start_is_kept_where_that_is_better(pictures, tmp_path):
    kept = []
    _, epochs = tuned(pictures, tmp_path / "e.npz", on_best=kept.append, network={"backbone_rate": 0.3})
    assert {best.epoch.of_start for best in kept} <= {0.0, 0.5}
    assert len(kept) > len(
        [epoch for epoch in epochs if epoch.is_best]
    )  # twice in an epoch: half of it was better
    for epoch in epochs:
        same = [best.epoch for best in kept if best.epoch.epoch == epoch.epoch]
        assert not epoch.is_best or epoch == same[-1]


def test_that_crops_that_vanish_during_training_are_passed_over(pictures, tmp_path):
    train, validation = pictures
    lost = train.file(3).path
    content = lost.read_bytes()
    lost.unlink()
    try:
        _, epochs = tuned((train, validation), tmp_path / "c.npz", epochs=1)
    finally:
        lost.write_bytes(content)
    assert epochs[0].epoch == 1


def test_that_a_damaged_checkpoint_is_a_problem(pictures, tmp_path):
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(Problem, match="--fresh"):
        tuned(pictures, tmp_path / "d.npz")
