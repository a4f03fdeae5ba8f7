import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.models.classifiers import Classifier, arrays, backbones, bundle
from camtrap_gui.problem import Problem
from camtrap_gui.thresholds import Accepting
from tests import tiny


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "registry", lambda: {"tiny": tiny.TINY})
        model = backbones.network(tiny.TINY, 3, 32)
    random = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(random.uniform(0.1, 0.5, weight.shape))
    return Classifier(model, ("Zèbre", "gazelle", "rhino"), "tiny", 32, 1.69, {"trained_on": {"run": "r1"}})


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(backbones, "registry", lambda: {"tiny": tiny.TINY})


@pytest.fixture
def saved(tmp_path: Path, classifier: Classifier) -> Path:
    bundle.save(tmp_path / "model", classifier)
    return tmp_path / "model"


def change(folder: Path, **values: object) -> None:
    path = folder / bundle.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_that_a_loaded_classifier_says_what_the_saved_one_said(saved, classifier):
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    loaded = bundle.load(saved)
    assert loaded.classes == classifier.classes
    assert (loaded.backbone, loaded.input_size, loaded.padding) == ("tiny", 32, 1.69)
    assert loaded.about == classifier.about
    np.testing.assert_array_equal(loaded.predict_arrays(images), classifier.predict_arrays(images))


def test_that_probabilities_are_of_each_crop_and_sum_to_one(classifier):
    images = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)
    said = classifier.predict_arrays(images)
    assert said.shape == (70, 3) and said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(said[40:41], classifier.predict_arrays(images[40:41]), atol=1e-6)
    assert classifier.predict([]).shape == (0, 3)


def test_that_equal_classifiers_make_equal_files(saved, classifier, tmp_path):
    bundle.save(tmp_path / "again", classifier)
    assert sorted(f.name for f in saved.iterdir()) == sorted(f.name for f in (tmp_path / "again").iterdir())
    for file in saved.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_that_an_older_bundle_stays_whole_until_the_new_one_is(saved, classifier, monkeypatch):
    before = bundle.load(saved)
    other = backbones.network(tiny.TINY, 3, 32)
    newer = Classifier(other, classifier.classes, "tiny", 32, 2.0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bundle, "write_text", killed)
        bundle.save(saved, newer)
    images = np.zeros((1, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(bundle.load(saved).predict_arrays(images), before.predict_arrays(images))
    bundle.save(saved, newer)
    assert bundle.load(saved).padding == 2.0
    assert len(list(saved.glob("*.npz"))) == 1


def test_that_a_fingerprint_changes_with_weights_but_not_with_words(saved, classifier, tmp_path):
    before = bundle.fingerprint(saved)
    bundle.save(saved, classifier, {"trained_on": {"run": "another"}})
    assert bundle.fingerprint(saved) == before
    other = Classifier(backbones.network(tiny.TINY, 3, 32), classifier.classes, "tiny", 32, 1.69)
    bundle.save(saved, other)
    assert bundle.fingerprint(saved) != before


def test_that_a_folder_without_a_bundle_is_refused(tmp_path):
    with pytest.raises(Problem, match=r"no classifier bundle.*bundle\.json"):
        bundle.load(tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"format": "someone-elses"},
        {"version": 2},
        {"version": 0},
        {"backbone": "os.system"},
        {"classes": []},
        {"classes": ["a", "a", "b"]},
        {"classes": ["a", "b"]},
        {"classes": ["a", "", "b"]},
        {"input_size": 100_000},
        {"padding": -1},
        {"head": "lambda"},
        {"weights": {"file": "../secret.npz", "sha256": "0" * 64, "bytes": 10}},
        {"weights": {"file": "weights.npz", "sha256": "nonsense", "bytes": 10}},
        {"weights": {"file": "missing.npz", "sha256": "0" * 64, "bytes": 10}},
        {"weights": None},
    ],
)
def test_that_a_foreign_manifest_is_refused_in_a_sentence(saved, values):
    change(saved, **values)
    with pytest.raises(Problem):
        bundle.load(saved)


def test_that_changed_weights_are_refused(saved):
    file = next(saved.glob("*.npz"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(Problem, match="SHA-256 differs"):
        bundle.load(saved)


def honest_about(folder: Path) -> None:
    """Make the manifest agree with the weights file as it is now, as a stranger would."""
    from camtrap_gui.files import sha256_of

    file = next(folder.glob("*.npz"))
    change(folder, weights={"file": file.name, "sha256": sha256_of(file), "bytes": file.stat().st_size})


def test_that_a_pickle_among_the_arrays_is_never_loaded(saved):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was run",))

    file = next(saved.glob("*.npz"))
    with np.load(file) as whole:
        values = {name: whole[name] for name in whole.files}
    values["species/bias"] = np.array([Trap()] * 3, object)
    np.savez(file, **values)
    honest_about(saved)
    with pytest.raises(Problem, match="does not hold the weights"):
        bundle.load(saved)


def test_that_an_array_far_larger_than_the_network_needs_is_not_unpacked(saved):
    file = next(saved.glob("*.npz"))
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members["species/bias.npy"] = members["species/bias.npy"] + bytes(50_000_000)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    honest_about(saved)
    with pytest.raises(Problem, match="bytes"):
        bundle.load(saved)


def test_that_weights_of_another_network_are_refused(saved, tmp_path):
    file = next(saved.glob("*.npz"))
    arrays.write(file, {"species/kernel": np.zeros((2, 2), np.float32)})
    honest_about(saved)
    with pytest.raises(Problem, match="missing or too many"):
        bundle.load(saved)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_that_a_damaged_manifest_is_a_problem_and_nothing_else(saved, place, byte):
    path = saved / bundle.MANIFEST
    whole = path.read_bytes()
    data = bytearray(whole)
    data[place % len(data)] = byte
    path.write_bytes(data)
    try:
        bundle.load(saved)
    except Problem:
        pass
    finally:
        path.write_bytes(whole)


@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8),
        st.lists(st.integers(1, 4), max_size=3).map(tuple),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_arrays_come_back_as_they_were(tmp_path, shapes):
    random = np.random.default_rng(0)
    written = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays.write(tmp_path / "a.npz", written)
    read = arrays.read(tmp_path / "a.npz", shapes)
    assert read.keys() == written.keys()
    for name, array in written.items():
        np.testing.assert_array_equal(read[name], array)


def test_that_a_temperature_is_kept_and_changes_confidence_alone(saved, classifier):
    before, images = (
        bundle.fingerprint(saved),
        np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8),
    )
    bundle.revise(saved, temperature=4.0, accepting=Accepting(0.95, {"rhino": 0.9}))
    loaded = bundle.load(saved)
    said, plain = loaded.predict_arrays(images), classifier.predict_arrays(images)
    assert loaded.temperature == 4.0 and loaded.accepting == Accepting(0.95, {"rhino": 0.9})
    assert bundle.fingerprint(saved) != before
    assert (said.argmax(1) == plain.argmax(1)).all() and (said.max(1) < plain.max(1)).all()
    bundle.save(saved, loaded)
    assert bundle.load(saved).temperature == 4.0


def test_that_thresholds_leave_a_fingerprint_as_it_is(saved):
    before = bundle.fingerprint(saved)
    bundle.revise(saved, accepting=Accepting(0.99, {"rhino": 0.8}), unknown_below=0.4)
    assert bundle.fingerprint(saved) == before


def test_that_a_bundle_from_before_there_were_temperatures_says_what_it_said(saved, classifier):
    before, path = bundle.fingerprint(saved), saved / bundle.MANIFEST
    manifest = json.loads(path.read_text())
    del manifest["temperature"], manifest["accepting"], manifest["unknown_below"]
    path.write_text(json.dumps(manifest))
    images = np.zeros((1, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(
        bundle.load(saved).predict_arrays(images), classifier.predict_arrays(images)
    )
    assert bundle.fingerprint(saved) == before
