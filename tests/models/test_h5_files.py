"""HDF5 files of Keras are read as arrays, and nothing else in them is followed."""

import h5py
import numpy as np
import pytest

from camtrap_gui.models.h5_files import read_layers
from camtrap_gui.problem import Problem


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


def write(path, **layers):
    """As Keras does: a group for each layer, its arrays below a group of the same name."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, arrays in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{place}:0".encode() for place in range(len(arrays))]
            for place, array in enumerate(arrays):
                group[f"{name}/{place}:0"] = array


def test_that_arrays_come_by_layer_and_place(path):
    kernel, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)
    write(path, dense=[kernel, bias], nothing=[])
    arrays = read_layers(path)
    assert arrays.keys() == {"dense/0", "dense/1"}
    assert (arrays["dense/0"] == kernel).all() and (arrays["dense/1"] == bias).all()


def test_that_long_lists_of_names_are_put_together(path):
    write(path, a=[np.ones(1, np.float32)], b=[np.zeros(2, np.float32)])
    with h5py.File(path, "a") as file:
        names = file.attrs.pop("layer_names")
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:1], names[1:]
    assert read_layers(path).keys() == {"a/0", "b/0"}


def test_that_links_and_other_files_are_not_followed(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones(4, np.float32).tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.ones(4, np.float32)
    for make in (
        lambda group: group.create_dataset("x", (4,), "f4", external=[(str(secret), 0, 16)]),
        lambda group: group.__setitem__("x", h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")),
        lambda group: group.__setitem__("x", h5py.SoftLink("/y")),
    ):
        with h5py.File(path, "w") as file:
            file["y"] = np.ones(4, np.float32)
            file.attrs["layer_names"] = ["a"]
            group = file.create_group("a")
            group.attrs["weight_names"] = ["x"]
            make(group)
        with pytest.raises(Problem, match="holds no weights of Keras"):
            read_layers(path)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 500])
def test_that_what_is_no_such_file_is_a_sentence(path, content):
    path.write_bytes(content)
    with pytest.raises(Problem):
        read_layers(path)


def test_that_a_file_cut_off_anywhere_is_a_sentence(path):
    write(path, dense=[np.ones((40, 40), np.float32)])
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(Problem):
            read_layers(path)


def test_that_a_file_without_layers_or_with_texts_is_refused(path):
    with h5py.File(path, "w"):
        pass
    with pytest.raises(Problem, match="holds no weights"):
        read_layers(path)
    write(path, a=[np.array([b"text"])])
    with pytest.raises(Problem, match="does not hold numbers"):
        read_layers(path)
