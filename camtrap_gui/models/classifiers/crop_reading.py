"""The picture of a crop, from its file or from the project's TFRecords, and never another one than was trained on.

On a local disk it makes no difference where it comes from. On a network disk every small file costs a round trip to
open it; the few large ones are opened once. A crop is found by the SHA-256 of its bytes, and what is read must have it:
neither a file that was changed nor records that are older than the crops are taken for it.
"""

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import mishaps, pictures
from camtrap_gui.formats import tfrecords

if TYPE_CHECKING:
    from PIL import Image

_MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class CropFile:
    """A crop's file and the SHA-256 its bytes had when it was made."""

    path: Path
    sha256: str


def picture_of(crop: CropFile, records: "CropRecords | None" = None) -> "Image.Image":
    """The crop's picture, RGB. Raises Unreadable when it is gone, broken or another one. Works on any thread.

    Raises Interrupted when the whole folder of crops is away: a training would go on with nothing to learn from.
    """
    data = records.read(crop.sha256) if records else None
    if data is not None:
        return pictures.decode_upright(data)
    data = _content(crop.path)
    picture = pictures.decode_upright(data)  # first: says better what is wrong with a broken file
    if hashlib.sha256(data).hexdigest() != crop.sha256:
        raise pictures.Unreadable("changed since the crop step made it")
    return picture


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        mishaps.require(path.parents[1], error)
        if isinstance(error, FileNotFoundError):
            raise pictures.Unreadable("missing: there is no such file") from None
        raise pictures.Unreadable(f"cannot be opened: {error.strerror}") from error


class CropRecords:
    """The crops in some TFRecord files; 24 bytes of memory for each. Used as a context manager, it closes the files."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._open: dict[int, tuple[IO[bytes], Lock]] = {}
        self._opening = Lock()
        rows = [
            (_key(crop.sha256), number, crop.length, crop.offset)
            for number, path in enumerate(self._paths)
            for crop in _located(path)
        ]
        kind = np.dtype([("key", "u8"), ("file", "i4"), ("length", "i4"), ("offset", "i8")])
        self._rows: NDArray[np.void] = np.sort(np.array(rows, kind), order="key", kind="stable")

    def __len__(self) -> int:
        return len(self._rows)

    def __enter__(self) -> "CropRecords":
        return self

    def __exit__(self, *_: object) -> None:
        for file, _lock in self._open.values():
            file.close()
        self._open.clear()

    def read(self, sha256: str) -> bytes | None:
        """The bytes with this SHA-256; None when there are none, or they were damaged. Works on any thread."""
        key = _key(sha256)
        place = int(np.searchsorted(self._rows["key"], key))
        if place == len(self._rows) or self._rows["key"][place] != key:
            return None
        _, number, length, offset = self._rows[place].tolist()
        try:
            data = self._bytes(number, offset, length)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _bytes(self, number: int, offset: int, length: int) -> bytes:
        with self._opening:
            if number not in self._open and len(self._open) < _MOST_OPEN:
                self._open[number] = self._paths[number].open("rb", buffering=0), Lock()
        if number in self._open:
            file, lock = self._open[number]
            with lock:
                return _part(file, offset, length)
        with closing(self._paths[number].open("rb", buffering=0)) as file:
            return _part(file, offset, length)


def records_in(folder: Path, splits: Iterable[str]) -> CropRecords:
    """The TFRecords that the crop step wrote of some splits."""
    return CropRecords(path for split in splits for path in sorted(folder.glob(f"{split}-[0-9]*")))


def _located(path: Path) -> Iterable[tfrecords.Encoded]:
    # A file that is damaged or being replaced is as good as none: the crop files are there as well.
    try:
        return list(tfrecords.locate(path))
    except (OSError, ValueError):
        return []


def _part(file: IO[bytes], offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _key(sha256: str) -> int:
    try:
        return int(sha256[:16], 16)
    except ValueError:
        return 0
