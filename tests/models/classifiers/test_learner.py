"""The ingredients of a recipe, each in a network of one or two layers."""

from dataclasses import replace

import numpy as np
import pytest

from camtrap_gui.models.classifiers import rate_finding, schedules
from camtrap_gui.models.classifiers.backbones import NEVER, SPECIES_LAYER
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.learning import Batch, Checkpoint, Learner, State, one_hot
from camtrap_gui.models.classifiers.recipes import HEAD, NETWORK, PRESETS, START, Recipe

LABELS = np.arange(64) % 2


def network(layers=4):
    import keras

    keras.utils.set_random_seed(3)
    x = inputs = keras.Input((6,))
    for number in range(layers):
        x = keras.layers.Dense(6, activation="tanh", name=f"layer{number}")(x)
    outputs = keras.layers.Dense(3, name=SPECIES_LAYER)(x)
    model = keras.Model(inputs, outputs)
    model.get_layer(SPECIES_LAYER).bias.assign([0.0, 0.0, NEVER])
    return model


def crops():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(64, 6)).astype(np.float32)
    inputs[:, 0] += 2 * LABELS
    return inputs


def learner(phase, recipe=None, steps=4, labels=LABELS):
    return Learner(network(), Balance(labels, 3, "logits"), recipe or Recipe(), phase, steps)


def learn(one, steps, weights=None):
    losses = [one.learn(crops(), one_hot(LABELS, 3), weights)[0] for _ in range(steps)]
    return losses


def weights_of(model):
    return [weight.numpy().copy() for weight in model.weights]


def test_that_layers_learn_from_the_last_to_the_first_and_deeper_ones_slower():
    phase = replace(NETWORK, epochs=5, depths=4, rate_per_depth=0.5, epochs_per_depth=1)
    one = learner(phase)
    first = weights_of(one.model)
    moved = []
    for _ in range(5):
        learn(one, 4)
        now = weights_of(one.model)
        moved.append([bool(np.abs(now[2 * n] - first[2 * n]).max() > 0) for n in range(5)])
    assert [row[4] for row in moved] == [True] * 5  # the species layer
    for depth, layer in enumerate((3, 2, 1, 0)):
        started = [row[layer] for row in moved].index(True)
        assert started == min(depth + 1, 4)
    rates = [group.rate for group in schedules.groups(network(), phase)]
    assert rates == pytest.approx([1e-3, 1e-4, 5e-5, 2.5e-5, 1.25e-5])


def test_that_every_weight_belongs_to_exactly_one_group():
    model = network(5)
    for depths in (1, 2, 3, 9):
        found = schedules.groups(model, replace(NETWORK, depths=depths))
        ids = [id(weight) for group in found for weight in group.weights]
        assert len(ids) == len(set(ids)) == len(model.trainable_weights)


def test_that_a_learner_of_depth_and_average_goes_on_from_its_checkpoint(tmp_path):
    phase = replace(
        NETWORK, epochs=3, depths=2, rate_per_depth=0.3, epochs_per_depth=1, ema=0.9, find_rate=True
    )
    whole, half = learner(phase), learner(phase)
    for one in (whole, half):
        one.multiply_rates(3.0)
        learn(one, 6)
    Checkpoint(tmp_path / "last.npz").save(half, State(epoch=2, step=2))
    again = learner(phase)
    assert Checkpoint(tmp_path / "last.npz").load(again) == State(epoch=2, step=2)
    for one in (whole, again):
        learn(one, 6)
    for one, two in zip(whole.variables(), again.variables(), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(two), atol=1e-6)


def test_that_the_average_is_judged_and_the_weights_of_now_learn_on():
    one = learner(replace(NETWORK, ema=0.99))
    first = weights_of(one.model)
    learn(one, 10)
    now = weights_of(one.model)
    with one.judged():
        shown = weights_of(one.model)
    for before, between, after in zip(first, shown, now, strict=True):
        assert (np.abs(between - before) <= np.abs(after - before) * 1.5 + 1e-3).all()
    assert any(np.abs(between - after).max() > 1e-4 for between, after in zip(shown, now, strict=True))
    for after, left in zip(now, weights_of(one.model), strict=True):
        np.testing.assert_array_equal(after, left)


def test_that_a_mixture_lies_between_start_and_now_also_after_going_on(tmp_path):
    one = learner(NETWORK)
    first = weights_of(one.model)
    learn(one, 4)
    Checkpoint(tmp_path / "last.npz").save(one, State(epoch=1, step=4))
    again = learner(NETWORK)
    learn(again, 1)  # elsewhere
    Checkpoint(tmp_path / "last.npz").load(again)
    now = weights_of(again.model)
    with again.judged(0.25):
        shown = weights_of(again.model)
    for before, between, after in zip(first, shown, now, strict=True):
        np.testing.assert_allclose(between, 0.25 * before + 0.75 * after, atol=1e-6)
    for after, left in zip(now, weights_of(again.model), strict=True):
        np.testing.assert_array_equal(after, left)


def test_that_label_smoothing_deals_nothing_to_a_class_without_crops():
    smooth = learner(NETWORK, Recipe(label_smoothing=0.2))
    (loss,) = learn(smooth, 1)
    assert loss / 64 < 5  # one crumb for the class that is never said would cost thousands


def test_that_label_smoothing_keeps_a_network_from_being_sure():
    answers = []
    for share in (0.0, 0.2):
        one = learner(
            replace(HEAD, epochs=40, head_rate=0.05, backbone_rate=0.05), Recipe(label_smoothing=share)
        )
        learn(one, 160)
        logits = one.model(crops()).numpy()[:, :2]
        answers.append(np.abs(logits[:, 0] - logits[:, 1]).mean())
    assert answers[1] < 0.7 * answers[0]


def test_that_a_crop_without_weight_teaches_nothing():
    sure = np.where(LABELS == 0, 2.0, 0.0).astype(np.float32)
    one = learner(replace(HEAD, head_rate=0.05))
    learn(one, 40, sure)
    assert (one.model(crops()).numpy()[:, :2].argmax(1) == 0).all()


def test_that_the_range_test_finds_a_rate_and_leaves_the_network_as_it_was():
    model = network()
    before = weights_of(model)
    balance = Balance(LABELS, 3, "logits")

    def batches(epoch, first):
        for step in range(first, 4):
            some = slice(16 * step, 16 * step + 16)
            yield Batch(crops()[some], one_hot(LABELS[some], 3))

    slow, usual = (replace(NETWORK, head_rate=rate, backbone_rate=rate) for rate in (1e-5, 1e-3))
    factors = [
        rate_finding.find_factor(model, balance, Recipe(), phase, batches) for phase in (slow, usual, usual)
    ]
    assert factors[0] > factors[1] == factors[2]
    for one, two in zip(before, weights_of(model), strict=True):
        np.testing.assert_array_equal(one, two)


def test_that_the_rate_chosen_is_a_tenth_of_where_the_loss_is_lowest():
    steps = np.arange(rate_finding.STEPS)
    valley = list(np.abs(steps - 40) / 10 + 0.5)
    lowest = np.geomspace(1e-2, 1e2, rate_finding.STEPS)[40]
    assert rate_finding.chosen(valley) == pytest.approx(lowest / 10, rel=0.2)
    assert rate_finding.chosen([1.0, 0.9]) == 1.0


def test_that_a_schedule_rises_then_falls_to_nothing_and_waits_for_its_start():
    for start in (0, 20):
        rates = [float(schedules.cosine(1.0, 100, start)(step)) for step in range(100)]
        assert not any(rates[:start])
        assert max(rates) == pytest.approx(1.0, abs=0.01) and rates.index(max(rates)) < start + 8
        assert rates[-1] < 0.01


def test_that_changes_of_a_recipe_are_of_the_phase_that_ends_the_training():
    quick, standard = PRESETS["quick"].with_rate(0.01), PRESETS["standard"].with_rate(0.01)
    assert quick.head.head_rate == 0.01 and quick.head.backbone_rate == 0
    assert standard.network and standard.network.backbone_rate == 0.01 and standard.head == START
    assert standard.network.head_rate == pytest.approx(0.1)
    assert PRESETS["standard"].unfreezing().last.depths == 4
