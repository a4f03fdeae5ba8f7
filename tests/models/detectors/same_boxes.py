"""Pictures to detect on, and what it means that two detectors find the same."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from camtrap_gui.models.detectors import Detection, Detector
from camtrap_gui.pictures import read_upright

TESTDATA = Path(__file__).parents[4] / "shared" / "testdata"


def pictures(folder: Path, count: int = 5) -> list[Image.Image]:
    """Real pictures where they are there, otherwise some of a generated survey, made in ``folder``."""
    source = TESTDATA / "images" / "serengeti"
    if source.is_dir():
        paths = sorted(source.glob("S1_*"))[:count]
    else:
        from camtrap_gui import survey

        made = survey.generate(folder, 6 * count, 0, lambda _: None)
        truth = json.loads(made.true_boxes.read_text(encoding="utf-8"))
        sizes = {box["image_id"]: box["bbox"][2] * box["bbox"][3] for box in truth["annotations"]}
        files = {image["id"]: folder / image["file_name"] for image in truth["images"]}
        paths = [files[image] for image in sorted(sizes, key=sizes.__getitem__, reverse=True)[: 2 * count]]
    return [read_upright(path) for path in paths]


def find(detector: Detector, pictures: Sequence[Image.Image]) -> list[list[Detection]]:
    return detector.detect([detector.prepare(picture) for picture in pictures])


def assert_same(
    found: Sequence[Sequence[Detection]],
    wanted: Sequence[Sequence[Detection]],
    least: int = 8,
    within: float = 1e-3,
) -> None:
    """As many boxes in every picture, coordinates ``within`` and confidence within 0.005; ``least`` in all."""
    assert [len(boxes) for boxes in found] == [len(boxes) for boxes in wanted]
    assert sum(map(len, wanted)) >= least
    for ours, theirs in zip(found, wanted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert (a.x, a.y, a.width, a.height) == pytest.approx((b.x, b.y, b.width, b.height), abs=within)
            assert a.confidence == pytest.approx(b.confidence, abs=5e-3)
