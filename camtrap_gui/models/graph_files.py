"""What a TensorFlow graph file (``.pb``) contains, read without TensorFlow.

A frozen graph is one protocol buffer, ``GraphDef``: a list of nodes, each with a name and an operation. Walking it
takes milliseconds and runs nothing, so a file can be judged before TensorFlow ever sees it.
"""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from camtrap_gui.problem import Problem

DETECTION_NODES = frozenset({"image_tensor", "detection_boxes", "detection_scores", "detection_classes"})

_REACHES_OUT = re.compile(
    "File|Save|Restore|Checkpoint|Summary|Event|PyFunc|Reader|Record|Dataset|Iterator|Rpc|LoadAndRemap|"
    "Dump|Debug|PrintV2|CandidateSampler|Sleep|Send|Recv|Collective|TPU|Xla|Remote|ImmutableConst|Proto|Vocab|Skipgram"
)
"""Operations that touch the disk, the network or other code, found by going through all 1,908 of TensorFlow 2.21. A
detector needs none of them, and TensorFlow would carry them out."""


def check_detection_graph(path: Path) -> None:
    """Raise Problem unless ``path`` is a frozen detection graph of the TensorFlow Object Detection API.

    That is a GraphDef with the nodes image_tensor, detection_boxes, detection_scores and detection_classes, and without
    operations that reach out of the graph.
    """
    try:
        nodes = dict(_nodes(path))
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise Problem(
            f"{path} is no frozen TensorFlow graph, or it is damaged ({error}). A detector of this kind is one .pb file "
            "such as md_v4.1.0.pb; the saved_model.pb of a SavedModel folder is something else."
        ) from error
    if missing := DETECTION_NODES - nodes.keys():
        raise Problem(
            f"{path} is a TensorFlow graph, but not a detector: it has no {', '.join(sorted(missing))}. Choose a graph "
            "exported by the TensorFlow Object Detection API (input type image_tensor)."
        )
    for name, operation in nodes.items():
        if _REACHES_OUT.search(operation):
            raise Problem(
                f"{path} is not used: its node “{name[:100]}” ({operation[:100]}) reaches out of the graph, to files or to "
                "other code. A detector has no need to."
            )


def _nodes(path: Path) -> Iterator[tuple[str, str]]:
    """Name and operation of every node, those inside functions included. Raises ValueError where the bytes do not fit."""
    if path.stat().st_size == 0:
        raise ValueError("it is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for field, start, end in _fields(data, 0, len(data)):
            if field == 1:  # GraphDef.node
                yield _node(data, start, end)
            elif field == 2:  # GraphDef.library
                for part, low, high in _fields(data, start, end):
                    if part == 1:  # FunctionDefLibrary.function
                        for inner, at, stop in _fields(data, low, high):
                            if inner == 3:  # FunctionDef.node_def
                                name, operation = _node(data, at, stop)
                                yield f"function {low}/{name}", operation


def _node(data: mmap.mmap, start: int, end: int) -> tuple[str, str]:
    texts = {field: data[low:high] for field, low, high in _fields(data, start, end) if field in (1, 2)}
    return texts.get(1, b"").decode(), texts.get(2, b"").decode()


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, first and past-the-last byte of each field of a message. Source: the protocol buffer wire format."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        match tag & 7:
            case 0:
                low = at
                _, at = _varint(data, at, end)
            case 1:
                low, at = at, at + 8
            case 2:
                length, low = _varint(data, at, end)
                at = low + length
            case 5:
                low, at = at, at + 4
            case _:
                raise ValueError("not a protocol buffer")
        if at > end or tag < 8:
            raise ValueError("a field does not fit")
        yield tag >> 3, low, at


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number does not end")
