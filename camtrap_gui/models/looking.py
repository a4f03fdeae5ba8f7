"""What a detector finds in pictures: decoding threads and the detector at work at the same time.

They are joined by short queues, so memory does not grow with the number of pictures. A picture that cannot be used is
an answer like any other, with the reason.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from camtrap_gui import files
from camtrap_gui.models.detectors import Detector
from camtrap_gui.parallel import in_order
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project.detections import Seen, UnseenImage
from camtrap_gui.remote_pictures import fetched_ahead


@dataclass(frozen=True, slots=True)
class _Picture:
    """An image made ready for the detector, or the reason why it could not be."""

    image_id: int
    prepared: Any = None
    problem: str | None = None


def look(
    detector: Detector, images: Iterable[UnseenImage], threads: int
) -> Generator[list[Seen], None, None]:
    """What the detector finds, in batches, in the order of the images. Two batches are on their way at any time.

    Raises Problem when a whole folder of pictures is gone, as when a disk is disconnected.
    """

    def read(image: UnseenImage) -> _Picture:
        return _read(detector, image)

    def detect(pictures: list[_Picture]) -> list[Seen]:
        found = iter(detector.detect([p.prepared for p in pictures if p.problem is None]))
        return [Seen(p.image_id, next(found) if p.problem is None else (), p.problem) for p in pictures]

    with (
        closing(fetched_ahead(images, lambda image: image.root / image.path)) as fetched,
        closing(in_order(read, fetched, threads, ahead=detector.batch + threads)) as pictures,
        closing(in_order(detect, _batched(pictures, detector.batch), workers=1, ahead=2)) as batches,
    ):
        yield from batches


def _read(detector: Detector, image: UnseenImage) -> _Picture:
    from camtrap_gui.pictures import Unreadable, read_below, read_upright

    try:
        file = files.inside(image.root, image.path)
        picture = read_below(image.root, lambda: read_upright(file, detector.at_least))
        return _Picture(image.id, detector.prepare(picture))
    except Unreadable as reason:
        return _Picture(image.id, problem=str(reason))
    except Interrupted:
        raise
    except Problem as problem:
        return _Picture(image.id, problem=str(problem))
    except MemoryError:
        return _Picture(image.id, problem="too large: it does not fit into this computer's memory")


def _batched(pictures: Iterator[_Picture], size: int) -> Iterator[list[_Picture]]:
    while batch := list(islice(pictures, size)):
        yield batch
