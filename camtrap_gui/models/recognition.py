"""Recognising a detector's file: what kind it is, how it is used, and why it cannot be.

Everything is read from the file itself where it says so, otherwise from its name; ``Corrections`` are what somebody who
knows better says instead. No file is run here, and none that could run something when it is loaded is accepted.
"""

import ast
import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from camtrap_gui import files
from camtrap_gui.models import onnx_files, published, saved_model_files
from camtrap_gui.models.catalogue import BY_PACKAGE, MEGADETECTOR_CATEGORIES, Entry, guess_thresholds
from camtrap_gui.models.graph_files import check_detection_graph
from camtrap_gui.problem import Problem

LAYOUTS = ("yolov5", "yolov8", "end-to-end", "rtdetr")
LETTERBOXES = ("centre", "corner", "stretched")

_PROGRAMS = frozenset({".pth", ".pkl", ".pickle", ".keras", ".h5", ".hdf5", ".ckpt"})
_STRIDES = (8, 16, 32)


class Corrections(TypedDict, total=False):
    """What is said instead of what would be recognised; None, 0 and "" leave it to that."""

    typical_threshold: float | None
    conservative_threshold: float | None
    categories: Mapping[str, str] | None
    layout: str
    input_size: int
    letterbox: str


def describe(file: Path, name: str = "", **corrections: Unpack[Corrections]) -> Entry:
    """An entry for a detector's file, or the folder of a SavedModel, that is not in the store.

    Its ``path`` is the file itself. Raises Problem for a file that cannot be used, with the reason.
    """
    file = file.absolute()
    if not file.exists():
        raise Problem(f"There is no file {file}.")
    ending = file.suffix.lower()
    if ending == ".onnx":
        about = _onnx(file, corrections)
    elif ending == ".pt":
        about = _package_file(file)
    elif saved_model_files.is_saved_model(file):
        about = _saved_model(file)
    elif ending == ".pb":
        check_detection_graph(file)
        about = {"kind": "frozen-graph", "title": f"TensorFlow detection graph {file.name}"}
    elif ending in _PROGRAMS:
        raise Problem(
            f"{file.name} is not used as a detector: files of the kind {ending} can run any program when they are loaded. Ask "
            "its author for an ONNX file or a TensorFlow graph (.pb). If it holds the weights of a backbone, say of which: "
            "camtrap models add FILE --backbone NAME"
        )
    else:
        raise Problem(
            f"{file.name} is of no kind that can be run here. A detector is an ONNX file, a frozen TensorFlow graph (.pb), a "
            "SavedModel folder or archive (.zip), or a published MegaDetector (.pt); the weights of a backbone need its name: "
            "--backbone."
        )
    about.setdefault("categories", dict(MEGADETECTOR_CATEGORIES))
    if corrections.get("categories"):
        about["categories"] = dict(corrections["categories"] or {})
    stem = (
        file.parent if file.name == saved_model_files.GRAPH and about["kind"] == "saved-model" else file
    ).name
    if "sha256" not in about:
        about |= {"sha256": files.sha256_of(file), "size": file.stat().st_size, "file": str(file)}
    typical, conservative = _thresholds(about.pop("known_as", stem).rpartition("/")[2], corrections)
    return Entry(
        name=name or _name(stem),
        role="detector",
        origin_sha256=about["sha256"],
        licence="unknown",
        source=stem,
        typical_threshold=typical,
        conservative_threshold=conservative,
        **about,
    )


def keep(entry: Entry, target: Path) -> None:
    """Copy the file that was described, or pack the folder, so that its hash is ``entry.sha256``."""
    if entry.kind != "saved-model":
        shutil.copyfile(entry.path, target)
        return
    with saved_model_files.opened(entry.path) as folder, target.open("wb") as out:
        saved_model_files.pack(folder, out)


_KINDS = {
    "onnx": "an ONNX file",
    "frozen-graph": "a frozen TensorFlow graph",
    "saved-model": "a TensorFlow SavedModel",
    BY_PACKAGE: "a published MegaDetector, run by the megadetector package",
    "yolox": "a YOLOX network",
}
_PLACES = {
    "centre": "in the middle of a grey square",
    "corner": "in the upper left corner of a black square",
    "stretched": "stretched to a square",
}


def facts(entry: Entry) -> tuple[str, ...]:
    """What a detector was recognised as, in short sentences for whoever knows better."""
    from camtrap_gui.models.detectors import megadetector_place

    layout = f", layout {entry.layout}" if entry.layout else ""
    said = [f"It is {_KINDS.get(entry.kind, entry.kind)}{layout}."]
    if entry.input_size:
        place = f", {_PLACES[entry.letterbox]}" if entry.letterbox in _PLACES else ""
        said.append(f"It sees pictures at {entry.input_size} pixels{place}.")
    named = ", ".join(f"{number} {name}" for number, name in entry.categories.items())
    said.append(
        f"Its categories are {named if len(entry.categories) < 9 else f'{len(entry.categories)} words'}."
    )
    if entry.typical_threshold is not None and entry.conservative_threshold is not None:
        said.append(
            f"Found means a confidence of at least {entry.typical_threshold:g}; boxes are kept down to "
            f"{entry.conservative_threshold:g}."
        )
    if entry.kind == BY_PACKAGE and megadetector_place.python() is None:
        said.append(f"The package is not here yet. {megadetector_place.how_to_make()}")
    return tuple(said)


def _saved_model(file: Path) -> dict[str, Any]:
    shown = file.parent.name if file.name == saved_model_files.GRAPH else file.name
    with saved_model_files.opened(file) as folder:
        saved_model_files.check(folder, shown)
        sha256, size = saved_model_files.fingerprint(folder)
    return {
        "kind": "saved-model",
        "title": f"TensorFlow SavedModel {shown}",
        "file": str(file),
        "sha256": sha256,
        "size": size,
    }


def _package_file(file: Path) -> dict[str, Any]:
    """A PyTorch file can run any program when it is loaded: only those whose authors publish their MD5 are.

    Finding another file with the MD5 of a given one is beyond anybody, unlike finding two files with the same.
    """
    with file.open("rb") as opened:
        md5 = hashlib.file_digest(opened, "md5").hexdigest()
    for offer in published.OFFERS:
        if offer.md5 == md5:
            return {
                "kind": BY_PACKAGE,
                "title": offer.title,
                "known_as": offer.source,
                "input_size": offer.input_size,
                "categories": dict(offer.categories),
            }
    raise Problem(
        f"{file.name} is not used: files of the kind .pt can run any program when they are loaded, and this one (MD5 {md5}) "
        "is none of the published MegaDetectors. If you trust where it comes from, export it to ONNX there "
        "(YOLOv5: python export.py --weights FILE --include onnx; Ultralytics: yolo export model=FILE format=onnx) and use "
        "the .onnx file."
    )


def _onnx(file: Path, corrections: Corrections) -> dict[str, Any]:
    from camtrap_gui.models.detectors import layouts, onnx_graph

    found = onnx_files.read(file)
    size = _input_size(file, found, corrections.get("input_size") or 0)
    (answer,) = onnx_graph.read_network(file, size).outputs
    shape = [part.get_length() if part.is_static else None for part in answer.get_partial_shape()][1:]
    try:
        layout = corrections.get("layout") or _said_layout(found) or layouts.layout_of(shape)
        _one_of("layout", layout, LAYOUTS)
        classes = layouts.classes_of(layout, shape)
        letterbox = corrections.get("letterbox") or _letterbox(found, layout, size, shape[0])
        _one_of("letterboxing", letterbox, LETTERBOXES)
        categories = corrections.get("categories") or _categories(found, classes)
        if min(map(int, categories)) < 1 or (classes and max(map(int, categories)) > classes):
            raise Problem(
                f"its class numbers go from 1 to {classes or 'any number'}, and do not fit {', '.join(categories)}."
            )
    except Problem as reason:
        raise Problem(f"{file.name} cannot be used: {reason}") from None
    return {
        "kind": "onnx",
        "title": f"ONNX detector {file.name}",
        "input_size": size,
        "layout": layout,
        "letterbox": letterbox,
        "categories": dict(categories),
    }


def _input_size(file: Path, found: onnx_files.OnnxFile, wanted: int) -> int:
    """Pixels of the square it takes: from its input, from the texts of Ultralytics, or 640 as most."""
    shape = next(iter(found.inputs.values()))
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise Problem(f"{file.name} is not a detector that can be used: its input is no RGB picture.")
    if shape[0] not in (None, 1):
        raise Problem(
            f"{file.name} takes {shape[0]} pictures at a time. Export it again for one, or for any number."
        )
    height, width = shape[2:] if shape[1] == 3 else shape[1:3]
    said = re.match(r"\[?(\d+)(?:, *(\d+))?\]?$", found.texts.get("imgsz", ""))
    if height is None and width is None:
        height = width = wanted or (int(said[1]) if said and said[2] in (None, said[1]) else 640)
    if height != width or not height:
        raise Problem(
            f"{file.name} takes pictures of {width} x {height} pixels. Export it again for a square."
        )
    if wanted not in (0, height):
        raise Problem(f"{file.name} takes pictures of {height} pixels and no others, so not of {wanted}.")
    if not 32 <= height <= 4096:
        raise Problem(f"The input size of {file.name} cannot be {height} pixels: 32 to 4096 make sense.")
    return height


def _said_layout(found: onnx_files.OnnxFile) -> str:
    """RT-DETR as Ultralytics says it; its answers may look like end-to-end ones. Empty for anything else."""
    said = f"{found.texts.get('head', '')} {found.texts.get('description', '')}".lower()
    return "rtdetr" if re.search("rt-?detr", said) else ""


def _letterbox(found: onnx_files.OnnxFile, layout: str, size: int, cells: int | None) -> str:
    """YOLOX is told from YOLOv5 by its one box for a cell; YOLOv5 has three. RT-DETR's own exports have a second input."""
    if layout == "rtdetr" or len(found.inputs) > 1:
        return "stretched"
    if layout == "yolov5" and cells == sum((size // stride) ** 2 for stride in _STRIDES):
        return "corner"
    return "centre"


def _categories(found: onnx_files.OnnxFile, classes: int | None) -> Mapping[str, str]:
    """From the names that Ultralytics' exporters add ({0: 'animal', ...}), otherwise from their number."""
    try:
        names = ast.literal_eval(found.texts.get("names", "")[:100_000])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        names = None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if isinstance(names, dict) and names and all(type(key) is int and key >= 0 for key in names):
        if classes not in (None, len(names)):
            raise Problem(
                f"its answers have room for {classes} classes, but it names {len(names)}. If you know its layout, say so: "
                "--layout"
            )
        return {str(number + 1): " ".join(str(name).lower().split())[:100] for number, name in names.items()}
    if classes == 1:
        return {"1": "animal"}
    if classes in (None, len(MEGADETECTOR_CATEGORIES)):
        return MEGADETECTOR_CATEGORIES
    raise Problem(
        f"it tells {classes} classes apart and does not say which. Name those you want: --categories 1=animal 2=person"
    )


def _thresholds(name: str, corrections: Corrections) -> tuple[float, float]:
    typical, conservative = guess_thresholds(name)
    said, least = corrections.get("typical_threshold"), corrections.get("conservative_threshold")
    typical = typical if said is None else said
    conservative = min(conservative, typical) if least is None else least
    if not 0 <= conservative <= typical <= 1:
        raise Problem(
            f"The thresholds {conservative:g} and {typical:g} make no sense: they must lie between 0 and 1, and the "
            "conservative one must not be above the typical one."
        )
    return typical, conservative


def _one_of(what: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise Problem(f"there is no {what} “{word}”, but {', '.join(words)}.")


def _name(file_name: str) -> str:
    stem = re.sub(r"\.(pb|onnx|zip|pt)$", "", file_name.lower())
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._") or "detector"
