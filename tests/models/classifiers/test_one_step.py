"""A step of learning has one outcome, in how many parts and on how many devices it may be calculated.

``python tests/models/classifiers/test_one_step.py FILE`` learns a few steps on two devices.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from camtrap_gui.models.classifiers import backbones, batch_size, tutorial  # noqa: E402
from camtrap_gui.models.classifiers.one_step import Step  # noqa: E402
from camtrap_gui.problem import Problem  # noqa: E402
from tests import tiny  # noqa: E402


def learn(parts: int = 1, sizes: tuple[int, ...] = (8, 8, 5)) -> tuple[dict[str, np.ndarray], list]:
    """Three steps of a tiny network from a fixed start; its weights and what each step said."""
    import keras
    import tensorflow as tf

    random = np.random.default_rng(0)
    model = backbones.network(tiny.TINY, 3, 32, dropout=0.0)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.2, weight.shape) + (1.0 if "variance" in weight.path else 0.0))
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)
    counter = tf.Variable(0)

    def gradients(inputs, targets, share):
        with tf.GradientTape() as tape:
            logits = model(inputs, training=False)
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_sum(losses) * share
        hits = tf.reduce_sum(tf.cast(tf.argmax(logits, 1) == tf.argmax(targets, 1), tf.int32))
        return tape.gradient(loss, [w.value for w in variables]), tf.reduce_sum(losses), hits

    variables = model.trainable_variables
    step = Step(
        gradients,
        lambda found: optimizer.apply_gradients(zip(found, variables, strict=True)),
        variables,
        lambda: counter.assign_add(1),
    )
    step.parts = parts
    said = []
    for size in sizes:
        images = random.uniform(0, 255, (size, 32, 32, 3)).astype(np.float32)
        batch = images, np.eye(3, dtype=np.float32)[random.integers(0, 3, size)]
        step.rehearse(2, *batch)
        said.append(step(*batch))
    assert int(counter.numpy()) == len(sizes)
    return backbones.arrays_of(model), said


def test_that_parts_make_no_difference():
    whole, said = learn()
    for parts in (3, 8):
        found, also = learn(parts)
        np.testing.assert_allclose(also, said, rtol=1e-5)
        for path, weight in whole.items():
            np.testing.assert_allclose(found[path], weight, atol=2e-5, err_msg=path)


def test_that_two_devices_learn_what_one_learns(tmp_path):
    file = tmp_path / "two.npz"
    subprocess.run([sys.executable, __file__, str(file)], check=True, cwd=ROOT)
    weights, said = learn(sizes=(8, 5, 1))
    with np.load(file) as two:
        np.testing.assert_allclose(two["said"], np.array(said), rtol=1e-5)
        for path, weight in weights.items():
            np.testing.assert_allclose(two[path.replace("/", "-")], weight, atol=2e-5, err_msg=path)
        weights, said = learn_as_the_tutorial_does()
        np.testing.assert_allclose(two["slim"], np.array(said), rtol=1e-4)
        for path, weight in weights.items():
            np.testing.assert_allclose(two[f"slim-{path.replace('/', '-')}"], weight, atol=1e-4, err_msg=path)


def learn_as_the_tutorial_does(sizes: tuple[int, ...] = (8, 5, 1)) -> tuple[dict[str, np.ndarray], list]:
    """Three steps of both heads and of normalisation by batches, from a fixed start."""
    import keras
    from keras import layers

    random = np.random.default_rng(0)
    images = keras.Input((8, 8, 3))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv", activation="relu")(images))
    second = layers.Dense(3, name="AuxLogits-Aux_logits")(layers.GlobalAveragePooling2D()(x))
    x = layers.Conv2D(4, 3, name="more", activation="relu")(x)
    logits = layers.Dense(3, name="species")(layers.GlobalAveragePooling2D()(x))
    network = tutorial.Network(keras.Model(images, logits), keras.Model(images, [logits, second]))
    for weight in network.learning.weights:
        weight.assign(random.normal(0, 0.3, weight.shape) + (1.0 if "variance" in weight.path else 0.0))
    stage = tutorial.stages(10, 1)[1]
    tutorial.normalise(network, stage, 10, as_original=False)
    learner = tutorial.SlimLearner(network, stage, 10)
    said = []
    for size in sizes:
        targets = np.eye(3, dtype=np.float32)[random.integers(0, 3, size)]
        said.append(learner.learn(random.uniform(-1, 1, (size, 8, 8, 3)).astype(np.float32), targets))
    return backbones.arrays_of(network.learning), said


def test_that_parts_are_as_many_as_memory_asks_for():
    model = backbones.network(tiny.TINY, 3, 32)
    crop = batch_size.bytes_per_crop(model)
    assert crop > 4 * (16 * 16 * 8 + 8 * 8 * 16)
    assert batch_size.parts(model, 32, free=2**40) == 1
    assert batch_size.parts(model, 32, free=16 * 3 * 32 * crop // 32) == 2
    assert batch_size.parts(model, 32, free=0) == 32


def test_that_a_trial_halves_until_memory_suffices():
    import tensorflow as tf

    tried = []

    def trial(parts: int) -> None:
        tried.append(parts)
        if parts < 8:
            raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    assert batch_size.parts_by_trial(trial, 12) == 8 and tried == [1, 2, 4, 8]
    with pytest.raises(Problem, match="single crop"):
        batch_size.parts_by_trial(trial, 4)


if __name__ == "__main__":
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    with tf.distribute.MirroredStrategy(names).scope():
        weights, steps = learn(sizes=(8, 5, 1))
        slim, slim_steps = learn_as_the_tutorial_does()
    arrays = {path.replace("/", "-"): weight for path, weight in weights.items()}
    arrays |= {f"slim-{path.replace('/', '-')}": weight for path, weight in slim.items()}
    np.savez(sys.argv[1], said=np.array(steps), slim=np.array(slim_steps), **arrays)
