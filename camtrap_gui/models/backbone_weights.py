"""The weights of a backbone in a file: read as arrays, and only taken when all of them are there and fit.

Files: Keras' HDF5 weights (.h5), arrays of numpy (.npz; those of this program's store and classifiers), PyTorch's (.pth, of
EfficientNet-Lite), TF-slim's checkpoint in an archive (.tar.gz, of Inception V4). Nothing in them is run.
"""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from camtrap_gui.models import h5_files
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray

Arrays = dict[str, "ndarray"]
Shapes = Mapping[str, tuple[int, ...]]
ENDINGS = (".h5", ".npz", ".pth", ".gz")


def read(file: Path, name: str, scratch: Path) -> Arrays:
    """The weights of the backbone ``name`` by the paths of its variables; what else the file holds is left there.

    ``scratch`` is a folder for what has to be unpacked. Raises Problem for a file that cannot be read, and for the
    weights of another network, saying what does not fit.
    """
    from camtrap_gui.models.classifiers import backbones

    backbone = backbones.get(name)
    ending = file.suffix.lower()
    if not file.is_file():
        raise Problem(f"There is no file {file}.")
    if ending not in ENDINGS:
        raise Problem(
            f"{file.name} holds no weights that can be read here. Weights of a backbone come as Keras' HDF5 file (.h5), "
            "arrays of numpy (.npz), PyTorch's file of EfficientNet-Lite (.pth) or TF-slim's archive (.tar.gz)."
        )
    model = backbones.embedder(backbone)
    shapes = backbones.shapes_of(model)
    if ending == ".h5":
        order = [w.path for at in model.layers for w in (*at.trainable_weights, *at.non_trainable_weights)]
        return _in_order(file, name, h5_files.read_layers(file), {path: shapes[path] for path in order})
    stored = _slim(file, scratch) if ending == ".gz" else _torch(file) if ending == ".pth" else _numpy(file)
    if not shapes.keys() <= stored.keys():
        stored = _translated(file, name, stored, backbone.arrays)
    return _fitting(file, name, stored, shapes)


def _in_order(file: Path, name: str, stored: Arrays, shapes: Shapes) -> Arrays:
    """Keras' own rule: the arrays of a file belong to the variables of the network in their order, whatever their names.

    A classifier of ImageNet's classes has more of them at the end. An array may lack axes of length 1: a depthwise
    convolution is kept as a grouped one, the factors of channels as a list.
    """
    taken = {}
    for (path, shape), (theirs, array) in zip(shapes.items(), stored.items(), strict=False):
        if [side for side in array.shape if side != 1] != [side for side in shape if side != 1]:
            raise _misfit(file, name, f"“{theirs}” is {_sides(array.shape)} where {_sides(shape)} are needed")
        taken[path] = array.reshape(shape)
    if len(stored) < len(shapes):
        raise _misfit(file, name, f"it holds {len(stored)} arrays of the {len(shapes)} needed")
    return taken


def _translated(
    file: Path, name: str, stored: Arrays, translate: Callable[[Mapping[str, "ndarray"]], Arrays]
) -> Arrays:
    try:
        return translate(stored)
    except (KeyError, IndexError, ValueError) as error:
        raise _misfit(file, name, f"{error} is not as expected") from error


def _fitting(file: Path, name: str, arrays: Arrays, shapes: Shapes) -> Arrays:
    if missing := [path for path in shapes if path not in arrays]:
        raise _misfit(file, name, f"{len(missing)} arrays are missing, “{missing[0]}” for one")
    for path, shape in shapes.items():
        if arrays[path].shape != shape or arrays[path].dtype.kind != "f":
            raise _misfit(
                file, name, f"“{path}” is {_sides(arrays[path].shape)} where {_sides(shape)} are needed"
            )
    return {path: arrays[path].astype("float32") for path in shapes}


def _misfit(file: Path, name: str, why: str) -> Problem:
    return Problem(
        f"{file.name} does not hold the weights of {name}: {why}. It may be of another network, or of a variant of it."
    )


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a single number"


def _numpy(file: Path) -> Arrays:
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise Problem(f"{file} holds no arrays, or is damaged: {error}") from error


def _torch(file: Path) -> Arrays:
    from camtrap_gui.models.torch_files import read_tensors

    return read_tensors(file)


def _slim(file: Path, scratch: Path) -> Arrays:
    from camtrap_gui.models import checkpoint_files
    from camtrap_gui.models.classifiers import inception_v4

    return checkpoint_files.read_variables(file, inception_v4.variables(), scratch)
