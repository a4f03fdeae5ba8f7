"""The records of a COCO Camera Traps file: pictures, what is on them, and classes."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from camtrap_gui.project.known_images import NewImage

Id = str | int
_Pixels = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


FIELDS = {
    "key": "id",
    "path": "file_name",
    "sequence": "seq_id",
    "frame": "frame_num",
    "frames": "seq_num_frames",
    "taken": "datetime",
    "extra": " extra",  # what has no name here; no file has a field of this name
}


class ImageRecord(NewImage, forbid_unknown_fields=True, gc=False, rename=FIELDS.get):
    """One entry of ``images``, decoded into the picture it is to become. ``taken`` is as the source writes it."""

    key: Id  # type: ignore[assignment]
    path: Annotated[str, msgspec.Meta(min_length=1)]
    location: Id | None = None
    sequence: Id | None = None  # type: ignore[assignment]
    frame: _Number | None = None
    frames: _Number | None = None
    taken: str | None = None
    width: _Pixels | None = None
    height: _Pixels | None = None
    extra: dict[str, Any] | None = None
    corrupt: bool | None = None
    seq_frame_num: _Number | None = None  # frame_num in iWildCam
    date_captured: str | None = None  # datetime in plain COCO


class AnnotationRecord(msgspec.Struct, gc=False):
    """One entry of ``annotations``. ``bbox`` is in pixels, ``bbox_relative`` in fractions: x, y, width, height.

    The last five say whose word it is: a person, when, who drew the box if somebody else did, and the classifier that
    the person agreed with. The format has no field for that; these are the names this program writes.
    """

    image_id: Id
    category_id: Id
    id: str | int | None = None
    count: _Number | None = None
    bbox: tuple[float, float, float, float] | None = None
    bbox_relative: tuple[float, float, float, float] | None = None
    sequence_level_annotation: bool | None = None
    author: str | None = None
    made: str | None = None
    box_author: str | None = None
    run: str | None = None
    confidence: float | None = None

    def box(self, size: tuple[int, int] | None) -> tuple[float, float, float, float]:
        """The box as fractions of a picture of ``size`` pixels, clipped to it. Raises ValueError with the reason."""
        if self.bbox_relative is not None:
            x, y, width, height = self.bbox_relative
        elif self.bbox is None or size is None:
            raise ValueError("box in pixels of a picture of unknown size")
        else:
            x, y = self.bbox[0] / size[0], self.bbox[1] / size[1]
            width, height = self.bbox[2] / size[0], self.bbox[3] / size[1]
        if not (width > 0 and height > 0):
            raise ValueError("box without a positive width and height")
        left, top, right, bottom = max(x, 0.0), max(y, 0.0), min(x + width, 1.0), min(y + height, 1.0)
        if not (right > left and bottom > top and (right - left) * (bottom - top) >= width * height / 2):
            raise ValueError("box outside its picture")
        if self.bbox_relative is None and size is not None and min(width * size[0], height * size[1]) < 1:
            raise ValueError("box smaller than a pixel")
        return left, top, right - left, bottom - top


class CategoryRecord(msgspec.Struct, gc=False):
    """One entry of ``categories``."""

    id: Id
    name: str


@dataclass(frozen=True)
class Refused:
    """A record, or a part of one, that cannot be used: which, and why."""

    subject: str
    reason: str


Record = TypeVar("Record")


@dataclass(frozen=True)
class Batch(Generic[Record]):
    """Some thousand records in the order of the file, and what was refused among them."""

    records: list[Record]
    refused: list[Refused]
