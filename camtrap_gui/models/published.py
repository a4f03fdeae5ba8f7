"""Models that their authors publish as files: MegaDetector, Keras, TF-slim. Fetched from there, never unchecked.

For some of the files the authors publish a hash, for others nothing. What came the first time is remembered by its
SHA-256 (in ``.pins.json`` of the store, which stays when a model is removed), and a different file is refused later.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from camtrap_gui import files, paths
from camtrap_gui.jobs import Report
from camtrap_gui.models import published_backbones, published_v6
from camtrap_gui.models.catalogue import BY_PACKAGE, MEGADETECTOR_CATEGORIES, FileOffer, guess_thresholds
from camtrap_gui.problem import Problem

_RELEASES = "https://github.com/agentmorris/MegaDetector/releases/download"
_LILA = "https://lila.science/public/models/megadetector"
_AZURE = "https://lilawildlife.blob.core.windows.net/lila-wildlife/models/camera_traps/megadetector"
_MIT = "MegaDetector is published under the MIT licence, see https://github.com/agentmorris/MegaDetector.\n"


def _graph(version: str, *addresses: str) -> FileOffer:
    """One of the MegaDetectors that are TensorFlow graphs."""
    typical, conservative = guess_thresholds(PurePosixPath(addresses[0]).name)
    return FileOffer(
        name=f"megadetector-v{version}",
        title=f"MegaDetector v{version} (TensorFlow graph)",
        kind="frozen-graph",
        role="detector",
        size=0,
        licence="MIT",
        source=addresses[0],
        typical_threshold=typical,
        conservative_threshold=conservative,
        categories=MEGADETECTOR_CATEGORIES,
        addresses=addresses,
        terms=_MIT,
    )


def _weights(version: str, file: str, md5: str, input_size: int, code: str, size: int = 0) -> FileOffer:
    """One of the MegaDetectors that are PyTorch files. ``code`` runs it; it has a licence of its own, and comes with it."""
    name, licence = code.split()
    typical, conservative = guess_thresholds(PurePosixPath(file).name)
    return FileOffer(
        name=f"megadetector-{version}",
        title=f"MegaDetector {version} (PyTorch file; what runs it comes with it, up to 7 GB)",
        kind=BY_PACKAGE,
        role="detector",
        size=size,
        licence=f"MIT AND {licence}",
        source=f"{_RELEASES}/{file}",
        typical_threshold=typical,
        conservative_threshold=conservative,
        input_size=input_size,
        categories=MEGADETECTOR_CATEGORIES,
        addresses=(f"{_RELEASES}/{file}",),
        terms=f"{_MIT}The code that runs it, {name}, is published under {licence}.\n",
        md5=md5,
    )


_YOLOV5, _YOLOV9, _ULTRALYTICS = "YOLOv5 GPL-3.0-only", "YOLOv9 GPL-3.0-only", "Ultralytics AGPL-3.0-only"

OFFERS: tuple[FileOffer, ...] = (
    _graph("2", f"{_LILA}/megadetector_v2.pb"),
    _graph("3", f"{_LILA}/megadetector_v3.pb"),
    _graph("4.1", f"{_RELEASES}/v4.1/md_v4.1.0.pb", f"{_AZURE}/md_v4.1.0/md_v4.1.0.pb"),
    *(
        _weights(version, f"v5.0/md_{version}.pt", md5, 1280, _YOLOV5, size)
        for version, md5, size in (
            ("v5a.0.0", "ec1d7603ec8cf642d6e0cd008ba2be8c", 280_766_885),
            ("v5b.0.0", "bc235e73f53c5c95e66ea0d1b2cbf542", 280_766_885),
            ("v5a.0.1", "60f8e7ec1308554df258ed1f4040bc4f", 0),
            ("v5b.0.1", "f17ed6fedfac2e403606a08c89984905", 0),
        )
    ),
    *(
        _weights(f"v1000-{tree}", f"v1000.0/md_v1000.0.0-{tree}.pt", md5, input_size, code)
        for tree, md5, input_size, code in (
            ("redwood", "74474b3aec9cf1a990da38b37ddf9197", 1280, _YOLOV5),
            ("spruce", "1c9d1d2b3ba54931881471fdd508e6f2", 640, _YOLOV5),
            ("cedar", "3d6472c9b95ba687b59ebe255f7c576b", 640, _YOLOV9),
            ("larch", "cab94ebd190c2278e12fb70ffd548b6d", 640, _ULTRALYTICS),
            ("sorrel", "4339a2c8af7a381f18ded7ac2a4df03e", 960, _ULTRALYTICS),
        )
    ),
    *published_v6.INSTALLED,
    *published_backbones.OFFERS,
)
"""Addresses, MD5s and sizes of pictures: ``run_detector.py`` of the megadetector package and its releases. Sizes of files that
could not be looked up are left open."""


def bring(offer: FileOffer, report: Report) -> Path:
    """Fetch a published file, or find it fetched, and check it. Whoever is done with it moves or deletes it.

    What came so far is kept beside, so that the next time goes on there. Raises Problem when it cannot be had, or is
    not the file that was meant.
    """
    from camtrap_gui import downloads  # here, because --help has no time for it

    target = paths.models() / ".downloads" / files.safe_name(PurePosixPath(offer.addresses[0]).name)
    pinned = "" if offer.sha256 else _pins().get(offer.name, "")
    known = offer.sha256 or pinned or None
    if known and target.is_file() and files.sha256_of(target) == known:
        return target
    try:
        fetched = downloads.fetch(
            offer.addresses, target, known, offer.size or None, report, md5=offer.md5 or None
        )
    except downloads.Refused as refused:
        if not pinned or "SHA-256" not in str(refused):
            raise
        raise Problem(
            f"{refused}\nAnother file came when “{offer.name}” was installed first. If its authors have replaced it and "
            f"you trust the new one, take its line out of {_pins_file()} and install it again."
        ) from refused
    if known is None:
        text = json.dumps({**_pins(), offer.name: fetched.sha256}, indent=1, sort_keys=True)
        files.write_text(_pins_file(), text)
    return target


def _pins_file() -> Path:
    return paths.models() / ".pins.json"


def _pins() -> Mapping[str, str]:
    """SHA-256 of the files that came the first time, by the names of their offers."""
    try:
        pins = json.loads(_pins_file().read_text(encoding="utf-8"))
        if not isinstance(pins, dict) or not all(
            isinstance(pin, str) and re.fullmatch("[0-9a-f]{64}", pin) for pin in pins.values()
        ):
            raise ValueError("it does not hold hashes by name")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Problem(
            f"{_pins_file()} cannot be read ({error}): it remembers which files came first. Mend it, or delete it and "
            "install only what you trust."
        ) from error
    return pins
