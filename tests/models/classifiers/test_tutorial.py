"""The tutorial's recipe: its optimizer and loss by their formulas, its stages, and what its normalisation does."""

import numpy as np
import pytest

from camtrap_gui.models.classifiers import backbones, inception_v4, tutorial
from camtrap_gui.models.classifiers.backbones import NEVER, SPECIES_LAYER
from camtrap_gui.models.classifiers.learning import one_hot
from tests import tiny

COUNTS = np.array([40, 0, 20])


@pytest.fixture
def made(tiny_models) -> tutorial.Network:
    return tutorial.network(tiny.TINY, 32, COUNTS, seed=3)


@pytest.fixture
def with_second_head(made, monkeypatch) -> tutorial.Network:
    """The tiny network with a second head on its first convolution."""
    import keras

    branching = made.model.get_layer("norm").output
    second = keras.layers.Dense(len(COUNTS), name="AuxLogits-Aux_logits")
    logits = second(keras.layers.GlobalAveragePooling2D()(branching))
    return tutorial.Network(made.model, keras.Model(made.model.input, [made.model.output, logits]))


def batch() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.uniform(0, 255, (6, 32, 32, 3)).astype(np.float32), one_hot([0, 2, 0, 0, 2, 0], 3)


def values(variables) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def test_that_rmsprop_is_that_of_tensorflow_1():
    import keras
    import tensorflow as tf

    gradients = np.random.default_rng(0).normal(0, 2, (5, 4)).astype(np.float32)
    variable = keras.Variable(np.ones(4, np.float32))
    ours = tutorial.rmsprop(0.1, [variable])
    squares, momentum, by_formula = np.ones(4), np.zeros(4), np.ones(4)
    for gradient in gradients:
        ours.apply_gradients([(tf.constant(gradient), variable)])
        squares = 0.9 * squares + 0.1 * gradient**2
        momentum = 0.9 * momentum + 0.1 * gradient / np.sqrt(squares + 1.0)
        by_formula -= momentum
    made = variable.numpy()
    assert made == pytest.approx(by_formula, abs=1e-5)
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        theirs = v1.get_variable("v", initializer=np.ones(4, np.float32))
        fed = v1.placeholder(tf.float32, (4,))
        step = v1.train.RMSPropOptimizer(0.1, 0.9, 0.9, 1.0).apply_gradients([(fed, theirs)])
        session.run(v1.global_variables_initializer())
        for gradient in gradients:
            session.run(step, {fed: gradient})
        assert made == pytest.approx(session.run(theirs), abs=1e-5)


def test_that_stages_are_those_of_the_tutorial():
    layer, whole = tutorial.stages(50_329, 30)
    assert (layer.rate, layer.falls, layer.epochs, layer.whole) == (0.01, False, 1, False)
    assert (whole.rate, whole.falls, whole.epochs, whole.whole) == (0.0045, True, 30, True)
    assert tutorial.stages(84, 30)[0].epochs == 12  # a thousand steps


def test_that_averages_cover_a_tenth_of_an_epoch_and_are_the_originals_for_its_own_data():
    assert tutorial.momentum(1000) == pytest.approx(0.99)
    assert tutorial.momentum(20) == 0.9 and tutorial.momentum(50_329) == 0.9997


def test_that_new_layers_depend_on_the_seed_alone(made):
    again, other = (tutorial.network(tiny.TINY, 32, COUNTS, seed) for seed in (3, 4))
    kernel, bias = made.model.get_layer(SPECIES_LAYER).get_weights()
    assert (kernel == again.model.get_layer(SPECIES_LAYER).get_weights()[0]).all()
    assert (kernel != other.model.get_layer(SPECIES_LAYER).get_weights()[0]).any()
    assert bias.tolist() == [0, NEVER, 0]
    assert np.abs(kernel).max() <= (6 / (16 + 3)) ** 0.5  # Glorot
    pretrained = backbones.pretrained(tiny.TINY)
    assert (made.model.get_layer("stem").get_weights()[0] == pretrained["stem/kernel"]).all()


@pytest.mark.parametrize("as_original", [False, True])
def test_that_the_first_stage_changes_the_heads_alone_and_averages_only_as_original(made, as_original):
    stage = tutorial.stages(10, 1)[0]
    tutorial.normalise(made, stage, 10, as_original)
    learner = tutorial.SlimLearner(made, stage, 10)
    before = {w.path: w.numpy() for w in made.model.weights}
    learner.learn(*batch())
    changed = {w.path for w in made.model.weights if (w.numpy() != before[w.path]).any()}
    averages = {"norm/moving_mean", "norm/moving_variance"} if as_original else set()
    assert changed == {"species/kernel", "species/bias"} | averages


def test_that_the_first_stage_learns_from_features_as_they_will_be_used(made):
    """In the original, the frozen backbone makes other features of a crop for every batch that it is in."""
    images = batch()[0]
    made.model.get_layer("dropout").rate = 0.0
    used = made.model(images, training=False).numpy()
    tutorial.normalise(made, tutorial.stages(10, 1)[0], 10, as_original=False)
    assert made.learning(images, training=True).numpy() == pytest.approx(used, abs=1e-4)
    tutorial.normalise(made, tutorial.stages(10, 1)[0], 10, as_original=True)
    assert np.abs(made.learning(images, training=True).numpy() - used).max() > 0.01


def test_that_averages_catch_up_except_as_original(made):
    far = {}
    for as_original in (False, True):
        norm = made.model.get_layer("norm")
        norm.moving_mean.assign(np.full(8, 5.0, np.float32))
        stage = tutorial.stages(100, 1)[1]
        tutorial.normalise(made, stage, 100, as_original)
        learner = tutorial.SlimLearner(made, stage, 100)
        for _ in range(60):
            learner.learn(*batch())
        far[as_original] = float(np.abs(norm.moving_mean.numpy()).mean())
    assert far[False] < 1.5 and far[True] > 4.8


def test_that_the_loss_is_both_heads_and_the_kernels(with_second_head):
    """One step from rest moves a kernel by rate * g / sqrt(0.9 + 0.1 g² + 1), where g is the gradient by hand."""
    import tensorflow as tf

    network = with_second_head
    network.model.get_layer("dropout").rate = 0.0
    stage = tutorial.stages(10, 1)[1]
    tutorial.normalise(network, stage, 10, as_original=False)
    images, targets = batch()
    learnt = network.learning.trainable_weights
    with tf.GradientTape() as tape:
        one, two = (
            -tf.reduce_mean(tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=1))
            for logits in network.learning(images, training=True)
        )
        squares = sum(tf.reduce_sum(w.value**2) for w in learnt if w.path.endswith("kernel"))
        loss = one + 0.4 * two + 2e-5 * squares
    by_hand = [np.array(g) for g in tape.gradient(loss, [w.value for w in learnt])]
    before = values(learnt)
    said, _hits = tutorial.SlimLearner(network, stage, 10).learn(images, targets)
    assert said == pytest.approx(6 * float(one), rel=1e-4), "what is shown is the first head's"
    for old, new, g in zip(before, values(learnt), by_hand, strict=True):
        assert new == pytest.approx(old - 0.0045 * g / np.sqrt(1.9 + 0.1 * g**2), abs=1e-5)


def test_that_the_rate_falls_in_steps(made):
    stage = tutorial.stages(4, 10)[1]
    tutorial.normalise(made, stage, 4, as_original=False)
    learner = tutorial.SlimLearner(made, stage, fall=2)
    rates = []
    for _ in range(5):
        rates.append(float(learner.optimizer.learning_rate))
        learner.learn(*batch())
    assert rates == pytest.approx([0.0045, 0.0045, 0.0045 * 0.94, 0.0045 * 0.94, 0.0045 * 0.94**2])


def test_that_only_inception_v4_of_large_pictures_has_a_second_head(made):
    import keras

    assert not inception_v4.has_second_head(made.model)
    for size, has in ((3, False), (5, True)):
        inputs = keras.Input((size, size, 2))
        model = keras.Model(inputs, keras.layers.Concatenate(name="Mixed_6h")([inputs, inputs]))
        assert inception_v4.has_second_head(model) is has
