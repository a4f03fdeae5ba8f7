"""Networks of keras.applications: the published form of weights, installed, gives what Keras itself gives."""

from dataclasses import replace

import numpy as np
import pytest

from camtrap_gui.models import published, store
from camtrap_gui.models.classifiers import backbones
from tests import serving

SIZE = 64


def made_by_keras(application: str):
    """The network with weights of its own, normalisations included."""
    import keras

    model = getattr(keras.applications, application)(
        include_top=False, weights=None, pooling="avg", input_shape=(SIZE, SIZE, 3)
    )
    random = np.random.default_rng(0)
    for weight in model.weights:
        values = random.normal(0, 0.05, weight.shape)
        kind = weight.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            values = 1 + np.abs(values)
        weight.assign(values)
    return model


def save(model, path):
    """In the form in which Keras publishes weights."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


@pytest.mark.parametrize("name", ["mobilenet-v2", "resnet50-v2"])
def test_that_installed_weights_give_what_keras_gives(name, tmp_path, monkeypatch, quiet):
    import keras

    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    application, preprocess = {
        "mobilenet-v2": ("MobileNetV2", keras.applications.mobilenet_v2.preprocess_input),
        "resnet50-v2": ("ResNet50V2", keras.applications.resnet_v2.preprocess_input),
    }[name]
    model = made_by_keras(application)
    save(model, tmp_path / "weights.h5")
    for proxy in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    offer = next(offer for offer in published.OFFERS if offer.name == name)
    with serving.serving() as served:
        served.files["weights.h5"] = (tmp_path / "weights.h5").read_bytes()
        here = replace(
            offer, addresses=(served.url("weights.h5"),), md5="", size=len(served.files["weights.h5"])
        )
        monkeypatch.setattr(store, "OFFERS", (here,))
        [entry] = store.install(name, quiet)
    assert (entry.role, entry.kind, entry.input_size) == ("backbone", "backbone", 224)
    assert store.verify()[0].ok and "Apache" in entry.path.with_name(store.LICENCE).read_text()
    backbone = backbones.get(name)
    ours = backbones.embedder(backbone, SIZE)
    arrays = backbones.pretrained(backbone)
    assert {path: array.shape for path, array in arrays.items()} == backbones.shapes_of(ours)
    backbones.assign(ours, arrays)
    images = np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    expected = model.predict(preprocess(images.copy()), verbose=0)
    found = ours.predict(images, verbose=0)
    assert found.shape == (2, backbone.features)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["mobilenet-v2", "resnet101-v2"])
def test_that_weights_have_the_same_names_whatever_was_built_before(name):
    first = backbones.shapes_of(backbones.embedder(backbones.get(name), 32))
    assert backbones.shapes_of(backbones.embedder(backbones.get(name), 32)) == first
    assert {path.partition("/")[2] for path in first} <= {
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"
    }  # fmt: skip
