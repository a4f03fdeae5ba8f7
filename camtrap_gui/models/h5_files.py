"""The weights in an HDF5 file of Keras, read as arrays: nothing in the file is run, and no other file is opened.

Layout: a group for each layer, named in the attribute ``layer_names``; in it, in the order of ``weight_names``, one data
set for each array. Source: ``legacy_h5_format`` of Keras, the format of keras.applications.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray


def read_layers(path: Path) -> "dict[str, ndarray]":
    """Arrays by layer and place in the layer, such as "Conv1/0". Raises Problem for anything but such a file."""
    import h5py
    import numpy as np

    arrays: dict[str, ndarray] = {}
    try:
        with h5py.File(path, "r") as file:
            for layer in _names(file, "layer_names"):
                group = _inside(file, layer)
                for place, name in enumerate(_names(group, "weight_names")):
                    data = _inside(group, name)
                    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
                        raise ValueError(f"“{name}” is no array")
                    if data.dtype.kind != "f":
                        raise ValueError(f"“{name}” does not hold numbers")
                    arrays[f"{layer}/{place}"] = np.array(data)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, RecursionError) as error:
        raise Problem(f"{path} holds no weights of Keras, or is damaged: {error}") from error
    if not arrays:
        raise Problem(f"{path} holds no weights.")
    return arrays


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names; a long one is cut into ``layer_names0``, ``layer_names1`` and so on."""
    if attribute in group.attrs:
        pieces = [group.attrs[attribute]]
    else:
        pieces = []
        while (piece := f"{attribute}{len(pieces)}") in group.attrs:
            pieces.append(group.attrs[piece])
    return [name.decode() if isinstance(name, bytes) else str(name) for piece in pieces for name in piece]


def _inside(group: Any, name: str) -> Any:
    """What lies at a path, without links into other files."""
    import h5py

    for part in name.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"“{name}” is a link")
        group = group[part]
    return group
