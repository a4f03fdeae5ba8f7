"""What a classifier looked at: heat lies where its answer comes from."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.models.classifiers import Classifier, backbones, convnext, explaining, mobilenet_v3
from camtrap_gui.models.classifiers.preprocessing import INCEPTION, WHOLE
from camtrap_gui.problem import Problem
from tests import tiny

CLASSES = ("red", "blue", "never")


@pytest.fixture(scope="module")
def colours() -> Classifier:
    """Knows red from blue: its last map has a channel for each, the species layer takes them apart."""
    import keras
    from keras import layers

    images = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(2, 4, 4, activation="relu", name="map")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(images, layers.Dense(3, name="species")(x))
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[..., 0, 0] = kernel[..., 2, 1] = 1 / 16
    model.get_layer("map").set_weights([kernel, np.zeros(2, np.float32)])
    model.get_layer("species").set_weights(
        [np.array([[4, -4, 0], [-4, 4, 0]], np.float32), np.array([0, 0, backbones.NEVER], np.float32)]
    )
    return Classifier(model, CLASSES, "none", 32, 1.3)


def quadrants(**colours: str) -> Image.Image:
    """A black crop with quarters in colours: "red" in ``upper_left`` and so on."""
    crop = Image.new("RGB", (32, 32))
    for place, colour in colours.items():
        corner = (16 * place.endswith("right"), 16 * place.startswith("lower"))
        crop.paste(Image.new("RGB", (16, 16), colour), corner)
    return crop


@pytest.mark.parametrize(
    ("place", "rows", "columns"),
    [
        ("upper_left", slice(0, 4), slice(0, 4)),
        ("upper_right", slice(0, 4), slice(4, 8)),
        ("lower_left", slice(4, 8), slice(0, 4)),
        ("lower_right", slice(4, 8), slice(4, 8)),
    ],
)
def test_that_heat_lies_on_the_quarter_the_answer_comes_from(
    colours: Classifier, place: str, rows: slice, columns: slice
) -> None:
    crop = quadrants(**{place: "red"})
    assert colours.predict([crop])[0].argmax() == 0
    heat = explaining.explain(colours, crop, "red")
    assert heat.shape == (8, 8) and heat.dtype == np.float32
    assert heat.max() == 1 and heat.min() >= 0
    assert heat[rows, columns].sum() == pytest.approx(heat.sum())


def test_that_each_species_has_heat_of_its_own(colours: Classifier) -> None:
    crop = quadrants(upper_left="red", lower_right="blue")
    red, blue = (explaining.explain(colours, crop, name) for name in ("red", "blue"))
    assert red[:4, :4].min() == 1 and red[4:, 4:].max() == 0
    assert blue[4:, 4:].min() == 1 and blue[:4, :4].max() == 0


def test_that_nothing_speaks_for_a_species_without_training_crops(colours: Classifier) -> None:
    assert not explaining.explain(colours, quadrants(upper_left="red"), "never").any()


def test_that_a_species_the_classifier_does_not_know_is_a_problem(colours: Classifier) -> None:
    with pytest.raises(Problem, match="does not know the species “dodo”"):
        explaining.explain(colours, quadrants(), "dodo")


def test_that_heat_is_the_class_activation_map_where_the_species_layer_follows_the_pooling() -> None:
    import keras

    keras.utils.set_random_seed(4)
    model = backbones.network(tiny.TINY, 3, 32)
    crop = Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8))
    classifier = Classifier(model, CLASSES, "tiny", 32, 1.3)
    maps = keras.Model(model.inputs, model.get_layer("more").output)
    features = np.asarray(maps(classifier.prepare(crop)[np.newaxis].astype(np.float32)))[0]
    activation = np.maximum(features @ model.get_layer("species").get_weights()[0][:, 1], 0)
    assert activation.max() > 0
    np.testing.assert_allclose(
        explaining.explain(classifier, crop, "blue"), activation / activation.max(), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("family", [convnext, mobilenet_v3])
def test_that_networks_that_go_on_after_the_pooling_are_explained_at_their_last_map(family: Any) -> None:
    backbone = min(family.BACKBONES, key=lambda one: one.features)
    model = backbones.network(backbone, 3, 64)
    classifier = Classifier(model, CLASSES, backbone.name, 64, 1.3)
    crop = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    heats = [explaining.explain(classifier, crop, name) for name in CLASSES]
    assert {heat.shape for heat in heats} == {(2, 2)}
    assert any(heat.max() == 1 for heat in heats)


def test_that_the_tutorials_classifiers_are_known_to_see_only_the_middle_of_a_crop() -> None:
    window = (100, 200, 260, 360)
    assert explaining.seen(window, WHOLE) == window
    assert explaining.seen(window, INCEPTION) == (110, 210, 250, 350)
