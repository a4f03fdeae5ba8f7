"""The default detector, on real pictures and against the same network run by TensorFlow."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.models import processor, store
from camtrap_gui.models.detectors.frozen_graph import FrozenGraph
from camtrap_gui.models.detectors.yolox import Yolox
from camtrap_gui.pictures import read_upright
from camtrap_gui.problem import Problem
from tests.models.detectors import reference


@pytest.fixture(scope="module")
def exact(installed_models) -> Yolox:
    entry = store.get("default")
    return Yolox(entry, store.read_weights(entry), bfloat16=False)


@pytest.fixture(scope="module")
def fast(installed_models) -> Yolox:
    entry = store.get("default")
    return Yolox(entry, store.read_weights(entry))


def test_that_pictures_are_fitted_into_the_left_upper_corner_of_a_black_square(exact):
    prepared = exact.prepare(Image.new("RGB", (2048, 1536), (9, 8, 7)))
    assert (prepared.width, prepared.height, prepared.pixels.shape) == (640, 480, (3, 640, 640))
    assert [set(band[:480].ravel()) for band in prepared.pixels] == [{9}, {8}, {7}]
    assert not prepared.pixels[:, 480:].any()
    tall = exact.prepare(Image.new("RGB", (1, 9000), (255, 255, 255)))
    assert (tall.width, tall.height) == (1, 640) and (tall.pixels[:, :640, 0] == 255).all()


def test_that_nothing_is_found_where_nothing_is(fast):
    pictures = [Image.new("RGB", (800, 600)), Image.linear_gradient("L").resize((640, 480)).convert("RGB")]
    found = fast.detect([fast.prepare(picture) for picture in pictures])
    assert all(one.confidence < fast.typical_threshold for boxes in found for one in boxes)


def test_that_no_pictures_give_no_answers(fast):
    assert fast.detect([]) == []


def test_that_other_weights_are_a_problem(exact):
    with pytest.raises(Problem, match="not those of a YOLOX"):
        Yolox(store.get("default"), {"fc.weight": np.zeros((2, 2))})


@pytest.mark.real
def test_that_float32_equals_the_same_network_run_by_tensorflow(exact, testdata):
    """Both are given the picture at 640 pixels, so that neither scales it."""
    path = testdata / "models" / "mdlite_tfod_frozen.pb"
    entry = replace(store.describe(path), conservative_threshold=exact.conservative_threshold)
    tensorflow = FrozenGraph(entry, path.read_bytes(), bfloat16=False)
    boxes = 0
    for picture in sorted((testdata / "images" / "serengeti").glob("S1_*"))[:8]:
        scaled = read_upright(picture).resize((640, 480))
        ours = exact.detect([exact.prepare(scaled)])[0]
        theirs = tensorflow.detect([tensorflow.prepare(scaled)])[0]
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert (a.x, a.y, a.width, a.height) == pytest.approx((b.x, b.y, b.width, b.height), abs=1e-4)
            assert a.confidence == pytest.approx(b.confidence, abs=1e-4)
        boxes += len(ours)
    assert boxes >= 8


@pytest.mark.real
@pytest.mark.parametrize("bfloat16", [False, True])
def test_that_real_pictures_give_the_reference_boxes(exact, fast, testdata, bfloat16):
    if bfloat16 and not processor.has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    wanted = reference.expected(testdata)
    pictures = sorted(wanted) if bfloat16 else sorted(wanted)[::4]
    found = reference.find(fast if bfloat16 else exact, pictures)
    agreement = reference.compare(wanted, found, 0.25)
    assert agreement.boxes >= (105 if bfloat16 else 20)
    assert agreement.same == agreement.boxes
    assert agreement.largest_difference < (0.02 if bfloat16 else 0.002)


@pytest.mark.real
def test_that_an_answer_does_not_depend_on_the_pictures_beside_it(fast, testdata):
    pictures = sorted((testdata / "images" / "ena24_small").glob("*.jpg"))[:9]
    together = reference.find(fast, pictures)
    assert together == reference.find(fast, pictures)
    assert together == {path: reference.find(fast, [path])[path] for path in pictures}


@pytest.mark.real
@pytest.mark.parametrize("bfloat16", [False, True])
def test_that_a_picture_that_comes_alone_gets_the_same_answer(installed_models, testdata, bfloat16):
    if bfloat16 and not processor.has_bfloat16():
        pytest.skip("this processor does not calculate in bfloat16")
    pictures = sorted((testdata / "images" / "ena24_small").glob("*.jpg"))[:5]
    entry = store.get("default")
    detector = Yolox(entry, store.read_weights(entry), bfloat16)
    alone = {path: reference.find(detector, [path])[path] for path in pictures}
    assert any(alone.values()) and alone == reference.find(detector, pictures)
    assert alone == {path: reference.find(detector, [path])[path] for path in pictures}
