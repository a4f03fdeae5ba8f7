"""Inception V4: the size it should have, and weights installed from a checkpoint as TF-slim publishes it."""

import io
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.models import published, store
from camtrap_gui.models.classifiers import backbones, inception_v4
from camtrap_gui.models.classifiers.inception_v4 import INCEPTION_V4
from camtrap_gui.problem import Problem
from tests import serving


@pytest.fixture(scope="module")
def network():
    return backbones.embedder(INCEPTION_V4)


@pytest.fixture(scope="module")
def shapes(network):
    return backbones.shapes_of(network)


@dataclass(frozen=True)
class Published:
    """Archives like the published one by their form, and the values in them by our names."""

    archives: dict[str, bytes]
    values: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def published_one(shapes, tmp_path_factory) -> Published:
    """Only small layers are filled: it is large."""
    import tensorflow as tf

    folder: Path = tmp_path_factory.mktemp("checkpoint")
    random = np.random.default_rng(0)
    values = {
        path: random.normal(1, 0.1, shape).astype(np.float32)
        if len(shape) == 1
        else np.zeros(shape, np.float32)
        for path, shape in shapes.items()
    }
    values["Conv2d_1a_3x3/kernel"] = random.normal(0, 0.1, (3, 3, 3, 32)).astype(np.float32)
    v1, archives = tf.compat.v1, {}
    with tf.Graph().as_default(), v1.Session() as session:
        for path, value in values.items():
            layer, _, what = path.rpartition("/")
            name = f"InceptionV4/{layer.replace('-', '/')}/{'weights' if what == 'kernel' else what}"
            v1.get_variable(name, initializer=value)
        for name in ("Logits/Logits/weights", "AuxLogits/Conv2d_2a/weights", "Conv2d_1a_3x3/weights/RMSProp"):
            v1.get_variable(f"InceptionV4/{name}", initializer=np.ones((2, 3), np.float32))
        v1.get_variable("global_step", initializer=np.int64(7))
        session.run(v1.global_variables_initializer())
        for form, name in (
            (v1.train.SaverDef.V1, "inception_v4.ckpt"),
            (v1.train.SaverDef.V2, "model.ckpt-7"),
        ):
            (folder / name).mkdir()
            v1.train.Saver(write_version=form).save(
                session, str(folder / name / name), write_meta_graph=False
            )
            archives[name] = packed(*(folder / name).iterdir())
    return Published(archives, values)


def packed(*files: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for file in files:
            archive.add(file, file.name)
    return out.getvalue()


def install(data: bytes, monkeypatch, quiet):
    for proxy in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    offer = next(offer for offer in published.OFFERS if offer.name == "inception-v4")
    with serving.serving() as served:
        served.files["inception_v4.tar.gz"] = data
        monkeypatch.setattr(
            store, "OFFERS", (replace(offer, addresses=(served.url("inception_v4.tar.gz"),)),)
        )
        return store.install("inception-v4", quiet)


def test_that_the_network_has_the_published_size(network, shapes):
    kernels = [shape for path, shape in shapes.items() if path.endswith("/kernel")]
    assert len(kernels) == 149 and len(shapes) == 4 * 149
    assert sum(int(np.prod(shape)) for shape in kernels) == 41_079_648
    assert sum(shape[-1] for shape in kernels) == 31_584
    assert inception_v4.has_second_head(network)
    assert network.get_layer(inception_v4.BRANCHING).output.shape[1:] == (17, 17, 1024)
    joined = {layer.output.shape[1:] for layer in network.layers if type(layer).__name__ == "Concatenate"}
    stem = {(73, 73, 160), (71, 71, 192)}
    assert joined == stem | {(35, 35, 384), (17, 17, 1024), (8, 8, 1536)} and network.output_shape == (
        None,
        1536,
    )


def test_that_the_heads_have_the_published_size():
    """Trained values of the whole are those of the backbone and its heads, for ImageNet and for the tutorial."""
    import keras

    backbone = 41_079_648 + 31_584
    for classes, main, aux, stored in (
        (1001, 42_649_769, 3_359_337, 46_074_066),
        (49, 41_186_545, 2_627_249, 43_878_754),
    ):
        branching = keras.Input((17, 17, 1024))
        head = keras.Model(branching, inception_v4.second_head(branching, classes))
        assert sum(int(np.prod(w.shape)) for w in head.trainable_weights) == aux
        assert backbone + 1536 * classes + classes == main
        moving = 2 * (31_584 + 128 + 768)
        assert main + aux + moving == stored
        names = {inception_v4.slim_name(w.path) for w in head.weights}
        assert len(names) == 10 and "InceptionV4/AuxLogits/Conv2d_2a/BatchNorm/moving_mean" in names
        assert {"InceptionV4/AuxLogits/Aux_logits/weights", "InceptionV4/AuxLogits/Aux_logits/biases"} < names


@pytest.mark.parametrize("form", ["inception_v4.ckpt", "model.ckpt-7"])
def test_that_a_published_checkpoint_is_installed(published_one, form, tmp_path, monkeypatch, quiet):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    values = published_one.values
    [entry] = install(published_one.archives[form], monkeypatch, quiet)
    assert (entry.input_size, entry.role) == (299, "backbone") and store.verify()[0].ok
    arrays = backbones.pretrained(INCEPTION_V4)
    assert arrays.keys() == values.keys()
    assert all((arrays[path] == value).all() for path, value in values.items())
    left = {path.name for path in entry.path.parent.iterdir()}
    assert left == {"entry.json", "weights.npz", "LICENCE.txt"}


@pytest.mark.parametrize("damage", [lambda data: data[:5000], lambda data: b"no archive", lambda data: b""])
def test_that_a_damaged_archive_is_a_sentence(published_one, tmp_path, monkeypatch, quiet, damage):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    with pytest.raises(Problem):
        install(damage(published_one.archives["inception_v4.ckpt"]), monkeypatch, quiet)
    assert store.entries() == []


def test_that_what_is_no_checkpoint_is_a_sentence(tmp_path, monkeypatch, quiet):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        member = tarfile.TarInfo("inception_v4.ckpt")
        member.size = 1000
        packed.addfile(member, io.BytesIO(b"x" * 1000))
    with pytest.raises(Problem, match="no checkpoint"):
        install(out.getvalue(), monkeypatch, quiet)


def test_that_a_checkpoint_of_another_network_is_refused_by_name(tmp_path, monkeypatch, quiet):
    import tensorflow as tf

    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    wanted = inception_v4.variables()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name in wanted:
            if "Mixed_7d" not in name:
                tf.compat.v1.get_variable(name, initializer=np.zeros(1, np.float32))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt-1"), write_meta_graph=False)
    with pytest.raises(
        Problem, match=r"lacks InceptionV4/Mixed_7d/Branch_\d/Conv2d_0\w+/weights, .* and \d+ more"
    ):
        install(packed(*tmp_path.glob("model.ckpt-1.*")), monkeypatch, quiet)
    assert store.entries() == []
