"""What a TensorFlow graph file (``.pb``) contains, read without TensorFlow.

A frozen graph is one protocol buffer, ``GraphDef``: a list of nodes, each with a name and an operation. Walking it
takes milliseconds and runs nothing, so a file can be judged before TensorFlow ever sees it.
"""

import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from camtrap_gui.models.protocol_buffers import Bytes, fields
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
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            nodes = dict(graph_nodes(data, 0, len(data)))
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
    _check_operations(nodes, str(path))


def check_nodes(data: bytes, name: str) -> None:
    """Raise Problem when a GraphDef has an operation that reaches out of the graph. ``name`` is what it is called."""
    _check_operations(dict(graph_nodes(data, 0, len(data))), name)


def _check_operations(nodes: Mapping[str, str], where: str) -> None:
    for name, operation in nodes.items():
        if reaches_out(operation):
            raise Problem(
                f"{where} is not used: its node “{name[:100]}” ({operation[:100]}) reaches out of the graph, to files or to "
                "other code. A detector has no need to."
            )


def reaches_out(operation: str) -> bool:
    """Whether an operation of TensorFlow touches the disk, the network or other code."""
    return bool(_REACHES_OUT.search(operation))


def graph_nodes(data: Bytes, start: int, end: int) -> Iterator[tuple[str, str]]:
    """Name and operation of every node of a GraphDef, those inside functions included.

    Raises ValueError where the bytes do not fit.
    """
    for field, low, high in fields(data, start, end):
        if field == 1:  # GraphDef.node
            yield _node(data, low, high)
        elif field == 2:  # GraphDef.library
            for part, first, last in fields(data, low, high):
                if part == 1:  # FunctionDefLibrary.function
                    for inner, at, stop in fields(data, first, last):
                        if inner == 3:  # FunctionDef.node_def
                            name, operation = _node(data, at, stop)
                            yield f"function {first}/{name}", operation


def _node(data: Bytes, start: int, end: int) -> tuple[str, str]:
    texts = {field: data[low:high] for field, low, high in fields(data, start, end) if field in (1, 2)}
    return texts.get(1, b"").decode(), texts.get(2, b"").decode()
