"""Following a pickle that describes tensors, without unpickling it.

A pickle is a program for a small stack machine, and one of its instructions calls any function of any package: that is
how model files steal data. This machine has only the instructions that a dictionary of tensors is written with, and
instead of calling the functions named it writes down what they would make. Nothing outside it can be reached.
(``pickle.Unpickler`` with its ``find_class`` restricted is the usual way. It still lets a few bytes claim gigabytes of
memo, set attributes of what ``find_class`` returned, and hash tuples of tuples for ever.)
"""

import pickletools
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

Kind = TypeVar("Kind")

_LONGEST = 64 << 20  # bytes of pickle; a network of 700 tensors needs 0.1 MB
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VALUES = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"})
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ORDERED_DICT = "collections OrderedDict"
_TENSOR = "torch._utils _rebuild_tensor_v2"
_PARAMETER = "torch._utils _rebuild_parameter"
_STORAGES = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "|i1",
    "torch ByteStorage": "|u1",
    "torch BoolStorage": "|b1",
}
_NAMES = frozenset({_ORDERED_DICT, _TENSOR, _PARAMETER, *_STORAGES})


class Refused(Exception):
    """The pickle asks for something that is not an array. Says what."""


@dataclass(frozen=True, eq=False)
class Storage:
    """A run of ``count`` numbers of one numpy type, kept under ``key``."""

    dtype: str
    key: str
    count: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.count * int(self.dtype[-1])


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array over a storage: its first element's place, its shape, and its steps, all in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Name:
    """A function or class by name; there is nothing to call behind it."""

    text: str


def follow(file: BinaryIO, storages: dict[str, Storage]) -> Any:
    """What the pickle at the file's place describes, with ``Tensor`` for tensors; leaves the file behind it.

    The storages it mentions are added to ``storages`` by key. Raises Refused for a pickle that does more than describe,
    and ValueError, TypeError or LookupError for a damaged one.
    """
    machine = _Machine(storages)
    start = file.tell()
    for instruction, value, place in pickletools.genops(file):
        if (place or 0) - start > _LONGEST:
            raise ValueError("its description never ends")
        if instruction.name == "STOP":
            return machine.stack.pop()
        machine.carry_out(instruction.name, value)
    raise ValueError("its description does not end")


class _Machine:
    def __init__(self, storages: dict[str, Storage]) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._storages = storages

    def carry_out(self, instruction: str, value: Any) -> None:
        stack = self.stack
        if instruction in _VALUES:
            stack.append(value)
        elif instruction in _CONSTANTS:
            stack.append(_CONSTANTS[instruction])
        elif instruction in _TUPLES:
            stack.append(tuple(self._pop(_TUPLES[instruction])))
        else:
            match instruction:
                case "PROTO":
                    pass
                case "MARK":
                    self._marks.append(len(stack))
                case "EMPTY_LIST":
                    stack.append([])
                case "EMPTY_DICT":
                    stack.append({})
                case "TUPLE":
                    stack.append(tuple(self._pop_to_mark()))
                case "APPEND":
                    self._extend(self._pop(1))
                case "APPENDS":
                    self._extend(self._pop_to_mark())
                case "SETITEM":
                    self._update(self._pop(2))
                case "SETITEMS":
                    self._update(self._pop_to_mark())
                case "BINPUT" | "LONG_BINPUT":
                    self._memo[value] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(self._memo[value])
                case "GLOBAL":
                    stack.append(_name(value))
                case "BINPERSID":
                    storage = _storage(stack.pop())
                    self._storages[storage.key] = storage
                    stack.append(storage)
                case "REDUCE":
                    name, arguments = self._pop(2)
                    stack.append(_make(_as(_Name, name), _as(tuple, arguments)))
                case "BUILD":
                    stack.pop()  # attributes of an OrderedDict (its "_metadata"): not weights
                case _:
                    raise Refused(f"it uses the instruction {instruction}")

    def _pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("its description has a hole")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _pop_to_mark(self) -> list[Any]:
        mark = self._marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _extend(self, items: list[Any]) -> None:
        _as(list, self.stack[-1]).extend(items)

    def _update(self, items: list[Any]) -> None:
        keys = map(_key, items[::2])
        _as(dict, self.stack[-1]).update(zip(keys, items[1::2], strict=True))


def _name(text: str) -> _Name:
    if text not in _NAMES:
        raise Refused(f"it wants to call “{text[:100]}”")
    return _Name(text)


def _make(name: _Name, arguments: tuple[Any, ...]) -> Any:
    """What the function of that name would return, in our words."""
    if name.text == _ORDERED_DICT and not arguments:
        return {}
    if name.text == _PARAMETER:  # the tensor, whether it is trained, hooks
        return _as(Tensor, arguments[0])
    if name.text == _TENSOR:
        storage, offset, shape, strides = arguments[:4]
        return Tensor(_as(Storage, storage), _count(offset), _counts(shape), _counts(strides))
    raise Refused(f"it wants to call “{name.text}”")


def _storage(identity: Any) -> Storage:
    # ("storage", type, key, device, elements[, view]); views were given up before PyTorch 0.4.
    word, kind, key, _, count, *view = _as(tuple, identity)
    if word != "storage" or any(part is not None for part in view):
        raise ValueError("a storage makes no sense")
    return Storage(_STORAGES[_as(_Name, kind).text], _as(str, key), _count(count))


def _as(kind: type[Kind], value: Any) -> Kind:
    if not isinstance(value, kind):
        raise ValueError(f"a {kind.__name__} was expected")
    return value


def _key(value: Any) -> str | int:
    # Tuples are no keys here: hashing tuples of tuples can be made to take for ever.
    return value if type(value) is int else _as(str, value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a count was expected")
    return value


def _counts(values: Any) -> tuple[int, ...]:
    return tuple(map(_count, _as(tuple, values)))
