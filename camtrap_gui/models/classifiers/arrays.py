"""Named float32 arrays in one file: numpy's ``.npz``, written the same way every time and read with suspicion.

Equal arrays make equal bytes, so a file's SHA-256 names its content. Reading trusts nothing: no pickle, and no byte is
unpacked before names, shapes and sizes are known to be those expected.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap_gui.files import replacing

if TYPE_CHECKING:
    from numpy import ndarray

_LONGEST_HEADER = 1024  # bytes before the numbers of one .npy member
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Unfit(Exception):
    """Why a file does not hold the arrays expected."""


def write(path: Path, arrays: Mapping[str, "ndarray"]) -> None:
    """Write the arrays, whole or not at all; numpy.load(path, allow_pickle=False) reads them too."""
    import numpy

    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.create_system = 3  # the operating system would show in the bytes
            with archive.open(info, "w", force_zip64=True) as member:
                array = numpy.asarray(arrays[name], order="C")
                numpy.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def read(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "float32") -> dict[str, "ndarray"]:
    """The arrays of a file, which must be exactly those of ``shapes``. Raises Unfit when they are not."""
    import numpy

    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            _compare(members, shapes, numpy.dtype(dtype).itemsize)
            arrays = {}
            for name, info in members.items():
                with archive.open(info) as member:
                    array = numpy.lib.format.read_array(member, allow_pickle=False)
                if array.shape != tuple(shapes[name]) or array.dtype != dtype:
                    raise Unfit(f"{name} is {array.dtype} {array.shape}, not {dtype} {tuple(shapes[name])}")
                arrays[name] = array
            return arrays
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unfit(str(error)) from error


def _compare(members: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> None:
    import math

    if odd := sorted(set(members) ^ set(shapes)):
        raise Unfit(f"{len(odd)} arrays are missing or too many, {odd[0]} for one")
    for name, info in members.items():
        size = math.prod(shapes[name]) * itemsize
        if not size < info.file_size <= size + _LONGEST_HEADER:
            raise Unfit(f"{name} has {info.file_size} bytes, not {size} and a header")
