"""Reading the arrays of a PyTorch weights file with numpy alone, without PyTorch and without unpickling.

A ``.pth`` file is a pickle that describes tensors, plus their raw numbers. ``tensor_pickles`` follows the description;
here every size, stride and offset it names is checked against the bytes that are really there.

Two layouts are in use. Since PyTorch 1.6 a file is an uncompressed zip: ``<folder>/data.pkl`` and one raw file
``<folder>/data/<key>`` per storage. Before, it was five pickles in a row (a magic number, the protocol, facts about
the machine, the dictionary, the list of storage keys) followed by the storages, each after its element count as int64.
Source: ``torch/serialization.py``.
"""

import io
import math
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.tensor_pickles import Refused, Storage, Tensor, follow
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

# What slips out of zipfile, pickletools and indexing when bytes are not what they should be.
_DAMAGE = (
    ValueError, LookupError, TypeError, OverflowError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile,
)  # fmt: skip

BytesOf = Callable[[Storage], bytes | memoryview]


def read_tensors(source: Path | bytes, key: str = "") -> "dict[str, numpy.ndarray]":
    """The tensors of a weights file by name, as read-only arrays that share the file's bytes.

    ``key`` leads to the dictionary wanted, with dots between levels ("model" in a training checkpoint); the whole file
    is that dictionary when it is empty. Values that are not tensors are left out. Raises Problem for a file that is
    damaged, holds no such dictionary, or asks for anything but arrays.
    """
    where = str(source) if isinstance(source, Path) else "The file"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        description, storages = _read_zip(data) if data[:2] == b"PK" else _read_legacy(data)
        for part in key.split(".") if key else ():
            description = description.get(part) if isinstance(description, dict) else None
        tensors = description.items() if isinstance(description, dict) else ()
        arrays = {str(name): _array(t, storages) for name, t in tensors if isinstance(t, Tensor)}
    except OSError as error:
        raise Problem(f"{where} cannot be read: {error.strerror or error}.") from error
    except Refused as refused:
        raise Problem(
            f"{where} is not used: {refused}. Weights files may hold nothing but arrays."
        ) from refused
    except _DAMAGE as error:
        raise Problem(
            f"{where} is damaged or not a PyTorch weights file ({str(error)[:200]}). Fetch it again."
        ) from error
    if not arrays:
        raise Problem(f"{where} holds no weights" + (f" under “{key}”." if key else "."))
    return arrays


def _read_zip(data: bytes) -> tuple[Any, BytesOf]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError("no data.pkl in the archive")
    folder = names[0].removesuffix("data.pkl")
    left = len(data)  # members that overlap could otherwise unfold without end
    read: dict[str, bytes] = {}

    def member(name: str) -> bytes:
        nonlocal left
        if name not in read:
            about = archive.getinfo(name)
            left -= about.file_size
            if about.compress_type != zipfile.ZIP_STORED or left < 0:
                raise ValueError(f"{name} is not stored plainly")
            read[name] = archive.read(about)
        return read[name]

    if f"{folder}byteorder" in archive.namelist() and member(f"{folder}byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    description = follow(io.BytesIO(member(names[0])), {})
    return description, lambda storage: member(f"{folder}data/{storage.key}")


def _read_legacy(data: bytes) -> tuple[Any, BytesOf]:
    file = io.BytesIO(data)
    storages: dict[str, Storage] = {}
    magic, protocol, machine, description, keys = (follow(file, storages) for _ in range(5))
    if magic != _MAGIC or protocol != _PROTOCOL:
        raise ValueError("it does not begin as one")
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    at, everything = file.tell(), memoryview(data)
    places: dict[str, memoryview] = {}
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("its list of storages makes no sense")
    for key in keys:
        storage = storages[key]
        start = at + 8
        at = start + storage.size
        if int.from_bytes(everything[start - 8 : start], "little") != storage.count or at > len(data):
            raise ValueError("it ends too early")
        places[key] = everything[start:at]
    return description, lambda storage: places[storage.key]


def _array(tensor: Tensor, bytes_of: BytesOf) -> "numpy.ndarray":
    import numpy as np

    raw, storage = bytes_of(tensor.storage), tensor.storage
    if len(tensor.shape) != len(tensor.strides) or len(tensor.shape) > 32:
        raise ValueError("a tensor's shape makes no sense")
    elements = math.prod(tensor.shape)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if len(raw) != storage.size or elements > storage.count:
        raise ValueError("a tensor is larger than its numbers")
    if elements == 0:
        return np.empty(tensor.shape, storage.dtype)
    if last >= storage.count:
        raise ValueError("a tensor reaches beyond its numbers")
    numbers = np.frombuffer(raw, storage.dtype)[tensor.offset :]
    steps = tuple(step * numbers.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(numbers, tensor.shape, steps, writeable=False)
