"""A graph file is judged without TensorFlow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.models.graph_files import check_detection_graph
from camtrap_gui.problem import Problem

DETECTOR = dict.fromkeys(("detection_boxes", "detection_scores", "detection_classes"), "Identity")
DETECTOR["image_tensor"] = "Placeholder"


def test_that_a_real_detector_graph_passes(testdata):
    check_detection_graph(testdata / "models" / "mdlite_tfod_frozen.pb")


def test_that_a_graph_with_the_nodes_of_a_detector_passes(tmp_path):
    check_detection_graph(_written(tmp_path, graph(DETECTOR)))


def test_that_a_classifier_is_no_detector(tmp_path):
    with pytest.raises(
        Problem, match="has no detection_boxes, detection_classes, detection_scores, image_tensor"
    ):
        check_detection_graph(_written(tmp_path, graph({"input": "Placeholder", "output": "Softmax"})))


@pytest.mark.parametrize(
    "operation", ["WriteFile", "ReadFile", "PyFunc", "SaveV2", "PrintV2", "LoadAndRemapMatrix"]
)
def test_that_a_graph_that_reaches_out_is_refused(tmp_path, operation):
    with pytest.raises(Problem, match=f"“quiet” \\({operation}\\) reaches out"):
        check_detection_graph(_written(tmp_path, graph({**DETECTOR, "quiet": operation})))


def test_that_hiding_in_a_function_does_not_help(tmp_path):
    function = _message(3, _node("quiet", "WriteFile"))
    library = _message(2, _message(1, function))
    with pytest.raises(Problem, match="reaches out"):
        check_detection_graph(_written(tmp_path, graph(DETECTOR) + library))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n" * 9, b"PK\x03\x04", bytes(100), b"\x0a\xff\xff\xff\xff\x0f"]
)
def test_that_another_file_is_a_problem(tmp_path, data):
    with pytest.raises(Problem, match="no frozen TensorFlow graph"):
        check_detection_graph(_written(tmp_path, data))


@settings(max_examples=300, deadline=2000)
@given(st.data())
def test_that_any_damage_passes_or_is_a_problem(tmp_path_factory, data):
    damaged = bytearray(
        graph({**DETECTOR, "other": "Conv2D"}) + _message(2, _message(1, _message(3, _node("f", "Add"))))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_detection_graph(_written(tmp_path_factory.getbasetemp(), bytes(damaged)))
    except Problem as problem:
        assert "graph.pb" in str(problem)


def _written(folder, data: bytes):
    path = folder / "graph.pb"
    path.write_bytes(data)
    return path


def graph(nodes: dict[str, str]) -> bytes:
    """A GraphDef with these nodes: name and operation."""
    return b"".join(_message(1, _node(name, operation)) for name, operation in nodes.items())


def _node(name: str, operation: str) -> bytes:
    return _message(1, name.encode()) + _message(2, operation.encode())


def _message(field: int, content: bytes) -> bytes:
    assert len(content) < 1 << 14
    return bytes([field << 3 | 2, len(content) & 0x7F | 0x80, len(content) >> 7]) + content
