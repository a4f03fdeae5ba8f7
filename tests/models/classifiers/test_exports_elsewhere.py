"""ONNX and TensorFlow Lite: written from a tiny trained-like network, used again by other runtimes."""

import json

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.formats.classifier_exports import FORMATS, RESIZE, input_of
from camtrap_gui.models import onnx_files
from camtrap_gui.models.classifiers import Classifier, backbones, check_export, exports_onnx, exports_tflite
from camtrap_gui.models.classifiers.preprocessing import INCEPTION, WAYS, WHOLE
from tests import tiny

CLASSES = ("zebra", "gazelle", "never seen")
LITE = ("tflite", "tflite-fp16", "tflite-int8")


@pytest.fixture(scope="module")
def classifier():
    """The tiny backbone with a head; one class had no training crops, and confidence was calibrated."""
    network = backbones.network(tiny.TINY, len(CLASSES), 32)
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith(("kernel", "bias", "beta", "moving_mean")):
            weight.assign(random.normal(0, 0.5, weight.shape))
    kernel, bias = network.get_layer(backbones.SPECIES_LAYER).weights
    kernel.assign(random.normal(0, 1.0, kernel.shape))
    bias.assign([0.0, 0.0, backbones.NEVER])
    made = Classifier(network, CLASSES, "tiny", 32, 1.69, temperature=1.7)
    balanced = made.predict([picture(seed) for seed in range(30)])
    logits = np.log(balanced[:, :2]) * made.temperature
    bias.assign([0.0, float(np.median(logits[:, 0] - logits[:, 1])), backbones.NEVER])
    return made


def picture(seed, size=None):
    random = np.random.default_rng(seed)
    size = size or tuple(int(side) for side in random.integers(20, 90, 2))
    blobs = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def lite(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite")
    seen = [classifier.prepare(picture(seed)) for seed in range(100, 130)]
    for kind in LITE:
        exports_tflite.write_tflite(classifier, folder / kind, kind, seen)
    return folder


@pytest.fixture(scope="module")
def pictures():
    return [picture(seed) for seed in range(40)]


def compared(classifier, kind, path, pictures):
    expected = classifier.predict(pictures)
    assert set(expected.argmax(axis=1)) == {0, 1}, "the classifier must tell these crops apart"
    told = check_export._USES[kind](path, pictures, classifier.preprocessing)
    return check_export.agreement(expected, told, check_export.TOLERANCES.get(kind, check_export.EXACT)), told


@pytest.mark.parametrize("way", WAYS)
def test_that_onnx_resizes_and_answers_as_the_classifier_does(classifier, pictures, tmp_path, way):
    from dataclasses import replace

    classifier = replace(classifier, preprocessing=way)
    path = tmp_path / "classifier.onnx"
    exports_onnx.write_onnx(classifier, path)
    found, told = compared(classifier, "onnx", path, pictures)
    assert found.is_good and found.max_difference < 2e-3
    assert (told[:, 2] == 0).all()
    about = onnx_files.read(path)
    assert about.inputs == {"images": (None, None, None, 3)}
    assert tuple(json.loads(about.texts["classes"])) == CLASSES


def test_that_an_onnx_file_is_valid_and_takes_batches(classifier, tmp_path):
    import onnx
    import openvino

    path = tmp_path / "classifier.onnx"
    exports_onnx.write_onnx(classifier, path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    network = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    batch = [picture(seed, (50, 40)) for seed in range(3)]
    told = network(np.stack([np.asarray(each) for each in batch]))["probabilities"]
    assert told == pytest.approx(classifier.predict(batch), abs=2e-3)


@pytest.mark.parametrize("kind", LITE)
def test_that_tensorflow_lite_answers_within_its_tolerance(classifier, lite, pictures, kind):
    found, told = compared(classifier, kind, lite / kind, pictures)
    assert found.is_good
    assert (told[:, 2] == 0).all(), "a class without training crops takes no probability from others"
    if kind == "tflite":
        assert found.max_difference < 1e-5


def test_that_the_8_bit_file_computes_in_whole_numbers_and_the_exact_one_does_not(lite):
    import tensorflow as tf

    def kinds(path):
        network = tf.lite.Interpreter(model_path=str(path))
        network.allocate_tensors()
        return {detail["dtype"] for detail in network.get_tensor_details()}

    assert np.int8 in kinds(lite / "tflite-int8") and np.int8 not in kinds(lite / "tflite")
    assert np.float16 in kinds(lite / "tflite-fp16")


def test_that_the_tutorials_way_of_seeing_is_used_where_the_crop_is_resized_before(classifier, lite):
    crop = [picture(7, (90, 80))]
    whole, central = (check_export._USES["tflite"](lite / "tflite", crop, way) for way in (WHOLE, INCEPTION))
    assert np.abs(whole - central).max() > 1e-3


def test_that_8_bits_may_change_a_doubtful_decision_and_never_many_clear_ones():
    tolerance = check_export.TOLERANCES["tflite-int8"]
    trained = np.tile(np.array([[0.55, 0.45]], np.float32), (50, 1))
    doubtful = trained.copy()
    doubtful[:5] = (0.45, 0.55)
    assert check_export.agreement(trained, doubtful, tolerance).is_good
    assert not check_export.agreement(trained, doubtful).is_good
    sure = np.tile(np.array([[0.99, 0.01]], np.float32), (50, 1))
    wrong = sure.copy()
    wrong[:2] = (0.1, 0.9)
    assert not check_export.agreement(sure, wrong, tolerance).is_good
    assert not check_export.agreement(trained, trained - 0.2, tolerance).is_good


def test_that_every_format_says_what_it_takes():
    for name, form in FORMATS.items():
        for way in RESIZE:
            said = input_of(name, 224, way)
            assert said and "{" not in said
        assert form.about.endswith(".") and form.title
    assert len({form.file for form in FORMATS.values()}) == len(FORMATS)
    assert set(RESIZE) == set(WAYS)
