"""How good the boxes of every kind of detector are, on the true boxes of a generated survey.

All kinds have the same weights and run as they do for a user, in bfloat16 where the processor has it. The reference is
the default detector in float32. Average precision is that of COCO, with boxes of any category: the default detector does
not tell animals, people and vehicles apart.
"""

import argparse
import io
import json
import os
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks import detector_kinds
from benchmarks.common import print_json, table
from benchmarks.detection import TESTDATA
from camtrap_gui import survey
from camtrap_gui.models import detectors, store
from camtrap_gui.models.detectors import Detector
from camtrap_gui.pictures import Unreadable, read_upright


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--graph", type=Path, default=TESTDATA / "models" / "mdlite_tfod_frozen.pb")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not options.graph.is_file():
        parser.exit(2, f"There is no graph {options.graph}.\n")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.images, options.seed, options.graph)


def measure(folder: Path, images: int, seed: int, graph: Path) -> None:
    """Generate the survey, let every kind look at it, print the table."""
    made = survey.generate(folder / "survey", images, seed, lambda _: None)
    truth = _truth(made.true_boxes)
    names = detector_kinds.install(folder, graph)
    wanted = average_precision(truth, look(_exact(), made.folder, truth))
    rows: list[tuple[object, ...]] = [("default, float32", *wanted, 0.0)]
    figures: dict[str, object] = {
        "benchmark": "detection_quality",
        "images": len(truth.imgs),
        "boxes": len(truth.anns),
        "float32": {"ap": wanted[0], "ap50": wanted[1]},
    }
    for kind, name in names.items():
        found = average_precision(truth, look(detectors.load(name), made.folder, truth))
        rows.append((kind, *found, found[0] - wanted[0]))
        figures[name.replace("-", "_")] = {
            "ap": found[0],
            "ap50": found[1],
            "less_than_float32": wanted[0] - found[0],
        }
    print(table(("", "AP", "AP50", "difference"), rows))
    print_json(figures)


def _exact() -> Detector:
    from camtrap_gui.models.detectors.yolox import Yolox

    entry = store.get("default")
    return Yolox(entry, store.read_weights(entry), bfloat16=False)


def _truth(path: Path) -> Any:
    from pycocotools.coco import COCO

    truth = COCO()
    truth.dataset = json.loads(path.read_text(encoding="utf-8"))
    for number, box in enumerate(
        truth.dataset["annotations"], 1
    ):  # COCO's own evaluation wants numbers, from 1
        box |= {"id": number, "category_id": 1, "iscrowd": 0, "area": box["bbox"][2] * box["bbox"][3]}
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def look(detector: Detector, folder: Path, truth: Any) -> list[dict[str, Any]]:
    """What a detector finds in the pictures of a survey, as COCO writes results."""
    found = []
    for image in truth.imgs.values():
        try:
            picture = read_upright(folder / image["file_name"], detector.at_least)
        except Unreadable:
            continue
        for box in detector.detect([detector.prepare(picture)])[0]:
            sides = (box.x * image["width"], box.y * image["height"])
            sides += (box.width * image["width"], box.height * image["height"])
            found.append(
                {"image_id": image["id"], "category_id": 1, "bbox": list(sides), "score": box.confidence}
            )
    return found


def average_precision(truth: Any, found: list[dict[str, Any]]) -> tuple[float, float]:
    """COCO's average precision over IoU 0.5 to 0.95, and at 0.5."""
    from pycocotools.cocoeval import COCOeval

    with redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


if __name__ == "__main__":
    main()
