"""Inception V4: the size it should have, and weights installed from a checkpoint as TF-slim publishes it."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.models import published, store
from camtrap_gui.models.classifiers import backbones
from camtrap_gui.models.classifiers.inception_v4 import INCEPTION_V4, PREFIX
from camtrap_gui.problem import Problem
from tests import serving


@pytest.fixture(scope="module")
def shapes():
    return backbones.shapes_of(backbones.embedder(INCEPTION_V4))


@pytest.fixture(scope="module")
def archive(shapes, tmp_path_factory) -> tuple[bytes, dict[str, np.ndarray]]:
    """An archive like the published one, and the values in it by our names. Only small layers are filled: it is large."""
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
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for path, value in values.items():
            layer, _, what = path.rpartition("/")
            name = f"{PREFIX}{layer.replace('-', '/')}/{'weights' if what == 'kernel' else what}"
            tf.compat.v1.get_variable(name, initializer=value)
        for name in ("Logits/Logits/weights", "AuxLogits/Conv2d_2a/weights", "Conv2d_1a_3x3/weights/RMSProp"):
            tf.compat.v1.get_variable(PREFIX + name, initializer=np.ones((2, 3), np.float32))
        tf.compat.v1.get_variable("global_step", initializer=np.int64(7))
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1)
        saver.save(session, str(folder / "inception_v4.ckpt"), write_meta_graph=False)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as packed:
        packed.add(folder / "inception_v4.ckpt", "inception_v4.ckpt")
    return out.getvalue(), values


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


def test_that_the_network_has_the_published_size(shapes):
    kernels = [shape for path, shape in shapes.items() if path.endswith("/kernel")]
    assert len(kernels) == 149 and len(shapes) == 4 * 149
    assert sum(int(np.prod(shape)) for shape in kernels) == 41_079_648
    assert sum(shape[-1] for shape in kernels) == 31_584
    model = backbones.embedder(INCEPTION_V4)
    joined = {layer.output.shape[1:] for layer in model.layers if type(layer).__name__ == "Concatenate"}
    stem = {(73, 73, 160), (71, 71, 192)}
    assert joined == stem | {(35, 35, 384), (17, 17, 1024), (8, 8, 1536)} and model.output_shape == (
        None,
        1536,
    )


def test_that_a_published_checkpoint_is_installed(archive, tmp_path, monkeypatch, quiet):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    data, values = archive
    [entry] = install(data, monkeypatch, quiet)
    assert (entry.input_size, entry.role) == (299, "backbone") and store.verify()[0].ok
    arrays = backbones.pretrained(INCEPTION_V4)
    assert arrays.keys() == values.keys()
    assert all((arrays[path] == value).all() for path, value in values.items())
    backbones.assign(backbones.embedder(INCEPTION_V4, 96), arrays)
    left = {path.name for path in entry.path.parent.iterdir()}
    assert left == {"entry.json", "weights.npz", "LICENCE.txt"}


@pytest.mark.parametrize("damage", [lambda data: data[:5000], lambda data: b"no archive", lambda data: b""])
def test_that_a_damaged_archive_is_a_sentence(archive, tmp_path, monkeypatch, quiet, damage):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    with pytest.raises(Problem):
        install(damage(archive[0]), monkeypatch, quiet)
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
