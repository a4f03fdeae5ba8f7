import threading
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui import files
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import features
from camtrap_gui.models.classifiers.features import CropFile, Embedder, FeatureStore, embed
from tests import tiny


class Counting(Embedder):
    """The tiny backbone, counting the images it is asked about."""

    images = 0

    def __call__(self, images):
        self.images += len(images)
        return super().__call__(images)


@pytest.fixture
def embedder(tiny_models):
    return Counting(tiny.TINY)


@pytest.fixture
def crops(tmp_path) -> list[CropFile]:
    made = []
    for number in range(70):
        path = tmp_path / f"{number}.png"
        tiny._disc(number, (200, 30, 60), 32).save(path)
        made.append(CropFile(path, files.sha256_of(path)))
    return made


def vectors_of(store: FeatureStore, crops: list[CropFile]) -> np.ndarray:
    return np.asarray(store.vectors()[store.rows(crop.sha256 for crop in crops)])


def nothing(_: int) -> None:
    pass


def test_that_each_crop_is_seen_by_the_backbone_once(embedder, crops, tmp_path):
    store = FeatureStore(tmp_path / "f", 16)
    assert embed(embedder, store, crops[:40], nothing) == {}
    assert embedder.images == 40
    embed(embedder, FeatureStore(tmp_path / "f", 16), crops, nothing)
    assert embedder.images == 70


def test_that_kept_features_are_those_of_the_crop(embedder, crops, tmp_path):
    store = FeatureStore(tmp_path / "f", 16)
    embed(embedder, store, reversed(crops), nothing)
    pixels = np.stack([features.read_crop(crop, 32) for crop in crops])
    np.testing.assert_allclose(vectors_of(store, crops), embedder(pixels), rtol=2e-3, atol=1e-3)


def test_that_unusable_crops_are_named_with_the_reason_and_the_rest_is_kept(embedder, crops, tmp_path):
    crops[3].path.write_bytes(b"")
    crops[5].path.unlink()
    crops[7].path.write_bytes(crops[8].path.read_bytes())
    store = FeatureStore(tmp_path / "f", 16)
    unusable = embed(embedder, store, crops, nothing)
    assert unusable.keys() == {crops[3].path, crops[5].path, crops[7].path}
    assert "empty" in unusable[crops[3].path]
    assert "missing" in unusable[crops[5].path]
    assert "changed" in unusable[crops[7].path]
    known = store.rows(crop.sha256 for crop in crops) >= 0
    assert known.sum() == 67 and not known[[3, 5, 7]].any()


def test_that_stopping_keeps_what_was_computed(embedder, crops, tmp_path):
    def stop(done: int) -> None:
        if done >= 32:
            raise Cancelled

    store = FeatureStore(tmp_path / "f", 16)
    with pytest.raises(Cancelled):
        embed(embedder, store, crops, stop)
    assert (store.rows(crop.sha256 for crop in crops) >= 0).sum() == 32
    embed(embedder, store, crops, nothing)
    assert embedder.images == 70


def test_that_a_cut_off_vectors_file_is_filled_again(embedder, crops, tmp_path):
    store = FeatureStore(tmp_path / "f", 16)
    embed(embedder, store, crops, nothing)
    before = vectors_of(store, crops)
    with (tmp_path / "f" / "vectors.f16").open("r+b") as file:
        file.truncate(16 * 2 * 30 + 7)
    again = FeatureStore(tmp_path / "f", 16)
    assert (again.rows(crop.sha256 for crop in crops) >= 0).sum() == 30
    embed(embedder, again, crops, nothing)
    assert embedder.images == 70 + 40
    np.testing.assert_allclose(vectors_of(again, crops), before, atol=2e-3)


def test_that_vectors_without_an_index_row_are_overwritten(embedder, crops, tmp_path):
    store = FeatureStore(tmp_path / "f", 16)
    embed(embedder, store, crops[:10], nothing)
    with (tmp_path / "f" / "vectors.f16").open("ab") as file:
        file.write(b"\x7e\x7e" * 16 * 3)  # a killed process got no further
    embed(embedder, FeatureStore(tmp_path / "f", 16), crops[10:12], nothing)
    pixels = np.stack([features.read_crop(crop, 32) for crop in crops[10:12]])
    np.testing.assert_allclose(vectors_of(store, crops[10:12]), embedder(pixels), rtol=2e-3, atol=1e-3)


def test_that_two_processes_can_fill_one_store(embedder, crops, tmp_path):
    one, two = FeatureStore(tmp_path / "f", 16), FeatureStore(tmp_path / "f", 16)
    random = np.random.default_rng(0).normal(size=(4, 16)).astype(np.float16)
    one.add([c.sha256 for c in crops[:2]], random[:2])
    two.add([c.sha256 for c in crops[2:4]], random[2:])
    np.testing.assert_array_equal(vectors_of(one, crops[:4]), random)
    assert list(one.rows([crops[9].sha256])) == [-1]


def test_that_who_opens_a_store_takes_nothing_from_who_is_adding(tmp_path, monkeypatch):
    store = FeatureStore(tmp_path / "f", 16)
    opening = threading.Thread(target=FeatureStore, args=(tmp_path / "f", 16))
    opened = Path.open

    def open_slowly(path, *how):
        opening.start()
        opening.join(0.3)
        return opened(path, *how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_slowly)
        store.add(["ab" * 32], np.ones((1, 16)))
    opening.join()
    assert list(store.rows(["ab" * 32])) == [0]


def test_that_an_empty_store_has_no_vectors(tmp_path):
    assert FeatureStore(Path(tmp_path / "f"), 16).vectors().shape == (0, 16)
