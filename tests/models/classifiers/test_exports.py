import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import bundle, check_export, exports
from camtrap_gui.models.classifiers.preprocessing import INCEPTION, to_input
from camtrap_gui.problem import Problem
from tests import tiny

CLASSES = ("zebra", "gazelle", "rhino")
SIZES = ((64, 64), (300, 200), (31, 500), (1, 1), (97, 64))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small classifier and everything that can be exported of it."""
    classifier = replace(tiny.unlearnt(CLASSES), temperature=1.6)
    folder = tmp_path_factory.mktemp("exports")
    bundle.save(folder / "bundle", classifier)
    exports.write_frozen_graph(classifier, folder / "graph.pb")
    exports.write_saved_model(classifier, folder / "saved_model")
    return classifier, folder


def picture(size, seed=0):
    """Blobs of several sizes with noise, as full of edges as a real crop."""
    random = np.random.default_rng(seed)
    blobs = Image.fromarray(random.integers(0, 256, (6, 7, 3), dtype=np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    noise = random.normal(0, 12, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(blobs) + noise, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    paths = [folder / f"{number}.png" for number in range(len(SIZES))]
    for number, (path, size) in enumerate(zip(paths, SIZES, strict=True)):
        picture(size, number).save(path)
    return paths


def graph_of(path):
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(path.read_bytes())
    return definition


def test_that_every_export_answers_in_a_fresh_process_as_the_classifier_does(made, crops):
    classifier, folder = made
    expected = classifier.predict([Image.open(path) for path in crops])
    assert np.ptp(expected, axis=0).max() > 0.2, "the classifier must tell these crops apart"
    answers = check_export.answers(
        {
            "bundle": folder / "bundle",
            "frozen-graph": folder / "graph.pb",
            "saved-model": folder / "saved_model",
        },
        crops,
        lambda: None,
    )
    assert answers["bundle"] == pytest.approx(expected, abs=1e-5)
    assert answers["frozen-graph"] == pytest.approx(expected, abs=1e-4)
    assert answers["saved-model"] == pytest.approx(answers["frozen-graph"], abs=1e-5)


def test_that_what_sees_crops_the_tutorials_way_is_exported_and_kept_so(made, crops, tmp_path):
    classifier = replace(made[0], preprocessing=INCEPTION)
    exports.write_frozen_graph(classifier, tmp_path / "graph.pb")
    bundle.save(tmp_path / "bundle", classifier)
    pictures = [Image.open(path) for path in crops]
    expected = classifier.predict(pictures)
    assert np.abs(expected - made[0].predict(pictures)).max() > 0.01
    assert "central 0.875" in (tmp_path / "bundle" / bundle.MANIFEST).read_text()
    assert bundle.load(tmp_path / "bundle").predict(pictures) == pytest.approx(expected, abs=1e-5)
    answer = check_export._use_frozen_graph(tmp_path / "graph.pb", pictures, INCEPTION)
    assert answer == pytest.approx(expected, abs=1e-5)


def test_that_the_frozen_graph_has_the_names_and_shapes_of_the_tutorial(made):
    nodes = {node.name: node for node in graph_of(made[1] / "graph.pb").node}
    assert [name for name, node in nodes.items() if node.op == "Placeholder"] == ["input"]
    assert [dim.size for dim in nodes["input"].attr["shape"].shape.dim] == [-1, -1, 3]
    assert nodes["output"].op == "Identity"


def test_that_the_frozen_graph_is_free_of_variables_functions_and_training(made):
    graph = graph_of(made[1] / "graph.pb")
    assert not graph.library.function
    operations = {node.op for node in graph.node}
    assert not {
        op for op in operations if "Variable" in op or "Call" in op or "Dropout" in op or "Grad" in op
    }
    assert not operations & {"Switch", "Merge", "RandomUniform", "FusedBatchNormV3", "Rsqrt", "NoOp"}


def test_that_another_runtime_can_use_the_frozen_graph(made):
    import openvino

    classifier, folder = made
    core = openvino.Core()
    network = core.compile_model(str(folder / "graph.pb"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = picture((300, 200), 3)
    answer = network(np.asarray(given, np.float32) / 255)[0]
    assert answer == pytest.approx(classifier.predict([given]), abs=2e-3)


def test_that_the_saved_model_takes_a_batch(made):
    import tensorflow as tf

    classifier, folder = made
    pictures = [picture((120, 90), seed) for seed in range(3)]
    serve = tf.saved_model.load(str(folder / "saved_model")).signatures["serving_default"]
    batch = tf.constant(np.stack([np.asarray(each, np.float32) / 255 for each in pictures]))
    assert serve(images=batch)["probabilities"].numpy() == pytest.approx(
        classifier.predict(pictures), abs=1e-4
    )


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.sampled_from([32, 64, 224]))
def test_that_the_resize_in_the_graph_is_the_one_of_training(size, side):
    import tensorflow as tf

    given = picture(size)
    exported = exports._resized(tf.constant(np.asarray(given, np.float32)[None]), side).numpy()[0]
    assert np.array_equal(exported, to_input(given, side))


def test_that_a_changed_decision_is_told_from_a_tie():
    trained = np.array([[0.5, 0.499, 0.001], [0.9, 0.1, 0.0]], np.float32)
    tie = np.array([[0.499, 0.5, 0.001], [0.9, 0.1, 0.0]], np.float32)
    found = check_export.agreement(trained, tie)
    assert (found.changed, found.changed_clearly, found.is_good) == (1, 0, True)
    found = check_export.agreement(trained, trained[:, ::-1])
    assert (found.changed, found.changed_clearly, found.is_good) == (2, 2, False)


def test_that_an_answer_without_numbers_is_never_good():
    trained = np.full((3, 2), 0.5, np.float32)
    assert not check_export.agreement(trained, np.full((3, 2), np.nan, np.float32)).is_good
    assert not check_export.agreement(trained, np.full((3, 3), 0.5, np.float32)).is_good


def test_that_a_damaged_export_is_found_out(made, crops, tmp_path):
    damaged = tmp_path / "graph.pb"
    damaged.write_bytes((made[1] / "graph.pb").read_bytes()[:1000])
    with pytest.raises(Problem, match="cannot be used again"):
        check_export.answers({"frozen-graph": damaged}, crops[:1], lambda: None)


def test_that_checking_can_be_stopped(made, crops):
    def waiting():
        raise Cancelled

    started = time.monotonic()
    with pytest.raises(Cancelled):
        check_export.answers({"frozen-graph": made[1] / "graph.pb"}, crops, waiting)
    assert time.monotonic() - started < 30
