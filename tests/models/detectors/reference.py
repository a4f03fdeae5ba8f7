"""The reference detections of the real pictures, and how many of them a detector finds again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from camtrap_gui.geometry import iou
from camtrap_gui.models.detectors import Detection, Detector
from camtrap_gui.pictures import read_upright


class Agreement(NamedTuple):
    """Of ``boxes`` reference boxes, ``same`` come out with IoU >= 0.95 and confidence within 0.02."""

    boxes: int
    same: int
    median_iou: float
    smallest_iou: float
    largest_difference: float


def expected(testdata: Path) -> dict[Path, list[tuple[float, tuple[float, ...]]]]:
    """Confidence and box of every reference detection down to 0.05, by picture."""
    results = json.loads((testdata / "expected" / "mdlite_results.json").read_text(encoding="utf-8"))
    return {
        testdata / "images" / image["file"]: [(d["conf"], tuple(d["bbox"])) for d in image["detections"]]
        for image in results["images"]
        if image["detections"] is not None
    }


def find(detector: Detector, pictures: Sequence[Path]) -> dict[Path, list[Detection]]:
    prepared = [detector.prepare(read_upright(path, detector.at_least)) for path in pictures]
    return dict(zip(pictures, detector.detect(prepared), strict=True))


def compare(
    wanted: Mapping[Path, list[tuple[float, tuple[float, ...]]]],
    found: Mapping[Path, list[Detection]],
    least: float,
) -> Agreement:
    """Look for every wanted box of at least that confidence among those found."""
    pairs = []
    for path in found:
        for confidence, box in wanted[path]:
            if confidence >= least:
                overlaps = [(iou((d.x, d.y, d.width, d.height), box), d.confidence) for d in found[path]]
                best, sure = max(overlaps, default=(0.0, 0.0))
                pairs.append((best, abs(sure - confidence)))
    same = sum(overlap >= 0.95 and difference <= 0.02 for overlap, difference in pairs)
    ious = [overlap for overlap, _ in pairs]
    return Agreement(len(pairs), same, median(ious), min(ious), max(difference for _, difference in pairs))
