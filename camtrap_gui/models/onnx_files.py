"""What an ONNX file says about itself, read without a runtime.

An ONNX file is one protocol buffer, ``ModelProto``: a graph of nodes with their weights, and texts about it. A stranger's
is read as data before OpenVINO sees it, and refused when it is not complete in itself: weights in other files are paths
that somebody else chose, and operations of other makers are code that is not in the file. Source of the numbers: onnx.proto.
"""

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from camtrap_gui.models.protocol_buffers import fields, varint
from camtrap_gui.problem import Problem

_DEEPEST = 20
"""Graphs in graphs: branches and loops have some, none has as many."""

_OWN_DOMAINS = frozenset({"", "ai.onnx"})


@dataclass(frozen=True)
class OnnxFile:
    """Inputs by name with their shapes, None where a dimension is free, and the texts that the exporter added."""

    inputs: Mapping[str, tuple[int | None, ...]]
    texts: Mapping[str, str]


def read(path: Path) -> OnnxFile:
    """What the file says. Raises Problem when it is no ONNX file, or has weights or operations that are elsewhere."""
    try:
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _Found(path.name, data)
            found.model()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise Problem(f"{path} is no ONNX file, or it is damaged ({error}).") from error
    inputs = {name: shape for name, shape in found.inputs.items() if name not in found.weights}
    return OnnxFile(inputs, found.texts)


@dataclass
class _Found:
    """What has been read so far. Each method reads the message between two bytes."""

    name: str
    data: mmap.mmap
    inputs: dict[str, tuple[int | None, ...]] = field(default_factory=dict)
    weights: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def model(self) -> None:
        """ModelProto."""
        graphs = 0
        for number, start, end in fields(self.data, 0, len(self.data)):
            if number == 7:  # graph
                graphs += 1
                self._graph(start, end, depth=0)
            elif number == 14:  # metadata_props
                key, value = (self._text(start, end, part) for part in (1, 2))
                self.texts[key] = value
            elif number == 25:  # functions
                for _, low, high in self._those(start, end, 7):
                    self._node(low, high, depth=1)
        if graphs != 1 or not self.inputs:
            raise ValueError("it has no graph with an input")

    def _graph(self, start: int, end: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("its graphs are too deep")
        for number, low, high in fields(self.data, start, end):
            if number == 1:
                self._node(low, high, depth)
            elif number == 5:  # initializer
                self._tensor(low, high)
                if depth == 0:
                    self.weights.add(self._text(low, high, 8))
            elif number == 15:  # sparse_initializer: values and indices are tensors
                for _, first, last in self._those(low, high, 1, 2):
                    self._tensor(first, last)
            elif number == 11 and depth == 0:
                self.inputs[self._text(low, high, 1)] = tuple(self._shape(low, high))

    def _node(self, start: int, end: int, depth: int) -> None:
        for number, low, high in fields(self.data, start, end):
            if number == 7 and (domain := self.data[low:high].decode()) not in _OWN_DOMAINS:
                operation = self._text(start, end, 4)
                raise Problem(
                    f"{self.name} is not used: its operation {operation[:100]} is not one of ONNX, but of “{domain[:100]}”. "
                    "Export the network again with standard operations only."
                )
            if number == 5:  # attribute
                for part, first, last in fields(self.data, low, high):
                    if part in (5, 10):  # t, tensors
                        self._tensor(first, last)
                    elif part in (6, 11):  # g, graphs
                        self._graph(first, last, depth + 1)
                    elif part in (22, 23):  # sparse_tensor, sparse_tensors
                        for _, inner, outer in self._those(first, last, 1, 2):
                            self._tensor(inner, outer)

    def _tensor(self, start: int, end: int) -> None:
        for number, low, high in fields(self.data, start, end):
            # external_data, data_location
            if number == 13 or (number == 14 and varint(self.data, low, high)[0] != 0):
                raise Problem(
                    f"{self.name} is not used: its weights are in other files, whose paths are not to be trusted. Save it as "
                    "one file: python -c \"import onnx; onnx.save(onnx.load('FILE.onnx'), 'WHOLE.onnx')\""
                )

    def _shape(self, start: int, end: int) -> Iterator[int | None]:
        """Of a ValueInfoProto: type.tensor_type.shape.dim.dim_value."""
        for _, a, b in self._those(start, end, 2):
            for _, c, d in self._those(a, b, 1):
                for _, e, f in self._those(c, d, 2):
                    for _, low, high in self._those(e, f, 1):
                        sizes = [varint(self.data, x, y)[0] for _, x, y in self._those(low, high, 1)]
                        yield sizes[-1] if sizes and 0 < sizes[-1] < 1 << 31 else None

    def _those(self, start: int, end: int, *numbers: int) -> Iterator[tuple[int, int, int]]:
        return (found for found in fields(self.data, start, end) if found[0] in numbers)

    def _text(self, start: int, end: int, number: int) -> str:
        texts = [self.data[low:high].decode() for _, low, high in self._those(start, end, number)]
        return texts[-1] if texts else ""
