"""Boxes as YOLO: a text file beside each picture's folder, one line ``class x-centre y-centre width height`` per box."""

import json
from collections.abc import Iterable, Sequence

from camtrap_gui.geometry import Box


def label_text(boxes: Iterable[tuple[int, Box]]) -> str:
    """The text of one picture: class numbers from 0, boxes as fractions. Empty where nothing is on it."""
    return "".join(
        f"{number} {x + width / 2:.7f} {y + height / 2:.7f} {width:.7f} {height:.7f}\n"
        for number, (x, y, width, height) in boxes
    )


def data_yaml(classes: Sequence[str], splits: Sequence[str]) -> str:
    """What training reads first: where the splits are, and what the classes are called.

    Where there is no split yet, training and validation see the same pictures, and a comment says so.
    """
    lines = ["path: ."]
    if "train" in splits or "val" in splits:
        for name in ("train", "val", "test"):
            if name in splits:
                lines.append(f"{name}: images/{name}")
    else:
        lines += [
            "# Not split yet: no figure measured on these pictures means anything.",
            "train: images/all",
            "val: images/all",
        ]
    lines.append("names:")
    # A JSON text is a YAML text too.
    lines += [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(classes)]
    return "\n".join(lines) + "\n"
