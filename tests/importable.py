"""Pictures and the JSON that describes them, to be brought into a project."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from camtrap_gui.project import Project
from camtrap_gui.steps import dataset


def six_pictures(folder: Path) -> dict[str, Any]:
    """Six pictures at three locations in two seasons, one of them with a box, and two species of three."""
    pictures = []
    for number in range(6):
        name = f"S{number % 2}/{number}.jpg"
        take_picture(folder / name, taken=f"2020:01:0{number + 1} 12:00:00")
        pictures.append(
            {"id": f"image {number}", "file_name": name, "location": number % 3, "season": f"S{number % 2}"}
            | {"seq_id": f"burst {number // 2}", "frame_num": number % 2, "seq_num_frames": 2}
        )
    return {
        "images": pictures,
        "categories": [{"id": 5, "name": "zebra"}, {"id": 0, "name": "empty"}, {"id": 9, "name": "aardvark"}],
        "annotations": [
            {"id": n, "image_id": f"image {n}", "category_id": 5 * (n % 2), "sequence_level_annotation": True}
            for n in range(6)
        ]
        + [{"id": "box", "image_id": "image 1", "category_id": 5, "bbox": [4, 3, 20, 15], "count": 2}],
    }


def take_picture(path: Path, size=(40, 30), taken="", shade=100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif[306] = taken
    Image.new("L", size, shade).save(path, exif=exif)


def options(tmp_path, survey, **more) -> dataset.Options:
    path = tmp_path / "survey.json"
    path.write_text(survey if isinstance(survey, str) else json.dumps(survey), encoding="utf-8")
    return dataset.Options(json=path, images=tmp_path / "pictures", **more)


def contents(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("roots", "locations", "sequences", "species", "images", "labels", "boxes", "problems")
    return {
        table: [tuple(row) for row in project.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in tables
    }
