"""Reading the arrays of a PyTorch weights file with numpy alone, without PyTorch and without unpickling.

A ``.pth`` file is a pickle that describes tensors, plus their raw numbers. A pickle is a program, and running a
stranger's program is how model files steal data. So this module does not run it: it walks the few instructions that
a dictionary of tensors needs, knows the four names that may appear in one, and refuses everything else. Nothing a
file says can call a function, and every size, stride and offset is checked against the bytes that are really there.

Two layouts are in use. Since PyTorch 1.6 a file is an uncompressed zip: ``<folder>/data.pkl`` and one raw file
``<folder>/data/<key>`` per storage. Before, it was five pickles in a row (a magic number, the protocol, facts about
the machine, the dictionary, the list of storage keys) followed by the storages, each after its element count as int64.
Source: ``torch/serialization.py``.
"""

import io
import math
import pickletools
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

Kind = TypeVar("Kind")

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_LONGEST_DESCRIPTION = 64 << 20  # bytes of pickle; a network of 700 tensors needs 0.1 MB
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


def read_tensors(source: Path | bytes, key: str = "") -> "dict[str, numpy.ndarray]":
    """The tensors of a weights file by name, as read-only arrays that share the file's bytes.

    ``key`` leads to the dictionary wanted, with dots between levels ("model" in a training checkpoint); the whole file
    is that dictionary when it is empty. Values that are not tensors are left out. Raises Problem for a file that is
    damaged, holds no such dictionary, or asks for anything but arrays.
    """
    where = str(source) if isinstance(source, Path) else "The weights"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        description, storages = _read_zip(data) if data[:2] == b"PK" else _read_legacy(data)
        for part in key.split(".") if key else ():
            description = description[part] if isinstance(description, dict) else None
        tensors = description.items() if isinstance(description, dict) else ()
        arrays = {str(name): _array(t, storages) for name, t in tensors if isinstance(t, _Tensor)}
    except OSError as error:
        raise Problem(f"{where} cannot be read: {error.strerror or error}.") from error
    except _Refused as refused:
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


class _Refused(Exception):
    """The file asks for something that is not an array."""


# What slips out of zipfile, pickletools and indexing when bytes are not what they should be.
_DAMAGE = (
    ValueError, LookupError, TypeError, OverflowError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Storage:
    dtype: str
    key: str
    count: int


@dataclass(frozen=True, eq=False)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


_Storages = Callable[[_Storage], "memoryview | bytes"]


def _read_zip(data: bytes) -> tuple[Any, _Storages]:
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
    description = _follow(io.BytesIO(member(names[0])), {})
    return description, lambda storage: member(f"{folder}data/{storage.key}")


def _read_legacy(data: bytes) -> tuple[Any, _Storages]:
    file = io.BytesIO(data)
    storages: dict[str, _Storage] = {}
    magic, protocol, machine, description, keys = (_follow(file, storages) for _ in range(5))
    if magic != _MAGIC or protocol != _PROTOCOL:
        raise ValueError("it does not begin as one")
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    at, everything = file.tell(), memoryview(data)
    places: dict[str, memoryview] = {}
    for key in keys if isinstance(keys, list) else ():
        storage = storages[_text(key)]
        start = at + 8
        at = start + storage.count * _item_size(storage)
        if int.from_bytes(everything[start - 8 : start], "little") != storage.count or at > len(data):
            raise ValueError("it ends too early")
        places[key] = everything[start:at]
    return description, lambda storage: places[storage.key]


def _follow(file: io.BytesIO, storages: dict[str, _Storage]) -> Any:
    """What the pickle at the file's place describes, with ``_Tensor`` for tensors; their storages are noted by key."""
    start = file.tell()
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        mark = marks.pop()
        items = stack[mark:]
        del stack[mark:]
        return items

    for instruction, value, place in pickletools.genops(file):
        if (place or 0) - start > _LONGEST_DESCRIPTION:
            raise ValueError("its description never ends")
        match instruction.name:
            case "PROTO":
                pass
            case "STOP":
                return stack.pop()
            case "MARK":
                marks.append(len(stack))
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[instruction.name])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE":
                stack.append(value)
            case "EMPTY_TUPLE":
                stack.append(())
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(instruction.name[-1])
                items = tuple(stack[-count:])
                del stack[-count:]
                stack.append(items)
            case "APPEND" | "APPENDS":
                items_ = [stack.pop()] if instruction.name == "APPEND" else since_mark()
                _as(list, stack[-1]).extend(items_)
            case "SETITEM" | "SETITEMS":
                pairs = since_mark() if instruction.name == "SETITEMS" else [stack.pop(-2), stack.pop()]
                _as(dict, stack[-1]).update(zip(map(_key, pairs[::2]), pairs[1::2], strict=True))
            case "BINPUT" | "LONG_BINPUT":
                memo[_as(int, value)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[_as(int, value)])
            case "GLOBAL":
                stack.append(_allowed(_as(str, value)))
            case "BINPERSID":
                storage = _storage(stack.pop())
                storages[storage.key] = storage
                stack.append(storage)
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_make(stack.pop(), _as(tuple, arguments)))
            case "BUILD":
                stack.pop()  # attributes of an OrderedDict (its "_metadata"): not weights
            case name:
                raise _Refused(f"it uses the instruction {name}")
    raise ValueError("its description does not end")


class _Name(str):
    """A name that a weights file may use. Only compared with known names, never looked up and called."""


_ORDERED_DICT = _Name("collections OrderedDict")
_TENSOR = _Name("torch._utils _rebuild_tensor_v2")
_PARAMETER = _Name("torch._utils _rebuild_parameter")


def _allowed(name: str) -> _Name:
    if name not in (_ORDERED_DICT, _TENSOR, _PARAMETER) and name.removeprefix("torch ") not in _STORAGES:
        raise _Refused(f"it wants to call “{name[:100]}”")
    return _Name(name)


def _make(name: Any, arguments: tuple[Any, ...]) -> Any:
    """What the three functions would return, in our words."""
    if not isinstance(name, _Name):
        raise _Refused("it wants to call something that is no name")
    if name == _ORDERED_DICT and arguments == ():
        return {}
    if name == _PARAMETER:
        return _as(_Tensor, arguments[0])
    if name != _TENSOR:
        raise _Refused(f"it wants to call “{name}” with something")
    storage, offset, shape, strides = arguments[:4]
    shape, strides = tuple(map(_count, _as(tuple, shape))), tuple(map(_count, _as(tuple, strides)))
    return _Tensor(_as(_Storage, storage), _count(offset), shape, strides)


def _storage(identity: Any) -> _Storage:
    # ("storage", type, key, device, elements[, view]); views were given up before PyTorch 0.4.
    word, kind, key, _, count, *view = _as(tuple, identity)
    if word != "storage" or not isinstance(kind, _Name) or any(part is not None for part in view):
        raise ValueError("a storage makes no sense")
    return _Storage(_STORAGES[kind.removeprefix("torch ")], _text(key), _count(count))


def _array(tensor: _Tensor, bytes_of: _Storages) -> "numpy.ndarray":
    import numpy as np

    raw, storage = bytes_of(tensor.storage), tensor.storage
    if len(tensor.shape) != len(tensor.strides) or len(tensor.shape) > 32:
        raise ValueError("a tensor's shape makes no sense")
    elements = math.prod(tensor.shape)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if len(raw) != storage.count * _item_size(storage) or elements > storage.count:
        raise ValueError("a tensor is larger than its numbers")
    if elements == 0:
        return np.empty(tensor.shape, storage.dtype)
    if last >= storage.count:
        raise ValueError("a tensor reaches beyond its numbers")
    numbers = np.frombuffer(raw, storage.dtype)[tensor.offset :]
    steps = tuple(step * numbers.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(numbers, tensor.shape, steps, writeable=False)


def _item_size(storage: _Storage) -> int:
    return int(storage.dtype[-1]) if storage.dtype != "?" else 1


def _as(kind: type[Kind], value: Any) -> Kind:
    if not isinstance(value, kind):
        raise ValueError(f"a {kind.__name__} was expected")
    return value


def _key(value: Any) -> str | int:
    # Tuples as keys are refused: hashing tuples of tuples can be made to take for ever.
    return value if type(value) is int else _text(value)


def _text(value: Any) -> str:
    return _as(str, value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a count was expected")
    return value
