"""What a detector's file says about itself, what its name says, and what somebody says who knows better."""

from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.models import recognition
from camtrap_gui.problem import Problem
from tests.models.detectors.networks import answering, cells

CELLS = 84
"""Of YOLOX and YOLOv8 at 64 pixels: 8 x 8 + 4 x 4 + 2 x 2. YOLOv5 has three boxes for each."""

MEGADETECTOR = {"1": "animal", "2": "person", "3": "vehicle"}


@pytest.mark.parametrize(
    ("layout", "number", "letterbox"),
    [
        ("yolov5", 3 * CELLS, "centre"),
        ("yolov5", CELLS, "corner"),
        ("yolov8", CELLS, "centre"),
        ("end-to-end", 30, "centre"),
        ("rtdetr", 30, "stretched"),
    ],
)
def test_that_layout_size_letterboxing_and_categories_are_recognised(layout, number, letterbox, tmp_path):
    entry = recognition.describe(answering(tmp_path / "Our Net.onnx", cells(layout, number, 3)))
    assert (entry.name, entry.kind, entry.layout, entry.letterbox) == ("our-net", "onnx", layout, letterbox)
    assert (entry.input_size, entry.categories) == (64, MEGADETECTOR)
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.2, 0.1)


def test_that_somebody_who_knows_better_is_believed(tmp_path):
    path = answering(tmp_path / "net.onnx", cells("yolov5", CELLS, 3), (1, 3, "h", "w"))
    entry = recognition.describe(
        path,
        "mine",
        letterbox="centre",
        input_size=64,
        categories={"2": "fox"},
        typical_threshold=0.5,
        conservative_threshold=0.02,
    )
    assert (entry.name, entry.letterbox, entry.input_size, entry.categories) == (
        "mine",
        "centre",
        64,
        {"2": "fox"},
    )
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.5, 0.02)
    assert "  ".join(recognition.facts(entry)) == (
        "It is an ONNX file, layout yolov5.  It sees pictures at 64 pixels, in the middle of a grey square.  "
        "Its categories are 2 fox.  Found means a confidence of at least 0.5; boxes are kept down to 0.02."
    )


@pytest.mark.parametrize(("texts", "size"), [({"imgsz": "[96, 96]"}, 96), ({"imgsz": "160"}, 160), ({}, 640)])
def test_that_a_network_of_any_size_is_used_at_the_size_it_was_made_for(texts, size, tmp_path):
    path = answering(tmp_path / "net.onnx", cells("yolov8", CELLS, 3), (1, 3, "h", "w"), texts)
    assert recognition.describe(path).input_size == size


@pytest.mark.parametrize("names", ["{0: 'Animal', 1: ' red  fox'}", "['animal', 'red fox']"])
def test_that_names_in_the_file_are_used(names, tmp_path):
    path = answering(tmp_path / "net.onnx", cells("yolov8", CELLS, 2), texts={"names": names})
    assert recognition.describe(path).categories == {"1": "animal", "2": "red fox"}


@pytest.mark.parametrize("names", ["__import__('os')", "{'a': 1}", "{", "(" * 5000, "3"])
def test_that_names_that_are_none_are_ignored(names, tmp_path):
    path = answering(tmp_path / "net.onnx", cells("yolov8", CELLS, 1), texts={"names": names})
    assert recognition.describe(path).categories == {"1": "animal"}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("md_v5a.0.0.onnx", (0.2, 0.05)),
        ("mdv6-yolov9-c.onnx", (0.2, 0.05)),
        ("md_v1000.0.0-redwood.onnx", (0.3, 0.05)),
        ("md_v1000.0.0-sorrel.onnx", (0.2, 0.05)),
        ("foxes.onnx", (0.2, 0.1)),
    ],
)
def test_that_thresholds_are_those_of_the_megadetector_that_the_name_says(file, expected, tmp_path):
    entry = recognition.describe(answering(tmp_path / file, cells("yolov8", CELLS, 3)))
    assert (entry.typical_threshold, entry.conservative_threshold) == expected


@pytest.mark.parametrize(
    ("answer", "more", "says"),
    [
        (cells("yolov8", CELLS, 7), {}, "7 classes apart and does not say which"),
        (cells("yolov8", CELLS, 3), {"texts": {"names": "['a', 'b']"}}, "room for 3 classes, but it names 2"),
        (np.zeros((1, 4, CELLS)), {}, "none of the layouts"),
        (np.zeros((1, 7, CELLS, 1)), {}, "none of its outputs is a list of boxes"),
        (cells("yolov8", CELLS, 3), {"sides": (1, 3, 64, 96)}, "for a square"),
        (cells("yolov8", CELLS, 3), {"sides": (4, 3, 64, 64)}, "4 pictures at a time"),
        (cells("yolov8", CELLS, 3), {"sides": (1, 1, 64, 64)}, "no RGB picture"),
        (cells("yolov8", CELLS, 3), {"sides": (1, 3, 64)}, "no RGB picture"),
        (cells("yolov8", CELLS, 3), {"kind": "UINT8"}, "whole numbers"),
    ],
)
def test_that_what_cannot_be_used_says_why(answer, more, says, tmp_path):
    with pytest.raises(Problem, match=says) as caught:
        recognition.describe(answering(tmp_path / "net.onnx", answer, **more))
    assert "net.onnx" in str(caught.value)


@pytest.mark.parametrize(
    ("corrections", "says"),
    [
        ({"layout": "yolov9"}, "no layout “yolov9”"),
        ({"letterbox": "left"}, "no letterboxing “left”"),
        ({"input_size": 96}, "takes pictures of 64 pixels and no others"),
        ({"categories": {"4": "fox"}}, "class numbers go from 1 to 3"),
        ({"categories": {"0": "fox"}}, "class numbers go from 1 to 3"),
    ],
)
def test_that_corrections_that_cannot_be_are_a_problem(corrections, says, tmp_path):
    path = answering(tmp_path / "net.onnx", cells("yolov8", CELLS, 3))
    with pytest.raises(Problem, match=says):
        recognition.describe(path, **corrections)


def test_that_only_the_first_list_of_boxes_counts(tmp_path):
    answer = cells("yolov5", 3 * CELLS, 3)
    path = answering(
        tmp_path / "net.onnx", answer, more=[np.zeros((1, 3, 8, 8, 8)), np.zeros((1, 3, 4, 4, 8))]
    )
    assert recognition.describe(path).layout == "yolov5"


@pytest.mark.parametrize("name", ["model.pth", "model.ckpt", "model.keras"])
def test_that_files_that_can_run_code_are_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(Problem, match="can run any program"):
        recognition.describe(tmp_path / name)


def test_that_a_pytorch_file_that_nobody_published_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "md_v5a.0.0.pt").write_bytes(b"not what its name says")
    with pytest.raises(Problem, match=r"none of the published MegaDetectors.*format=onnx"):
        recognition.describe(tmp_path / "md_v5a.0.0.pt")


def test_that_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(Problem, match="of no kind"):
        recognition.describe(tmp_path)
