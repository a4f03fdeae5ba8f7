"""Files made by PyTorch itself are read right; files made by somebody clever are refused, quickly."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.models.torch_files import read_tensors
from camtrap_gui.problem import Problem

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(("file", "key"), [("zip.pth", ""), ("legacy.pth", ""), ("checkpoint.pth", "model")])
def test_that_files_of_both_layouts_give_the_arrays_pytorch_has_written(file, key):
    read = read_tensors(DATA / file, key)
    with np.load(DATA / "expected.npz") as expected:
        assert set(read) == set(expected.files)
        for name, array in read.items():
            assert array.dtype == expected[name].dtype
            np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_that_bytes_and_path_give_the_same():
    from_path, from_bytes = read_tensors(DATA / "zip.pth"), read_tensors((DATA / "zip.pth").read_bytes())
    assert all((from_path[name] == array).all() for name, array in from_bytes.items())


@pytest.mark.parametrize("key", ["optimizer", "epoch", "nothing", "model.0.weight"])
def test_that_a_key_without_tensors_is_a_problem(key):
    with pytest.raises(Problem, match=f"holds no weights under “{key}”"):
        read_tensors(DATA / "checkpoint.pth", key)


def test_that_a_nested_key_is_found():
    assert list(read_tensors(DATA / "checkpoint.pth", "optimizer.state")) == ["0"]


def test_that_a_whole_network_is_refused_by_the_name_it_would_call():
    with pytest.raises(Problem, match=r"torch\.nn\.modules\.container Sequential"):
        read_tensors(DATA / "network.pth")


def test_that_a_tensor_larger_than_its_numbers_is_a_problem():
    with pytest.raises(Problem, match="larger than its numbers"):
        read_tensors(DATA / "expanded.pth")


def test_that_a_file_that_is_not_there_or_empty_is_a_problem(tmp_path):
    with pytest.raises(Problem, match="cannot be read"):
        read_tensors(tmp_path / "none.pth")
    (tmp_path / "empty.pth").touch()
    with pytest.raises(Problem, match="damaged"):
        read_tensors(tmp_path / "empty.pth")


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("layout", ["zip", "legacy"])
def test_that_code_in_a_file_is_never_run(tmp_path, layout):
    mark = tmp_path / "ran"
    description = pickle.dumps({"a": _Evil(mark)}, protocol=2)
    assert pickle.loads(description) is not None and mark.is_dir()  # noqa: S301 - it would run
    mark.rmdir()
    with pytest.raises(Problem, match="mkdir"):
        read_tensors(_zip(description) if layout == "zip" else description)
    assert not mark.exists()


def test_that_instructions_that_no_weights_file_needs_are_refused():
    with pytest.raises(Problem, match="STACK_GLOBAL"):
        read_tensors(_zip(b"\x80\x02X\x02\0\0\0osX\x05\0\0\0mkdir\x93."))


# A tensor of four float32 under key "0": GLOBAL, (("storage", FloatStorage, "0", "cpu", 4), offset, shape, strides, ...)
def _tensor(offset: bytes = b"K\0", shape: bytes = b"K\x04\x85", strides: bytes = b"K\x01\x85") -> bytes:
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ"
    whole = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + strides + b"\x89}tR"
    return b"\x80\x02}X\x01\0\0\0a" + whole + b"s."


def test_that_the_hand_made_tensor_is_right():
    assert read_tensors(_zip(_tensor()))["a"].tolist() == [0, 1, 2, 3]


BILLION = b"J" + struct.pack("<i", 1_000_000_000)


@pytest.mark.parametrize(
    "description",
    [
        pytest.param(_tensor(offset=b"K\x01"), id="begins too late"),
        pytest.param(_tensor(offset=b"J" + struct.pack("<i", -1)), id="begins too early"),
        pytest.param(_tensor(shape=BILLION + b"\x85"), id="too long"),
        pytest.param(_tensor(shape=BILLION + b"\x85", strides=b"K\0\x85"), id="the same number a billion times"),
        pytest.param(_tensor(strides=b"K\x02\x85"), id="steps too wide"),
        pytest.param(_tensor(strides=b"J" + struct.pack("<i", -1) + b"\x85"), id="steps backwards"),
        pytest.param(_tensor(shape=b"K\x02K\x02\x86"), id="more axes than steps"),
        pytest.param(_tensor(shape=b"(" + b"K\x01" * 100 + b"t", strides=b"(" + b"K\x01" * 100 + b"t"), id="100 axes"),
        pytest.param(b"\x80\x02}r\xff\xff\xff\x7f.", id="a memo of gigabytes"),
        pytest.param(b"\x80\x02}(K\x01)" + b"q\x00h\x00\x86" * 60 + b"K\x01u.", id="a key that takes for ever to hash"),
        pytest.param(b"\x80\x02X\xff\xff\xff\x7f.", id="a text of gigabytes"),
        pytest.param(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", id="100,000 lists deep"),
        pytest.param(b"\x80\x02}q\x00X\x01\0\0\0ah\x00s.", id="holds itself"),
        pytest.param(b"\x80\x02.", id="nothing"),
        pytest.param(b"\x80\x02ccollections\nOrderedDict\n)R}b.", id="no tensor"),
        pytest.param(b"\x80\x02ccollections\nOrderedDict\n}b.", id="attributes for a class"),
    ],
)  # fmt: skip
def test_that_a_description_that_does_not_fit_is_a_problem(description):
    with pytest.raises(Problem):
        read_tensors(_zip(description))


def test_that_a_packed_or_doubled_archive_does_not_unfold():
    with pytest.raises(Problem, match="not stored plainly"):
        read_tensors(_zip(_tensor(), zipfile.ZIP_DEFLATED))
    with pytest.raises(Problem, match=r"no data\.pkl"):
        read_tensors(_zip(_tensor(), folder="a/b"))


ORIGINALS = [(DATA / file).read_bytes() for file in ("zip.pth", "legacy.pth", "checkpoint.pth")] + [_tensor()]


@settings(max_examples=400, deadline=2000)
@given(st.data())
def test_that_any_damage_gives_arrays_or_a_problem(data):
    damaged = bytearray(data.draw(st.sampled_from(ORIGINALS)))
    places = st.integers(0, len(damaged) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(places)] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(places)]
    _arrays_or_problem(bytes(damaged))


INSTRUCTIONS = [b".", b"(", b"N", b"K\x01", b"K\x04", b"X\x01\0\0\x000", b")", b"]", b"}", b"t", b"\x85", b"\x86", b"\x87",
                b"a", b"e", b"s", b"u", b"q\0", b"h\0", b"Q", b"R", b"b", b"ctorch\nFloatStorage\n", b"X\x07\0\0\0storage",
                b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n", b"0", b"2", b"G\0\0\0\0\0\0\0\0"]  # fmt: skip


@settings(max_examples=400, deadline=2000)
@given(st.lists(st.sampled_from(INSTRUCTIONS), max_size=30))
def test_that_any_order_of_instructions_gives_arrays_or_a_problem(instructions):
    _arrays_or_problem(_zip(b"\x80\x02" + b"".join(instructions) + b"."))
    _arrays_or_problem(b"".join(instructions))


def _arrays_or_problem(data: bytes) -> None:
    try:
        arrays = read_tensors(data)
    except Problem:
        return
    for array in arrays.values():
        array.sum(dtype="f8")  # every number is really there


def _zip(description: bytes, compression: int = zipfile.ZIP_STORED, folder: str = "archive") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(f"{folder}/data.pkl", description)
        archive.writestr(f"{folder}/data/0", np.arange(4, dtype="<f4").tobytes())
    return file.getvalue()
