"""An ONNX file is judged without a runtime."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from camtrap_gui.models import onnx_files
from camtrap_gui.problem import Problem
from tests.models.detectors.networks import answering, cells


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    return answering(
        path, cells("yolov8", 84, 3), (1, 3, "h", "w"), {"names": "{0: 'a'}", "imgsz": "[64, 64]"}
    ).read_bytes()


def changed(whole: bytes, path, change) -> object:
    model = onnx.ModelProto.FromString(whole)
    change(model.graph)
    path.write_bytes(model.SerializeToString())
    return path


def outside(tensor: TensorProto) -> TensorProto:
    """The same tensor, its values said to be in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/hostname")
    return tensor


def test_that_inputs_and_texts_are_read_and_weights_are_no_inputs(whole, tmp_path):
    def list_weights_as_inputs(graph):  # as files of the first years do
        graph.input.append(helper.make_tensor_value_info("zero", TensorProto.FLOAT, []))

    found = onnx_files.read(changed(whole, tmp_path / "net.onnx", list_weights_as_inputs))
    assert found.inputs == {"images": (1, 3, None, None)}
    assert found.texts == {"names": "{0: 'a'}", "imgsz": "[64, 64]"}


def in_a_weight(graph):
    outside(graph.initializer[0])


def in_a_constant(graph):
    values = outside(numpy_helper.from_array(np.zeros(3, np.float32), "x"))
    graph.node.append(helper.make_node("Constant", [], ["unused"], value=values))


def in_a_branch(graph):
    inner = helper.make_graph(
        [], "inner", [], [], [outside(numpy_helper.from_array(np.zeros(3, np.float32), "x"))]
    )
    graph.node.append(helper.make_node("If", ["mean"], ["unused"], then_branch=inner, else_branch=inner))


@pytest.mark.parametrize("where", [in_a_weight, in_a_constant, in_a_branch])
def test_that_weights_in_other_files_are_refused_wherever_they_are_named(where, whole, tmp_path):
    with pytest.raises(Problem, match="weights are in other files"):
        onnx_files.read(changed(whole, tmp_path / "net.onnx", where))


def of_another_maker(graph):
    graph.node.append(helper.make_node("Spy", ["mean"], ["unused"], domain="com.example"))


def of_another_maker_in_a_branch(graph):
    inner = helper.make_graph([helper.make_node("Spy", [], ["x"], domain="com.example")], "inner", [], [])
    graph.node.append(helper.make_node("If", ["mean"], ["unused"], then_branch=inner, else_branch=inner))


@pytest.mark.parametrize("where", [of_another_maker, of_another_maker_in_a_branch])
def test_that_operations_of_other_makers_are_refused(where, whole, tmp_path):
    with pytest.raises(Problem, match=r"Spy is not one of ONNX, but of “com\.example”"):
        onnx_files.read(changed(whole, tmp_path / "net.onnx", where))


def test_that_graphs_nested_without_end_are_refused(whole, tmp_path):
    def nest(graph):
        inner = helper.make_graph([], "inner", [], [])
        for _ in range(30):
            node = helper.make_node(
                "If", ["mean"], ["x"], then_branch=inner, else_branch=helper.make_graph([], "e", [], [])
            )
            inner = helper.make_graph([node], "inner", [], [])
        graph.node.extend(inner.node)

    with pytest.raises(Problem, match="too deep"):
        onnx_files.read(changed(whole, tmp_path / "net.onnx", nest))


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", bytes(100), b"\x08\x09"])
def test_that_another_file_is_a_problem(data, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(Problem, match="no ONNX file"):
        onnx_files.read(path)


@settings(max_examples=300, deadline=2000)
@given(st.data())
def test_that_any_damage_passes_or_is_a_problem(whole, tmp_path_factory, data):
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    try:
        onnx_files.read(path)
    except Problem as problem:
        assert "damaged.onnx" in str(problem)
