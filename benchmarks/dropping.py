"""Pictures with animals in them, and a drop of them on the window."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIZE = (2048, 1536)


def animal_pictures(folder: Path, most: int) -> Iterator[Path]:
    """Pictures of the generated survey that hold an animal, at the size of a camera; each is written when it is due."""
    from PIL import Image

    from camtrap_gui import survey
    from camtrap_gui.pictures import Unreadable, read_upright

    made = survey.generate(folder, 4 * most, 5, lambda _: None)
    truth = json.loads((made.folder / "true_boxes.json").read_text(encoding="utf-8"))
    seen = {image["id"]: image["file_name"] for image in truth["images"]}
    names = dict.fromkeys(seen[box["image_id"]] for box in truth["annotations"])
    for number, name in enumerate(list(names)[:most]):
        path = folder / f"dropped {number:03}.jpg"
        try:
            read_upright(made.folder / name).resize(SIZE, Image.Resampling.BICUBIC).save(path, quality=88)
        except Unreadable:
            continue
        yield path


def drop_on(widget: Any, path: Path) -> None:
    """What a file manager does."""
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDropEvent
    from PySide6.QtWidgets import QApplication

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    told = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, QDragEnterEvent(QPointF(9, 9).toPoint(), *told))
    QApplication.sendEvent(widget, QDropEvent(QPointF(9, 9), *told))
