"""TensorFlow SavedModels as files: a folder, or a zip archive of one. Read without TensorFlow.

A SavedModel is a folder with ``saved_model.pb``, a protocol buffer with the graph, and ``variables``, its weights. The
program keeps it as one archive, whose bytes depend on those files alone, so that folder and archive of the same model
have the same hash. Source of the numbers: saved_model.proto, meta_graph.proto, saved_object_graph.proto.
"""

import hashlib
import io
import mmap
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from camtrap_gui import files
from camtrap_gui.models.graph_files import graph_nodes, reaches_out
from camtrap_gui.models.protocol_buffers import fields
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

GRAPH = "saved_model.pb"
SIGNATURE = "serving_default"
OUTPUTS = frozenset({"detection_boxes", "detection_scores", "detection_classes"})

_WEIGHTS = "variables"
_LARGEST = 4 << 30
_SAVING = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"})
"""Every SavedModel can save itself with these. TensorFlow's loader does not run them, and neither does a detector."""

_HARMLESS_OBJECTS = frozenset({4, 6, 7, 8, 9})
"""SavedObject.user_object, function, variable, bare_concrete_function, constant: TensorFlow runs nothing of the file to
restore these. It does for resources (tables), assets, and objects with ways of saving of their own."""


def is_saved_model(path: Path) -> bool:
    """Whether a path is the folder of a SavedModel, the graph in one, or an archive with one."""
    if path.is_dir():
        return (path / GRAPH).is_file()
    return path.name == GRAPH or path.suffix.lower() == ".zip"


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """A copy of a SavedModel's graph and weights, in a folder of its own for the duration of the block.

    Nothing else that lies beside them is in it, and nobody exchanges them after they were judged. Raises Problem when
    ``path`` is none of what ``is_saved_model`` takes.
    """
    source = path.parent if path.name == GRAPH else path
    with tempfile.TemporaryDirectory(prefix="camtrap-saved-model-") as folder:
        try:
            if source.is_dir():
                _copy(source, Path(folder))
            else:
                with zipfile.ZipFile(source) as archive:
                    _unpack(source, archive, Path(folder))
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            ValueError,
            OSError,
        ) as error:
            raise Problem(f"The SavedModel {source} cannot be read: {error}.") from error
        yield Path(folder)


def check(folder: Path, shown: str) -> None:
    """Raise Problem unless ``folder`` holds a detector of the TensorFlow Object Detection API that keeps to itself.

    It must have one graph, with the signature "serving_default" that answers with detection_boxes, detection_scores and
    detection_classes, no operations that reach out, and nothing that the file itself would have to restore. ``shown`` is what it is called.
    """
    path = folder / GRAPH
    try:
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            graphs = [(low, high) for number, low, high in fields(data, 0, len(data)) if number == 2]
            if len(graphs) != 1:
                raise Problem(
                    f"{shown} is not used: this SavedModel has {len(graphs)} graphs instead of one."
                )
            _check_graph(shown, data, *graphs[0])
    except OSError as error:
        raise Problem(f"{shown} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise Problem(f"{shown} is no SavedModel, or it is damaged ({error}).") from error


def pack(folder: Path, out: IO[bytes] | io.RawIOBase) -> None:
    """Write graph and weights as an archive that is the same for the same files, wherever they lie."""
    with zipfile.ZipFile(_Stream(out), "w") as archive:
        for name in _members(folder):
            member = zipfile.ZipInfo(name)
            member.create_system = 3
            with (folder / name).open("rb") as source, archive.open(member, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)


def fingerprint(folder: Path) -> tuple[str, int]:
    """Hexadecimal SHA-256 and size of what ``pack`` would write."""
    counted = _Counted()
    pack(folder, counted)
    return counted.hash.hexdigest(), counted.size


def _members(folder: Path) -> list[str]:
    weights = folder / _WEIGHTS
    found = sorted(weights.iterdir()) if weights.is_dir() else []
    return [GRAPH, *(f"{_WEIGHTS}/{path.name}" for path in found if path.is_file())]


def _copy(source: Path, folder: Path) -> None:
    for name in _members(source):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source / name, folder / name)


def _unpack(path: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    graphs = [PurePosixPath(name) for name in archive.namelist() if PurePosixPath(name).name == GRAPH]
    if len(graphs) != 1:
        raise Problem(
            f"{path.name} is of no kind that can be run here: an archive must hold one SavedModel, this one has {len(graphs)}."
        )
    root = graphs[0].parent
    wanted = [
        (member, pure)
        for member in archive.infolist()
        if (pure := PurePosixPath(member.filename)) == graphs[0]
        or (pure.parent == root / _WEIGHTS and not member.is_dir())
    ]
    if sum(member.file_size for member, _ in wanted) > _LARGEST:
        raise Problem(f"{path.name} is not used: unpacked it would be larger than {_LARGEST >> 30} GB.")
    for member, pure in wanted:
        target = files.inside(folder, str(pure.relative_to(root)))
        target.parent.mkdir(exist_ok=True)
        with archive.open(member) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)


def _check_graph(shown: str, data: mmap.mmap, start: int, end: int) -> None:
    """MetaGraphDef: graph_def 2, signature_def 5, object_graph_def 7."""
    signatures: dict[str, tuple[int, int]] = {}
    for number, low, high in fields(data, start, end):
        if number == 2:
            for name, operation in graph_nodes(data, low, high):
                if operation not in _SAVING and reaches_out(operation):
                    raise Problem(
                        f"{shown} is not used: its node “{name[:100]}” ({operation[:100]}) reaches out of the graph, to "
                        "files or to other code. A detector has no need to."
                    )
        elif number == 5:
            parts = {part: (first, last) for part, first, last in fields(data, low, high)}
            signatures[_key(data, low, high)] = parts.get(2, (0, 0))
        elif number == 7:
            _check_objects(shown, data, low, high)
    if SIGNATURE not in signatures:
        raise Problem(f"{shown} is a SavedModel, but not one to use: it has no signature “{SIGNATURE}”.")
    names: dict[int, set[str]] = {1: set(), 2: set()}
    for number, low, high in fields(data, *signatures[SIGNATURE]):
        if number in names:
            names[number].add(_key(data, low, high))
    if len(names[1]) != 1 or not names[2] >= OUTPUTS:
        raise Problem(
            f"{shown} is a SavedModel, but not a detector: from one picture it should tell {', '.join(sorted(OUTPUTS))}. "
            "Choose one exported by the TensorFlow Object Detection API (input type image_tensor)."
        )


def _check_objects(shown: str, data: mmap.mmap, start: int, end: int) -> None:
    """SavedObjectGraph: nodes 1, of which each has one kind (4 to 10, 12), saveable_objects 11, registered_saver 16."""
    for number, low, high in fields(data, start, end):
        if number == 1:
            parts = {part for part, _, _ in fields(data, low, high)}
            if parts & {5, 10, 11, 12, 16} or not parts & _HARMLESS_OBJECTS:
                raise Problem(
                    f"{shown} is not used: it has tables, files or other things that run code when they are loaded. A "
                    "detector needs weights only."
                )


def _key(data: mmap.mmap, start: int, end: int) -> str:
    """Of an entry of a map."""
    return next(
        (data[low:high].decode() for number, low, high in fields(data, start, end) if number == 1), ""
    )


class _Stream(io.RawIOBase):
    """A file that cannot be searched, so that an archive has the same bytes whether it is kept or only counted."""

    def __init__(self, out: IO[bytes] | io.RawIOBase) -> None:
        self._out = out

    def write(self, data: "Buffer", /) -> int:
        return self._out.write(data) or 0


class _Counted(io.RawIOBase):
    """A file that forgets what is written but for its hash and size."""

    def __init__(self) -> None:
        self.hash, self.size = hashlib.sha256(), 0

    def write(self, data: "Buffer", /) -> int:
        self.hash.update(data)
        self.size += (length := memoryview(data).nbytes)
        return length
