"""Networks of keras.applications: weights in the form in which Keras publishes them give what Keras itself gives."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from camtrap_gui.models import published, store
from camtrap_gui.models.catalogue import BY_PATH
from camtrap_gui.models.classifiers import backbones
from camtrap_gui.models.classifiers.keras_applications import by_path
from camtrap_gui.problem import Problem
from tests import serving

SIZE = 96


def made_by_keras(application: str, include_top: bool = False):
    """The network with weights of its own, normalisations included."""
    import keras

    side = 224 if include_top else SIZE
    model = getattr(keras.applications, application)(
        include_top=include_top,
        weights=None,
        pooling=None if include_top else "avg",
        input_shape=(side, side, 3),
    )
    random = np.random.default_rng(0)
    for weight in model.weights:
        values = random.standard_normal(weight.shape, np.float32) * np.float32(0.05)
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
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    return tmp_path


def assert_same_features(name, keras_model, preprocess=lambda images: images):
    backbone = backbones.get(name)
    ours = backbones.embedder(backbone, SIZE)
    arrays = backbones.pretrained(backbone)
    assert {path: array.shape for path, array in arrays.items()} == backbones.shapes_of(ours)
    backbones.assign(ours, arrays)
    images = np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    expected = np.asarray(keras_model(preprocess(images.copy()), training=False))
    found = np.asarray(ours(images, training=False))
    assert found.shape == (2, backbone.features)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_that_what_keras_publishes_is_installed_and_gives_what_keras_gives(folder, monkeypatch, quiet):
    from keras.applications import mobilenet_v2

    model = made_by_keras("MobileNetV2")
    path = save(model, folder / "weights.h5")
    for proxy in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    offer = next(offer for offer in published.OFFERS if offer.name == "mobilenet-v2")
    with serving.serving() as served:
        served.files["weights.h5"] = path.read_bytes()
        here = replace(
            offer, addresses=(served.url("weights.h5"),), md5="", size=len(served.files["weights.h5"])
        )
        monkeypatch.setattr(store, "OFFERS", (here,))
        [entry] = store.install("mobilenet-v2", quiet)
    assert (entry.role, entry.kind, entry.input_size) == ("backbone", "backbone", 224)
    assert store.verify()[0].ok and "Apache" in entry.path.with_name(store.LICENCE).read_text()
    assert_same_features("mobilenet-v2", model, mobilenet_v2.preprocess_input)


@pytest.mark.parametrize(
    ("name", "application"),
    [
        ("convnext-tiny", "ConvNeXtTiny"),
        ("inception-v3", "InceptionV3"),
    ],
)
def test_that_a_file_of_ones_own_gives_what_keras_gives(name, application, folder):
    import keras

    model = made_by_keras(application)
    entry = store.add_weights(save(model, folder / "mine.h5"), name)
    assert entry.licence == "unknown" and "mine.h5" in entry.title and store.verify()[0].ok
    preprocess = keras.applications.inception_v3.preprocess_input
    assert_same_features(name, model, *([preprocess] if name == "inception-v3" else []))


@pytest.fixture(scope="module")
def dropping():
    """A network that drops blocks at random while it learns."""
    return backbones.embedder(backbones.get("efficientnet-v2-b0"), 32)


def test_that_what_is_dropped_at_random_follows_from_the_state_of_the_training(dropping):
    images = np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
    start = [variable.numpy() for variable in dropping.variables]

    def twice():
        for variable, value in zip(dropping.variables, start, strict=True):
            variable.assign(value)
        return [np.asarray(dropping(images, training=True)) for _ in range(2)]

    first, again = twice(), twice()
    assert not np.array_equal(*first)
    np.testing.assert_array_equal(first, again)


def test_that_it_scales_colours_and_drops_blocks_as_keras_does(dropping):
    theirs = made_by_keras("EfficientNetV2B0")
    ours = {path.rpartition("/")[0] for path in backbones.shapes_of(dropping)}
    assert ours == {weight.path.rpartition("/")[0] for weight in theirs.weights}
    drops = {layer.name: layer.rate for layer in theirs.layers if layer.name.endswith("_drop")}
    assert drops == {layer.name: layer.rate for layer in dropping.layers if layer.name.endswith("_drop")}
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    expected = images
    for layer in theirs.layers[1:3]:
        expected = layer(expected)
    np.testing.assert_allclose(dropping.get_layer("scale")(images), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("convnext-small", 49_454_688),
        ("mobilenet-v3-large", 2_996_352),
        ("resnet50-v2", 23_564_800),
    ],
)
def test_that_the_others_have_the_parameters_that_keras_says(name, count):
    backbone = backbones.get(name)
    model = backbones.embedder(backbone, 96)
    assert (model.count_params(), model.output_shape) == (count, (None, backbone.features))
    assert len(backbones.shapes_of(model)) == len(model.weights)  # no path twice


@pytest.mark.parametrize(
    ("name", "digest"),
    [("mobilenet-v3-small", "24d60385209504bd"), ("inception-resnet-v2", "4db60951f8b2b21d")],
)
def test_that_weights_have_the_same_names_in_every_process(name, digest):
    """Files that were kept rely on them. Keras itself counts on from what was built before."""
    import keras

    for layer in (
        keras.layers.Conv2D(1, 1),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
    ):
        layer(np.zeros((1, 2, 2, 1), np.float32))
    found = backbones.shapes_of(backbones.embedder(backbones.get(name), 75))
    told = "\n".join(f"{path} {shape}" for path, shape in sorted(found.items()))
    assert hashlib.sha256(told.encode()).hexdigest().startswith(digest)
    assert {path.partition("/")[2] for path in found} <= {
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"
    }  # fmt: skip


def test_that_weights_kept_by_the_first_releases_are_still_read():
    kept = {"Conv1/0": "k", "bn/0": "g", "bn/1": "b", "bn/2": "m", "bn/3": "v", "c/0": "k", "c/1": "b"}
    assert by_path(kept) == {
        "Conv1/kernel": "k",
        **{"bn/gamma": "g", "bn/beta": "b", "bn/moving_mean": "m", "bn/moving_variance": "v"},
        **{"c/kernel": "k", "c/bias": "b"},
    }


@pytest.fixture(scope="module")
def with_top(tmp_path_factory):
    """Keras' weights of a whole classifier, ImageNet's classes included."""
    return save(made_by_keras("MobileNetV3Small", include_top=True), tmp_path_factory.mktemp("top") / "w.h5")


def test_that_the_classes_of_a_file_are_left_out_and_what_was_kept_can_be_passed_on(with_top, folder):
    entry = store.add_weights(with_top, "mobilenet-v3-small")
    kept = store.read_weights(entry)
    assert entry.layout == BY_PATH and kept.keys() == backbones.pretrained(backbones.get(entry.name)).keys()
    copy = folder / "passed on.npz"
    copy.write_bytes(entry.path.read_bytes())
    store.remove(entry.name)
    again = store.add_weights(copy, "mobilenet-v3-small")
    assert again.sha256 == entry.sha256


def test_that_the_published_file_is_known_when_it_is_added(with_top, folder, monkeypatch):
    offer = next(offer for offer in published.OFFERS if offer.name == "mobilenet-v3-small")
    here = replace(offer, md5=hashlib.md5(with_top.read_bytes()).hexdigest())
    monkeypatch.setattr(store, "OFFERS", (here,))
    entry = store.add_weights(with_top, here.name)
    assert (entry.licence, entry.title) == (offer.licence, offer.title)


def test_that_weights_of_another_network_are_refused_in_words(with_top, folder):
    with pytest.raises(
        Problem, match=r"w.h5 does not hold the weights of mobilenet-v3-large: “.*” is .* where"
    ):
        store.add_weights(with_top, "mobilenet-v3-large")
    np.savez(folder / "some.npz", **{"conv/kernel": np.ones((3, 3, 3, 16), np.float32)})
    with pytest.raises(Problem, match=r"arrays are missing, “conv_bn/gamma” for one"):
        store.add_weights(folder / "some.npz", "mobilenet-v3-small")
    (folder / "w.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(Problem, match="holds no arrays, or is damaged"):
        store.add_weights(folder / "w.npz", "mobilenet-v3-small")
    with pytest.raises(Problem, match="There is no backbone “resnet”"):
        store.add_weights(with_top, "resnet")
    with pytest.raises(Problem, match="There is no file"):
        store.add_weights(folder / "gone.h5", "mobilenet-v3-small")
    (folder / "w.keras").write_bytes(b"")
    with pytest.raises(Problem, match="holds no weights that can be read here"):
        store.add_weights(folder / "w.keras", "mobilenet-v3-small")
    assert store.entries() == []


def test_that_installed_weights_are_not_replaced_unasked(with_top, folder):
    store.add_weights(with_top, "mobilenet-v3-small")
    with pytest.raises(Problem, match="camtrap models remove mobilenet-v3-small"):
        store.add_weights(with_top, "mobilenet-v3-small")


@pytest.mark.parametrize(("name", "size", "nearest"), [("convnext-tiny", 250, 256), ("inception-v3", 64, 75)])
def test_that_a_size_at_which_a_backbone_cannot_work_is_refused_with_the_nearest(name, size, nearest):
    backbone = backbones.get(name)
    with pytest.raises(Problem, match=rf"{size} is none of them. The nearest is {nearest}"):
        backbones.check_size(backbone, size)
    assert backbones.check_size(backbone, nearest) == nearest
    assert backbones.check_size(backbone, 0) == backbone.input_size
