"""Detectors in ONNX files: the default detector's weights in every layout find what they find as themselves."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from camtrap_gui.geometry import iou
from camtrap_gui.models import detectors, processor, recognition, store
from camtrap_gui.models.detectors.onnx_graph import OnnxGraph
from camtrap_gui.models.detectors.yolox import Yolox
from camtrap_gui.problem import Problem
from camtrap_gui.project import detections
from camtrap_gui.steps import detect
from tests.exported import LAYOUTS, write_onnx
from tests.models.detectors.networks import answering, cells
from tests.models.detectors.same_boxes import assert_same, find, pictures

SIZE = 640


@pytest.fixture(scope="module")
def weights(installed_models):
    return store.read_weights(store.get("default"))


@pytest.fixture(scope="module")
def reference(weights) -> Yolox:
    return Yolox(store.get("default"), weights, bfloat16=False)


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> list[Image.Image]:
    return pictures(tmp_path_factory.mktemp("survey") / "pictures")


@pytest.fixture(scope="module")
def square(seen) -> list[Image.Image]:
    """The pictures without anything around them, which every letterboxing leaves as they are."""
    return [picture.resize((SIZE, SIZE)) for picture in seen]


def described(path, **corrections):
    return recognition.describe(path, conservative_threshold=0.05, **corrections)


@pytest.mark.parametrize(
    ("layout", "channels_last"), list(zip(LAYOUTS, (False, True, False, False), strict=True))
)
def test_that_every_layout_finds_the_boxes_of_the_reference(
    layout, channels_last, weights, reference, square, tmp_path
):
    path = write_onnx(tmp_path / "net.onnx", weights, layout, letterbox="centre", channels_last=channels_last)
    entry = described(
        path, categories={"1": "animal"}, **({"letterbox": "centre"} if layout == "yolov5" else {})
    )
    assert (entry.kind, entry.layout, entry.input_size) == ("onnx", layout, SIZE)
    assert entry.letterbox == ("stretched" if layout == "rtdetr" else "centre")
    assert_same(find(OnnxGraph(entry, bfloat16=False), square), find(reference, square))


def test_that_an_rt_detr_that_says_so_is_told_from_an_end_to_end_answer_of_the_same_shape(
    weights, reference, square, tmp_path
):
    """As Ultralytics 8.4 exports it: score and class in columns of their own, named in the texts of the file."""
    texts = {"head": "RTDETRDecoder", "description": "Ultralytics rtdetr-l model", "names": "{0: 'animal'}"}
    path = write_onnx(tmp_path / "net.onnx", weights, "rtdetr-top", letterbox="stretched", texts=texts)
    entry = described(path)
    assert (entry.layout, entry.letterbox, entry.categories) == ("rtdetr", "stretched", {"1": "animal"})
    assert_same(find(OnnxGraph(entry, bfloat16=False), square), find(reference, square))


def test_that_an_rt_detr_as_its_authors_export_it_is_an_end_to_end_answer_in_a_stretched_picture(
    weights, reference, square, tmp_path
):
    path = write_onnx(tmp_path / "net.onnx", weights, "rtdetr-own", letterbox="stretched")
    entry = described(path, categories={"1": "animal"})
    assert (entry.layout, entry.letterbox, entry.input_size) == ("end-to-end", "stretched", SIZE)
    assert_same(find(OnnxGraph(entry, bfloat16=False), square), find(reference, square))


def test_that_an_rt_detr_that_does_not_say_so_is_refused_with_what_to_say(tmp_path):
    queries = np.tile(np.array([0.5, 0.5, 0.2, 0.2, 0.04, 1], np.float32), (1, 300, 1))
    path = answering(tmp_path / "net.onnx", queries)
    with pytest.raises(Problem, match="--layout rtdetr"):
        OnnxGraph(described(path))
    assert OnnxGraph(described(path, layout="rtdetr")).categories == ("animal", "person", "vehicle")


@pytest.mark.parametrize("layout", ["yolov5", "yolov8"])
def test_that_boxes_are_the_same_in_pictures_of_any_shape_in_the_corner(
    layout, weights, reference, seen, tmp_path
):
    path = write_onnx(tmp_path / "net.onnx", weights, layout, dynamic=True)
    detector = OnnxGraph(described(path, letterbox="corner"), bfloat16=False)
    shapes = [seen[0].rotate(90, expand=True), *seen[1:]]
    assert_same(find(detector, shapes), find(reference, shapes))


def test_that_boxes_of_centred_pictures_are_those_of_the_picture(weights, reference, seen, tmp_path):
    """The reference is given the same grey square as a picture of its own."""
    path = write_onnx(tmp_path / "net.onnx", weights, "yolov8", letterbox="centre")
    detector = OnnxGraph(described(path), bfloat16=False)
    small = [picture.resize((640, 480)) for picture in seen]
    squares = [ImageOps.pad(picture, (SIZE, SIZE), color=(114, 114, 114)) for picture in small]
    ours, theirs = find(detector, small), find(reference, squares)
    wanted = [
        [replace(box, y=(box.y * 640 - 80) / 480, height=box.height * 640 / 480) for box in boxes]
        for boxes in theirs
    ]
    inside = [
        [box for box in boxes if box.y >= 0 and box.y + box.height <= 1 and box.confidence >= 0.1]
        for boxes in wanted
    ]
    of_these = [
        [min(boxes, key=lambda one: abs(one.x - box.x) + abs(one.y - box.y)) for box in some]
        for boxes, some in zip(ours, inside, strict=True)
    ]
    assert_same(of_these, inside, least=4)


def test_that_bfloat16_changes_sure_boxes_little(weights, reference, square, tmp_path):
    if not processor.has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    path = write_onnx(tmp_path / "net.onnx", weights, "yolov5")
    found = find(OnnxGraph(described(path, letterbox="corner"), bfloat16=True), square)
    sure = close = 0
    for ours, theirs in zip(found, find(reference, square), strict=True):
        for box in theirs:
            if box.confidence >= 0.3:
                sure += 1
                close += any(
                    iou((a.x, a.y, a.width, a.height), (box.x, box.y, box.width, box.height)) >= 0.8
                    and abs(a.confidence - box.confidence) <= 0.05
                    for a in ours
                )
    assert sure >= 4 and close >= 0.8 * sure


def test_that_the_step_takes_a_file_and_the_answer_depends_on_no_other_picture(
    weights, seen, tmp_path, project
):
    path = write_onnx(
        tmp_path / "net.onnx", weights, "yolov8", letterbox="centre", texts={"names": "{0: 'Animal'}"}
    )
    (tmp_path / "pictures").mkdir()
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(tmp_path / "pictures"),))
        for number, picture in enumerate(seen[:3], 1):
            picture.save(tmp_path / "pictures" / f"{number}.png")
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)",
                (number, number, f"{number}.png"),
            )
    result = detect.run(project, detect.Options(detector=str(path)), lambda _: None)
    assert (result.detector, result.new) == ("net", 3)
    latest = detections.latest_detector(project)
    detector = detectors.load(str(path))
    for number, picture in enumerate(seen[:3], 1):
        (alone,) = find(detector, [picture])
        assert len(detections.of_image(project, number, latest.id)) == len(alone)
        assert {box.category for box in alone} <= {"animal"}


def test_that_classes_without_a_name_are_left_out_and_classes_do_not_suppress_each_other(tmp_path):
    answer = cells("yolov8", 84, 3)
    answer[0, :4, :3] = [[32] * 3, [32] * 3, [16] * 3, [16] * 3]
    answer[0, 4:, :3] = np.diag([0.9, 0.8, 0.7])
    entry = described(answering(tmp_path / "net.onnx", answer), categories={"1": "animal", "3": "vehicle"})
    (found,) = find(OnnxGraph(entry), [Image.new("RGB", (64, 64))])
    assert [(box.category, round(box.confidence, 3)) for box in found] == [("animal", 0.9), ("vehicle", 0.7)]
    assert (found[0].x, found[0].y, found[0].width, found[0].height) == pytest.approx(
        (0.375, 0.375, 0.25, 0.25)
    )


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda answer: answer * 0.01, "not in pixels"),
        (lambda answer: answer - 5.0, "no probabilities"),
        (lambda answer: answer * np.nan, "no probabilities"),
    ],
)
@pytest.mark.parametrize("layout", ["yolov5", "yolov8"])
def test_that_a_network_that_answers_otherwise_is_refused_when_it_is_added(
    spoil, says, layout, tmp_path, monkeypatch
):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    path = answering(tmp_path / "net.onnx", spoil(cells(layout, 84, 3)))
    with pytest.raises(Problem, match=says):
        store.add(path)
    assert store.entries() == []


def test_that_boxes_left_in_cells_are_refused_with_what_to_do(weights, tmp_path):
    path = write_onnx(tmp_path / "net.onnx", weights, "yolov5", decoded=False)
    with pytest.raises(Problem, match="decode_in_inference"):
        OnnxGraph(described(path))


def test_that_a_file_changed_after_it_was_added_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    entry = store.add(answering(tmp_path / "mine.onnx", cells("yolov8", 84, 3)))
    assert detectors.load("mine").sha256 == entry.sha256
    answering(entry.path, cells("yolov8", 84, 4))
    detectors._warm.clear()
    with pytest.raises(Problem, match="has changed"):
        detectors.load("mine")
