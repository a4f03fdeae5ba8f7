"""Models that their authors publish as files: MegaDetector, Keras, TF-slim. Fetched from there, never unchecked.

For some of the files the authors publish an MD5, for others nothing. What came the first time is remembered by its
SHA-256 (in ``.pins.json`` of the store, which stays when a model is removed), and a different file is refused later.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from camtrap_gui import files, paths
from camtrap_gui.jobs import Report
from camtrap_gui.models.catalogue import MEGADETECTOR_CATEGORIES, Offer, guess_thresholds
from camtrap_gui.problem import Problem

_RELEASES = "https://github.com/agentmorris/MegaDetector/releases/download"
_LILA = "https://lila.science/public/models/megadetector"
_AZURE = "https://lilawildlife.blob.core.windows.net/lila-wildlife/models/camera_traps/megadetector"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_INCEPTION = "http://download.tensorflow.org/models/inception_v4_2016_09_09.tar.gz"
_MIT = "MegaDetector is published under the MIT licence, see https://github.com/agentmorris/MegaDetector.\n"


@dataclass(frozen=True, kw_only=True)
class FileOffer(Offer):
    """A file that is the same at every one of ``addresses``.

    ``md5`` is what its authors publish about it, empty where they publish nothing. ``terms`` says what is known of its
    licence.
    """

    addresses: tuple[str, ...]
    terms: str
    md5: str = ""

    @property
    def doubt(self) -> str:
        if self.md5:
            return ""
        plain = any(address.startswith("http:") for address in self.addresses)
        return "no published checksum, unencrypted" if plain else "no published checksum"


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
    """One of the MegaDetectors that are PyTorch files. ``code`` runs it; it has a licence of its own."""
    name, licence = code.split()
    typical, conservative = guess_thresholds(PurePosixPath(file).name)
    return FileOffer(
        name=f"megadetector-{version}",
        title=f"MegaDetector {version} (PyTorch file, run by the megadetector package)",
        kind="megadetector-package",
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


def _of_keras(name: str, title: str, file: str, size: int, md5: str = "") -> FileOffer:
    """Weights of keras.applications without the ImageNet classes."""
    address = f"{_KERAS}/{file}"
    return FileOffer(
        name=name,
        title=f"{title}, trained on ImageNet (keras.applications)",
        kind="backbone",
        role="backbone",
        size=size,
        licence="Apache-2.0",
        source=address,
        input_size=224,
        addresses=(address,),
        terms="Published with Keras, which is under the Apache License 2.0, see https://github.com/keras-team/keras.\n",
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
    _of_keras(
        "mobilenet-v2",
        "MobileNetV2",
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        9_406_464,
    ),
    _of_keras(
        "resnet50-v2",
        "ResNet50V2",
        "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        94_668_760,
        "fac2f116257151a9d068a22e544a4917",
    ),
    _of_keras(
        "resnet101-v2",
        "ResNet101V2",
        "resnet/resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        171_317_808,
        "c0ed64b8031c3730f411d2eb4eea35b5",
    ),
    FileOffer(
        name="inception-v4",
        title="Inception V4, trained on ImageNet (TF-slim, the tutorial's network)",
        kind="backbone",
        role="backbone",
        size=0,
        licence="Apache-2.0",
        source=_INCEPTION,
        input_size=299,
        addresses=(_INCEPTION,),
        terms="Published with TF-slim, which is under the Apache License 2.0, see https://github.com/tensorflow/models.\n",
    ),
)
"""Addresses, MD5s and sizes of pictures: ``run_detector.py`` of the megadetector package and its releases, the source of
keras.applications, and the list of TF-slim. Sizes of files that could not be looked up are left open."""


def bring(offer: FileOffer, report: Report) -> Path:
    """Fetch a published file, or find it fetched, and check it. Whoever is done with it moves or deletes it.

    What came so far is kept beside, so that the next time goes on there. Raises Problem when it cannot be had, or is
    not the file that was meant.
    """
    from camtrap_gui import downloads  # here, because --help has no time for it

    target = paths.models() / ".downloads" / files.safe_name(PurePosixPath(offer.addresses[0]).name)
    known = _pins().get(offer.name)
    if known and target.is_file() and files.sha256_of(target) == known:
        return target
    try:
        fetched = downloads.fetch(
            offer.addresses, target, known, offer.size or None, report, md5=offer.md5 or None
        )
    except downloads.Refused as refused:
        if known is None or "SHA-256" not in str(refused):
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
