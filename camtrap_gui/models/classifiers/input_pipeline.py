"""Crops on their way into the network: decoded ahead of need, in a given order, and kept once they are decoded.

A network that is being trained must not wait for its pictures, nor share the processor with more of their decoding than
it has to. So a crop is decoded once: as prepared pixels it stays in memory (150 kB at 224 pixels) as far as there is
room, and every later epoch only copies it. Crops beyond that are decoded again each time.

Pictures are decoded and resized by the same code that predictions use, so nothing differs between training and use.
``tf.data`` was tried in its place: resizing as ``tf.image.resize`` does, it needed 2.1 ms of processor time for a crop,
against 1.4 ms here, and one value in six differed by 1 (``python -m benchmarks.training_input`` measures it anew).
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models import memory
from camtrap_gui.models.classifiers.crop_reading import CropFile, CropRecords, picture_of
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable

if TYPE_CHECKING:
    from PIL import Image

_SHARE = 0.25  # of the memory that is free at the start
_BATCHES_AHEAD = 3

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """Crops as files. ``file`` finds the file of a crop's id; it is called on the training thread alone. ``confidences`` are
    how sure the detector was of each crop, where that is known."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    file: Callable[[int], CropFile]
    confidences: NDArray[np.float32] | None = None


class Supply:
    """Prepared crops, uint8 [N, size, size, 3]. ``prepare`` makes a crop's pixels of its picture, on any thread.

    ``room`` is how many bytes of prepared crops are kept: by default a quarter of the memory that is free.
    """

    def __init__(
        self,
        prepare: Callable[["Image.Image"], Pixels],
        size: int,
        records: CropRecords | None = None,
        room: int | None = None,
    ) -> None:
        self._prepare, self._size, self._records = prepare, size, records
        self._room = int(_SHARE * memory.free()) if room is None else room
        self._kept: dict[str, Pixels] = {}

    def batches(
        self,
        pictures: Pictures,
        order: NDArray[np.int64],
        batch_size: int,
        rows: Callable[[int], slice] = slice,
    ) -> Generator[tuple[NDArray[np.int64], Pixels], None, None]:
        """Places and pixels of the crops at the places in ``order``, ``batch_size`` of them at a time.

        Crops that cannot be read are left out of their batch. Of each batch only those ``rows`` are read that are asked for,
        given how many it has: by default all.
        """
        batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
        wanted = [batch[rows(len(batch))] for batch in batches]
        files = ((int(place), pictures.file(int(pictures.ids[place]))) for some in wanted for place in some)
        with closing(in_order(self._read, files, ahead=_BATCHES_AHEAD * batch_size)) as read:
            for some in wanted:
                good = [(place, pixels) for place, pixels in islice(read, len(some)) if pixels is not None]
                places = np.array([place for place, _ in good], np.int64)
                whole = np.zeros((len(good), self._size, self._size, 3), np.uint8)
                for row, (_, pixels) in zip(whole, good, strict=True):
                    row[:] = pixels
                yield places, whole

    def _read(self, item: tuple[int, CropFile]) -> tuple[int, Pixels | None]:
        place, file = item
        kept = self._kept.get(file.sha256)
        if kept is not None:
            return place, kept
        try:
            pixels = self._prepare(picture_of(file, self._records))
        except Unreadable:
            return place, None
        if self._room >= pixels.nbytes:
            self._room -= pixels.nbytes
            self._kept[file.sha256] = np.array(pixels)  # not a view into the decoded picture
        return place, pixels
