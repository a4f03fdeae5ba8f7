"""Animals in whole pictures as a backbone sees them, cut out in memory as the crop step would, and kept.

An animal that the crop step has cut out is known by the hash of its crop file, and its features serve training and
review alike. Any other is known by a digest of what it is cut from: path, size and time of the picture, padding, box.
So nothing is seen twice, whoever asks.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camtrap_gui import remote_pictures
from camtrap_gui.files import inside, sha256_of
from camtrap_gui.geometry import crop_window
from camtrap_gui.models.classifiers.features import Embedder, FeatureStore, Pixels
from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project.suggestions import Animal, Picture
from camtrap_gui.remote_pictures import fetched_ahead

_BATCH = 32
_PAGE = 256  # pictures
_AHEAD = 12  # decoded pictures


@dataclass(frozen=True)
class Region:
    """An animal and the key of its features in the store (hexadecimal, 32 bytes)."""

    animal: Animal
    key: str


@dataclass(frozen=True)
class Seen:
    """Some animals with their features, float [N, F], and what else was cut out of them: ``inputs`` of another network,
    uint8 [N, S, S, 3], if asked for. Or a ``failure``: a picture whose animals cannot be seen, and why."""

    regions: Sequence[Region]
    vectors: NDArray[np.floating]
    inputs: Pixels | None = None
    failure: tuple[Picture, str] | None = None


@dataclass(frozen=True)
class _Found:
    """Regions whose features are in the store, and in which rows."""

    regions: list[Region]
    rows: list[int]


@dataclass(frozen=True)
class _Missing:
    """Regions of a picture that must be cut out, and then what was cut out, or why nothing was."""

    picture: Picture
    regions: list[Region]
    inputs: Sequence[tuple[Pixels, ...]] = ()  # of each region: for the backbone, and for the other network
    failure: str = ""


def look(
    embedder: Embedder,
    store: FeatureStore,
    pictures: Iterable[Picture],
    padding: float,
    other_size: int | None = None,
) -> Generator[Seen, None, None]:
    """See all animals of all pictures, in batches; the features of a batch are in the store when it comes.

    With ``other_size`` all animals are cut out for a network with inputs of that size too, not only those without
    features. Pictures are decoded on threads meanwhile. Close the iterator when not exhausting it.
    """
    waiting: list[tuple[Region, tuple[Pixels, ...]]] = []
    sizes = (embedder.size,) if other_size is None else (embedder.size, other_size)

    def cut(one: _Found | _Missing) -> _Found | _Missing:
        return _cut(one, padding, sizes) if isinstance(one, _Missing) else one

    def embedded(batch: list[tuple[Region, tuple[Pixels, ...]]]) -> Seen:
        regions, inputs = zip(*batch, strict=True)
        by_size = [np.stack(some) for some in zip(*inputs, strict=True)]
        vectors = embedder(by_size[0])
        store.add([region.key for region in regions], vectors)
        return Seen(regions, vectors, None if other_size is None else by_size[1])

    sorted_out = fetched_ahead(_sort_out(store, pictures, padding, other_size is not None), _file_needed)
    with closing(in_order(cut, sorted_out, ahead=_AHEAD)) as ready:
        for one in ready:
            if isinstance(one, _Found):
                yield Seen(one.regions, store.vectors()[one.rows])
            elif one.failure:
                yield Seen((), np.zeros((0, 0)), failure=(one.picture, one.failure))
            else:
                waiting += zip(one.regions, one.inputs, strict=True)
            while len(waiting) >= _BATCH:
                yield embedded(waiting[:_BATCH])
                del waiting[:_BATCH]
    if waiting:
        yield embedded(waiting)


def _sort_out(
    store: FeatureStore, pictures: Iterable[Picture], padding: float, always_cut: bool
) -> Iterator[_Found | _Missing]:
    remaining = iter(pictures)
    while page := list(islice(remaining, _PAGE)):
        regions = [_regions(picture, padding) for picture in page]
        rows = iter(store.rows(region.key for some in regions for region in some).tolist())
        found = _Found([], [])
        for picture, some in zip(page, regions, strict=True):
            missing = []
            for region in some:
                row = next(rows)
                if row < 0 or always_cut:
                    missing.append(region)
                else:
                    found.regions.append(region)
                    found.rows.append(row)
            if missing:
                yield _Missing(picture, missing)
        if found.regions:
            yield found


def _regions(picture: Picture, padding: float) -> list[Region]:
    stamp: str | None = None
    regions = []
    for animal in picture.animals:
        if animal.crop is not None:
            regions.append(Region(animal, animal.crop[1]))
            continue
        stamp = stamp or f"{picture.path}|{_stamp(picture)}|{padding}"
        regions.append(Region(animal, hashlib.sha256(f"{stamp}|{animal.box}".encode()).hexdigest()))
    return regions


def _file_needed(one: _Found | _Missing) -> Path:
    """The picture that regions are cut out of; an empty path where crops have them all."""
    needed = isinstance(one, _Missing) and any(region.animal.crop is None for region in one.regions)
    return one.picture.root / one.picture.path if isinstance(one, _Missing) and needed else Path()


def _stamp(picture: Picture) -> str:
    try:
        return remote_pictures.stamp(inside(picture.root, picture.path))
    except (OSError, Problem):  # it will be told when the picture is read
        return ""


def _cut(one: _Missing, padding: float, sizes: tuple[int, ...]) -> _Missing:
    upright: Image.Image | None = None
    inputs = []
    for region in one.regions:
        crop = _crop_file(region)
        if crop is None:
            try:
                file = inside(one.picture.root, one.picture.path)
                upright = upright or read_below(one.picture.root, partial(read_upright, file))
            except Interrupted:
                raise
            except (Unreadable, Problem) as reason:
                return _Missing(one.picture, one.regions, failure=str(reason))
            crop = upright.crop(crop_window(region.animal.box, upright.size, padding))
        inputs.append(tuple(to_input(crop, size) for size in sizes))
    return _Missing(one.picture, one.regions, inputs)


def _crop_file(region: Region) -> Image.Image | None:
    """What the crop step cut out, if it is there as it was."""
    if region.animal.crop is not None:
        path, sha256 = region.animal.crop
        try:
            if sha256_of(path) == sha256:
                return read_upright(path)
        except (OSError, Unreadable):
            pass  # it is cut out again
    return None
