"""The COCO-style folder of a classification data set: one JSON per split, the class list, the label map.

The form is that of the "Training a classifier" tutorial (``train.json``, ``test.json``; ``val.json`` is ours): crops are
"images", each with one "annotation" that names its class. Class ids are positions in the class list, from 0, without
gaps, the same in every file; ids of crops are unique over all splits. Beyond the tutorial an image carries where it
comes from (``location``, ``seq_id``, ``window``) and an annotation the detector's ``confidence``.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from camtrap_gui.files import replacing, write_text


class Entry(NamedTuple):
    """One crop. ``file`` is relative to the folder; ``window`` is left, top, width, height in the original picture.

    ``original_key`` is what the survey calls the picture; ``confidence`` is None for boxes that people drew.
    """

    id: int
    file: str
    width: int
    height: int
    original_key: str
    category: int
    location: str
    sequence: str | None
    window: tuple[int, int, int, int]
    confidence: float | None


def write_split(path: Path, classes: Sequence[str], crops: Callable[[], Iterable[Entry]]) -> None:
    """Write one split. ``crops`` is asked twice (images, annotations), so that they need not be kept in memory."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"images": [')
        file.writelines(_listed(_image(crop) for crop in crops()))
        file.write('],\n"categories": [')
        categories = ({"id": n, "name": name, "supercategory": "entity"} for n, name in enumerate(classes))
        file.writelines(_listed(categories))
        file.write('],\n"annotations": [')
        file.writelines(_listed(_annotation(crop) for crop in crops()))
        file.write("]}\n")


def write_class_list(path: Path, classes: Sequence[str]) -> None:
    """Class names in the order of their ids, one a line, no line end after the last: line number - 1 = class id."""
    write_text(path, "\n".join(" ".join(name.split()) for name in classes))


def write_label_map(path: Path, classes: Sequence[str]) -> None:
    """The same as a protobuf text, one line ``item {name: "..." id: N}`` per class, ids from 0."""
    write_text(
        path,
        "".join(f"item {{name: {_quoted(name)} id: {place}}}\n" for place, name in enumerate(classes)),
    )


def _image(crop: Entry) -> dict[str, Any]:
    image = {
        "id": crop.id,
        "width": crop.width,
        "height": crop.height,
        "file_name": crop.file,
        "original_key": crop.original_key,
        "location": crop.location,
        "seq_id": crop.sequence,
        "window": crop.window,
    }
    return {name: value for name, value in image.items() if value is not None}


def _annotation(crop: Entry) -> dict[str, Any]:
    annotation = {"id": crop.id, "image_id": crop.id, "category_id": crop.category}
    return annotation if crop.confidence is None else annotation | {"confidence": crop.confidence}


def _listed(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    for place, record in enumerate(records):
        yield ("\n" if place == 0 else ",\n") + json.dumps(record, ensure_ascii=False)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
