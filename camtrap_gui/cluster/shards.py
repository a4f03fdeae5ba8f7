"""Cutting the images of a project into shards, always the same way.

An image belongs to the shard that its path says: the first eight bytes of the SHA-256 of its path below the image root,
as a number, modulo the number of shards. So it does not matter in what order images were imported, which were imported
since, or what other machines do; and shards are of nearly the same size.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from camtrap_gui.cluster.result_file import MOST_SHARDS
from camtrap_gui.cluster.shard_file import ENDING, About, Identity
from camtrap_gui.files import safe_name
from camtrap_gui.models.detectors import Detector
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import UnseenImage

FOLDER = "shards"


def parse(text: str) -> tuple[int, int]:
    """Shard and number of shards of "3/16". Raises Problem for anything else."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    shard, shards = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= shard <= shards <= MOST_SHARDS:
        raise Problem(f"“{text}” is no shard. The third of sixteen is 3/16; they are counted from 1.")
    return shard, shards


def shard_of(path: str, shards: int) -> int:
    """The shard, counted from 1, that an image belongs to, by its path below the root (forward slashes)."""
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()[:8]) % shards + 1


def describe(shard: int, shards: int, detector: Detector) -> About:
    """What the file of a shard says about itself."""
    identity = Identity(
        detector.name,
        detector.kind,
        detector.sha256,
        detector.typical_threshold,
        detector.conservative_threshold,
    )
    return About(shard, shards, identity)


def file_for(project: Path, about: About) -> Path:
    """Where a shard keeps its results unless told otherwise."""
    digits = len(str(about.shards))
    name = f"{safe_name(about.detector.name)}-{about.detector.sha256[:8]}-{about.shard:0{digits}}-of-{about.shards}"
    return project / FOLDER / f"{name}{ENDING}"


def files_of(project: Path) -> list[Path]:
    """The results of shards that lie in a project, by name."""
    return sorted((project / FOLDER).glob(f"*{ENDING}"))


def images_of(project: Project, about: About) -> Iterator[UnseenImage]:
    """The images of a shard that the detector has not seen, by row number."""
    known = detections.detector_by_hash(project, about.detector.sha256)
    for page in detections.unseen(project, known.id if known else 0, batch=5000):
        yield from (image for image in page if shard_of(image.path, about.shards) == about.shard)
