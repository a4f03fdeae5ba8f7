"""A classifier on disk: ``bundle.json`` that says everything in words, and the weights as plain arrays.

Nothing in a bundle is code. The network is built from the backbone's name, which must be one this program knows; the
arrays are read without pickle, and only when names, shapes, sizes and the SHA-256 are those the manifest promises. So
a bundle from a stranger can at worst be wrong about animals.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, Unpack

import msgspec
import numpy
from numpy.typing import NDArray

from camtrap_gui.files import inside, sha256_of, write_text
from camtrap_gui.jobs import to_plain
from camtrap_gui.models.classifiers import Classifier, arrays, backbones
from camtrap_gui.models.classifiers.preprocessing import INCEPTION, WHOLE
from camtrap_gui.problem import Problem
from camtrap_gui.temperature import HIGHEST, LOWEST, probabilities
from camtrap_gui.thresholds import Accepting

MANIFEST = "bundle.json"
FORMAT, VERSION = "camtrap-classifier", 1
_LONGEST_MANIFEST = 16 << 20
_MOST_CLASSES = 20_000
_MEND = "Copy the bundle again, or export it again: camtrap export."

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class _Weights(msgspec.Struct):
    file: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, msgspec.Meta(ge=1, le=4 << 30)]


class _Preprocessing(msgspec.Struct, frozen=True):
    """For whoever reads a bundle with another program; this one knows these ways and no others."""

    colour: Literal["RGB 0..255"] = "RGB 0..255"
    resize: Literal[
        "bilinear, antialiased, aspect ignored",
        "central 0.875 of either side, bilinear as in TensorFlow 1, aspect ignored",
    ] = "bilinear, antialiased, aspect ignored"
    scaling: Literal["first layer of the network"] = "first layer of the network"


_WAYS = {
    WHOLE: _Preprocessing(),
    INCEPTION: _Preprocessing(
        resize="central 0.875 of either side, bilinear as in TensorFlow 1, aspect ignored"
    ),
}


class _Manifest(msgspec.Struct, omit_defaults=False):
    format: Literal["camtrap-classifier"]
    version: int
    backbone: str
    input_size: Annotated[int, msgspec.Meta(ge=32, le=1024)]
    classes: Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=_MOST_CLASSES)]
    padding: Annotated[float, msgspec.Meta(ge=1, le=100)]
    weights: _Weights
    head: Literal["dense"] = "dense"
    preprocessing: _Preprocessing = _Preprocessing()
    temperature: Annotated[float, msgspec.Meta(ge=LOWEST, le=HIGHEST)] = 1.0
    accepting: Accepting | None = None
    unknown_below: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    about: dict[str, Any] = {}


class Revision(TypedDict, total=False):
    """What of a bundle can be changed without another training; what is not named stays."""

    temperature: float
    accepting: Accepting | None
    unknown_below: float


@dataclass(frozen=True)
class Dense:
    """A species layer on a backbone: logits are (features @ ``kernel`` [F, C] + ``bias`` [C]) / ``temperature``."""

    backbone: backbones.Backbone
    classes: tuple[str, ...]
    kernel: NDArray[numpy.float32]
    bias: NDArray[numpy.float32]
    temperature: float = 1.0

    def predict(self, features: NDArray[numpy.floating]) -> NDArray[numpy.float32]:
        """Probabilities of each class, float32 [N, C], of features [N, F]."""
        return probabilities(self.logits(features), self.temperature)

    def logits(self, features: NDArray[numpy.floating]) -> NDArray[numpy.float32]:
        """What the layer itself says, float32 [N, C], of features [N, F]."""
        made: NDArray[numpy.float32] = features.astype(numpy.float32) @ self.kernel + self.bias
        return made


def save(folder: Path, classifier: Classifier, about: Mapping[str, Any] | None = None) -> None:
    """Write the classifier to ``folder``; an older bundle there stays whole until the new one is complete.

    ``about`` (default: the classifier's own) is kept as it is: ``trained_on`` (run, data hash, crops of each class),
    ``made_with`` (versions), ``licences`` (of the parts, with their texts).
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / ".weights.npz"
    arrays.write(beside, backbones.arrays_of(classifier.model))
    sha256 = sha256_of(beside)
    # The manifest names the file it was made for, so old and new never mix, whenever the process is killed.
    weights = _Weights(f"weights-{sha256[:12]}.npz", sha256, beside.stat().st_size)
    beside.replace(folder / weights.file)
    manifest = _Manifest(
        format="camtrap-classifier",
        version=VERSION,
        backbone=classifier.backbone,
        input_size=classifier.input_size,
        classes=list(classifier.classes),
        padding=classifier.padding,
        weights=weights,
        preprocessing=_WAYS[classifier.preprocessing],
        temperature=classifier.temperature,
        accepting=classifier.accepting,
        unknown_below=classifier.unknown_below,
        about=to_plain(classifier.about if about is None else about),
    )
    _write_manifest(folder, manifest)
    for older in folder.glob("weights-*.npz"):
        if older.name != weights.file:
            older.unlink()


def revise(folder: Path, **changes: Unpack[Revision]) -> None:
    """Give the classifier in ``folder`` another temperature or other thresholds. Raises Problem as ``load`` does."""
    _write_manifest(folder, msgspec.structs.replace(_read_manifest(folder), **changes))


def load(folder: Path) -> Classifier:
    """Read a classifier. Raises Problem when the folder holds no bundle, a damaged or a foreign one."""
    manifest = _read_manifest(folder)
    backbone = backbones.get(manifest.backbone, manifest.input_size)
    file = _verified(folder, manifest)
    model = backbones.network(backbone, len(manifest.classes), manifest.input_size)
    try:
        values = arrays.read(file, backbones.shapes_of(model))
    except arrays.Unfit as error:
        raise Problem(
            f"{file} does not hold the weights of {backbone.name} for {len(manifest.classes)} classes: {error}. {_MEND}"
        ) from error
    backbones.assign(model, values)
    return Classifier(
        model=model,
        classes=tuple(manifest.classes),
        backbone=manifest.backbone,
        input_size=manifest.input_size,
        padding=manifest.padding,
        about=manifest.about,
        preprocessing=_way(manifest),
        temperature=manifest.temperature,
        accepting=manifest.accepting,
        unknown_below=manifest.unknown_below,
    )


def head_of(folder: Path) -> "Dense | None":
    """The species layer of a classifier that is the installed backbone with a layer on it; None for any other.

    Such a classifier can be asked from stored features. Raises Problem as ``load`` does; needs no TensorFlow.
    """
    manifest = _read_manifest(folder)
    backbone = backbones.get(manifest.backbone, manifest.input_size)
    file = _verified(folder, manifest)
    if _way(manifest) != WHOLE:
        return None
    kernel, bias = f"{backbones.SPECIES_LAYER}/kernel", f"{backbones.SPECIES_LAYER}/bias"
    try:
        below = backbones.pretrained(backbone)
        shapes = {path: array.shape for path, array in below.items()}
        shapes |= {kernel: (backbone.features, len(manifest.classes)), bias: (len(manifest.classes),)}
        values = arrays.read(file, shapes)
    except (Problem, arrays.Unfit):  # not installed any more, or another network
        return None
    if not all(numpy.array_equal(values[path], array) for path, array in below.items()):
        return None
    return Dense(backbone, tuple(manifest.classes), values[kernel], values[bias], manifest.temperature)


def fingerprint(folder: Path) -> str:
    """A text that tells two classifiers apart: those that say the same of every crop have equal fingerprints."""
    manifest = _read_manifest(folder)
    told = msgspec.to_builtins(msgspec.structs.replace(manifest, about={}))
    del told["accepting"], told["unknown_below"]  # they change nothing that is said
    if manifest.temperature == 1.0:  # fingerprints from before there were temperatures still hold
        del told["temperature"]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def judging(folder: Path) -> tuple[Accepting | None, float]:
    """``accepting`` and ``unknown_below`` of the classifier in ``folder``, without loading it."""
    manifest = _read_manifest(folder)
    return manifest.accepting, manifest.unknown_below


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the weights of the classifier in ``folder``. Raises Problem as ``load`` does."""
    return _read_manifest(folder).weights.sha256


def classes_in(folder: Path) -> tuple[str, ...]:
    """The class list of the classifier in ``folder``, without loading it. Raises Problem as ``load`` does."""
    return tuple(_read_manifest(folder).classes)


def _way(manifest: _Manifest) -> str:
    return next(way for way, words in _WAYS.items() if words == manifest.preprocessing)


def _write_manifest(folder: Path, manifest: _Manifest) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode()
    write_text(folder / MANIFEST, text + "\n")


def _verified(folder: Path, manifest: _Manifest) -> Path:
    file = inside(folder, manifest.weights.file)
    try:
        if file.stat().st_size != manifest.weights.bytes or sha256_of(file) != manifest.weights.sha256:
            raise Problem(f"{file} is not the file that {MANIFEST} describes: its SHA-256 differs. {_MEND}")
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}. {_MEND}") from error
    return file


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _LONGEST_MANIFEST:
            raise Problem(f"{path} is far too long for a bundle's description; it was not read.")
        content = path.read_bytes()
    except OSError as error:
        raise Problem(
            f"{folder} is no classifier bundle: it has no readable {MANIFEST}. Give the folder that camtrap export wrote."
        ) from error
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(f"{path} does not describe a classifier of this program: {error}.") from error
    if manifest.version > VERSION:
        raise Problem(
            f"{path} was made by a newer version of this program ({manifest.version}, this one knows {VERSION}). Update the program."
        )
    if manifest.version < 1 or len(set(manifest.classes)) != len(manifest.classes):
        raise Problem(
            f"{path} does not describe a classifier of this program: two classes have the same name, or none."
        )
    return manifest
