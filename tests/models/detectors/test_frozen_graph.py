"""Detection graphs of the TensorFlow Object Detection API."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.models import detectors, processor, store
from camtrap_gui.models.detectors import Detection
from camtrap_gui.models.detectors.frozen_graph import LARGEST, FrozenGraph
from camtrap_gui.problem import Problem
from tests.models.detectors import reference
from tests.models.detectors.graphs import brightness_graph


@pytest.fixture(scope="module")
def brightness(tmp_path_factory) -> FrozenGraph:
    path = brightness_graph(tmp_path_factory.mktemp("graph") / "megadetector_v4.pb")
    return FrozenGraph(store.describe(path), path.read_bytes())


def look(detector: FrozenGraph, *greys: int) -> list[list[Detection]]:
    pictures = [Image.new("RGB", (40 + grey, 30), (grey, grey, grey)) for grey in greys]
    return detector.detect([detector.prepare(picture) for picture in pictures])


def test_that_classes_from_one_become_words_and_others_are_ignored(brightness):
    found = look(brightness, 255)[0]
    assert [d.category for d in found] == ["animal", "vehicle", "person"]
    assert [d.confidence for d in found] == pytest.approx([1.0, 0.9, 0.5], abs=0.005)


def test_that_corners_become_a_box_inside_the_picture(brightness):
    animal, vehicle, _ = look(brightness, 255)[0]
    assert (animal.x, animal.y, animal.width, animal.height) == pytest.approx((0.2, 0.1, 0.6, 0.4))
    assert (vehicle.x, vehicle.y, vehicle.width, vehicle.height) == pytest.approx((0.5, 0, 0.4, 1))


def test_that_boxes_below_the_conservative_threshold_are_dropped(brightness):
    assert brightness.conservative_threshold == 0.3
    assert [len(found) for found in look(brightness, 255, 128, 60)] == [3, 2, 0]


def test_that_pictures_of_different_sizes_go_together_and_answers_keep_their_order(brightness):
    greys = (255, 90, 200, 130, 255, 60, 170)
    together = look(brightness, *greys)
    assert together == [look(brightness, grey)[0] for grey in greys]


def test_that_a_graph_made_for_batches_of_one_works(tmp_path):
    detector = detectors.load(str(brightness_graph(tmp_path / "one.pb", batch=1)))
    assert [len(found) for found in look(detector, 255, 255, 0)] == [3, 3, 0]


def test_that_huge_pictures_are_reduced_before_they_wait_for_the_detector(brightness):
    prepared = brightness.prepare(Image.new("RGB", (2 * LARGEST + 10, 300)))
    assert prepared.shape == (100, 2734, 3) and prepared.dtype == np.uint8
    assert brightness.prepare(Image.new("RGB", (LARGEST, 30))).shape == (30, LARGEST, 3)


@pytest.mark.parametrize("operation", ["ReadFile", "PyFunc", "ImmutableConst"])
def test_that_a_graph_that_reaches_out_is_refused(tmp_path, operation):
    path = brightness_graph(tmp_path / "spy.pb", extra=operation)
    with pytest.raises(Problem, match=f"{operation}.*reaches out"):
        detectors.load(str(path))


def test_that_a_file_changed_after_it_was_added_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    entry = store.add(brightness_graph(tmp_path / "mine.pb"))
    brightness_graph(entry.path, batch=1)
    with pytest.raises(Problem, match="has changed"):
        detectors.load("mine")


def test_that_a_graph_tensorflow_refuses_is_a_problem(tmp_path):
    path = brightness_graph(tmp_path / "odd.pb")
    broken = path.read_bytes().replace(b"Placeholder", b"Placeholdex")
    with pytest.raises(Problem, match="TensorFlow cannot use this graph"):
        FrozenGraph(store.describe(path), broken)


def test_that_closing_the_program_needs_no_goodbye(tmp_path):
    before = threading.active_count()
    detector = detectors.load(str(brightness_graph(tmp_path / "g.pb")))
    look(detector, 255)
    del detector
    assert threading.active_count() <= before + 4


@pytest.mark.real
@pytest.mark.parametrize("bfloat16", [False, True])
def test_that_real_pictures_give_the_reference_detections(testdata, bfloat16):
    if bfloat16 and not processor.has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    path = testdata / "models" / "mdlite_tfod_frozen.pb"
    entry = replace(store.describe(path), conservative_threshold=0.02)
    wanted = reference.expected(testdata)
    pictures = sorted(wanted)[:: 2 if bfloat16 else 6]
    found = reference.find(FrozenGraph(entry, path.read_bytes(), bfloat16), pictures)
    agreement = reference.compare(wanted, found, 0.25 if bfloat16 else 0.05)
    if bfloat16:
        assert agreement.boxes >= 40
        assert agreement.same >= 0.97 * agreement.boxes
        assert agreement.median_iou > 0.995  # 0.993 when the last layers are in bfloat16 too
        assert agreement.largest_difference < 0.02
    else:
        assert agreement.boxes >= 15
        assert agreement.smallest_iou > 0.99  # the reference is rounded to four digits
        assert agreement.largest_difference < 0.001
