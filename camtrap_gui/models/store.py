"""The installed models: getting them, adding and removing them, checking that they are whole.

Weights that come from a PyTorch file are kept in a form of our own: ``weights.npz``, arrays only, the same bytes on
every machine. A detector file that is added is kept as it is.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from camtrap_gui import files, paths
from camtrap_gui.jobs import Report
from camtrap_gui.models import (
    catalogue,
    detectors,
    published,
    published_v6,
    store_folder,
    store_installing,
    store_weights,
)
from camtrap_gui.models.catalogue import (
    BY_PACKAGE,
    DEFAULT_BACKBONE,
    DEFAULT_DETECTOR,
    Entry,
    ExportOffer,
    Offer,
    WheelOffer,
)
from camtrap_gui.models.recognition import Corrections, describe, keep
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

OFFERS: tuple[Offer, ...] = (*catalogue.OFFERS, *published.OFFERS)
"""Every model that can be installed by name."""

TO_EXPORT: tuple[ExportOffer, ...] = published_v6.TO_EXPORT
"""Those that somebody has to export before they can be added."""

LICENCE = store_folder.LICENCE
_SAVED_MODEL = "saved_model.zip"
_PACKAGE = "megadetector"
"""What is installed by this name is no model, but what runs some."""


@dataclass(frozen=True)
class Checked:
    """What ``verify`` found about one model: ``reason`` says why when it is not ``ok``."""

    name: str
    ok: bool
    reason: str = ""


def entries() -> list[Entry]:
    """The installed models by name. Raises Problem for one whose description is damaged."""
    return [store_folder.read(name) for name in store_folder.names()]


def known() -> list[Entry | Offer]:
    """The installed models, then those that can be, detectors first; those to be exported come after those that can be
    installed. Raises Problem as ``entries`` does."""
    there = entries()
    names = {entry.name for entry in there}
    every = (*OFFERS, *TO_EXPORT)
    offers = sorted((offer for offer in every if offer.name not in names), key=_is_backbone)
    return [*sorted(there, key=_is_backbone), *offers]


def _is_backbone(model: Entry | Offer) -> bool:
    return model.role == "backbone"


def get(name: str) -> Entry:
    """The installed model of that name; ``default`` is the default detector. Raises Problem when it is not there."""
    name = DEFAULT_DETECTOR if name == "default" else name
    if name in store_folder.names():
        return store_folder.read(name)
    if name in (DEFAULT_DETECTOR, DEFAULT_BACKBONE):
        raise Problem(f"The model “{name}” is not installed. Install it: camtrap models install default")
    if any(offer.name == name for offer in OFFERS):
        raise Problem(f"The model “{name}” is not installed. Install it: camtrap models install {name}")
    _refuse_what_is_to_be_exported(name)
    raise Problem(f"There is no model “{name}”. To see those there are: camtrap models list")


def read_weights(entry: Entry) -> "dict[str, numpy.ndarray]":
    """The arrays of an installed model by name, after checking the file's hash. Raises Problem when it has changed."""
    import numpy as np

    checked = _check(entry)
    if not checked.ok:
        raise Problem(f"The model “{entry.name}” cannot be used: {checked.reason}")
    with np.load(entry.path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def install(name: str, report: Report) -> list[Entry]:
    """Fetch models by name; ``default`` means the default detector and the default backbone.

    Models that are there and whole are left as they are. With one that the megadetector package runs comes the package;
    "megadetector" is the package alone. Raises Problem, with nothing half-installed, when a model is unknown, cannot be
    fetched, or is not the one it should be.
    """
    if name == _PACKAGE:
        _install_package(report)
        return []
    names = (DEFAULT_DETECTOR, DEFAULT_BACKBONE) if name == "default" else (name,)
    offers = [offer for wanted in names for offer in OFFERS if offer.name == wanted]
    if not offers:
        _refuse_what_is_to_be_exported(name)
        known = ", ".join(["default", *(offer.name for offer in OFFERS)])
        raise Problem(
            f"There is no model “{name}” to install. There are: {known}. A file of yours: camtrap models add FILE"
        )
    if any(offer.kind == BY_PACKAGE for offer in offers):
        _install_package(report)
    there = [_installed(offer) for offer in offers]
    if all(there):
        return [entry for entry in there if entry]
    with store_folder.writing(report):
        return [_installed(offer) or store_installing.install(offer, report) for offer in offers]


def _refuse_what_is_to_be_exported(name: str) -> None:
    for offer in TO_EXPORT:
        if offer.name == name:
            raise Problem(offer.way)


def _install_package(report: Report) -> None:
    from camtrap_gui.models.detectors import megadetector_place

    if megadetector_place.python() is None:
        with store_folder.writing(report):
            megadetector_place.make(report)


def fetch(name: str, report: Report) -> None:
    """Install a model that is wanted and not there yet: its first use needs no command of its own.

    Names of what cannot be installed are left to ``get``. Raises Problem as ``install`` does.
    """
    wanted = DEFAULT_DETECTOR if name == "default" else name
    if wanted not in store_folder.names() and any(offer.name == wanted for offer in OFFERS):
        install(wanted, report)


def add(file: Path, name: str = "", **corrections: Unpack[Corrections]) -> Entry:
    """Copy a detector's file, or the folder of a SavedModel, into the store. Adding it again changes what is said of it.

    What kind it is and how it is used is recognised (see ``recognition``), then it is tried out. Raises Problem when it
    cannot be used, or its name is taken.
    """
    found = describe(file, name, **corrections)
    if not store_folder.NAME.fullmatch(found.name):
        raise Problem(
            f"“{found.name}” cannot be the name of a model. Choose one of letters, digits, dots and dashes: --name"
        )
    if found.name == "default" or any(offer.name == found.name for offer in OFFERS):
        raise Problem(f"The name “{found.name}” is kept for a model of the program. Choose another: --name")
    if found.kind in store_installing.TRIED_OUT:
        detectors.load_entry(found)
    with store_folder.writing():
        if found.name in store_folder.names() and store_folder.read(found.name).sha256 != found.sha256:
            raise Problem(f"There is another model “{found.name}” already. Choose another name: --name")
        folder = store_folder.beside(found.name)
        entry = replace(
            found, file=_SAVED_MODEL if found.kind == "saved-model" else files.safe_name(file.name)
        )
        keep(found, folder / entry.file)
        files.write_text(folder / LICENCE, "The licence of this file is not known to the program.\n")
        store_folder.place(entry, folder)
    return entry


def add_weights(file: Path, backbone: str) -> Entry:
    """Copy the weights of a backbone from a file of one's own into the store (see ``backbone_weights``).

    Raises Problem for a backbone that the program does not know or has already, and when the weights do not fit it.
    """
    offers = {offer.name: offer for offer in OFFERS if offer.role == "backbone"}
    if backbone not in offers:
        raise Problem(f"There is no backbone “{backbone}”. Known are: {', '.join(offers)}.")
    with store_folder.writing():
        if backbone in store_folder.names():
            raise Problem(
                f"“{backbone}” is installed already. To use other weights, take it away first: "
                f"camtrap models remove {backbone}"
            )
        return store_weights.keep(offers[backbone], file.absolute(), is_own=True)


def remove(name: str) -> None:
    """Delete an installed model. Raises Problem when it is not there."""
    with store_folder.writing():
        if name not in store_folder.names():
            raise Problem(
                f"There is no installed model “{name}”. To see those there are: camtrap models list"
            )
        (paths.models() / name).rename(store_folder.beside(f"old-{name}") / name)


def verify() -> list[Checked]:
    """Read every installed model anew and compare it with the hash it was installed with."""
    checked = []
    for name in store_folder.names():
        try:
            checked.append(_check(store_folder.read(name)))
        except Problem as problem:
            checked.append(Checked(name, False, str(problem)))
    return checked


def _check(entry: Entry) -> Checked:
    mend = store_folder.MEND.format(entry.name)
    try:
        same = entry.path.stat().st_size == entry.size and files.sha256_of(entry.path) == entry.sha256
    except OSError as error:
        return Checked(entry.name, False, f"its file {entry.file} cannot be read: {error.strerror}. {mend}")
    return Checked(entry.name, same, "" if same else f"its file {entry.file} has changed. {mend}")


def _installed(offer: Offer) -> Entry | None:
    """The entry made from what is offered, when it is there and whole."""
    if offer.name not in store_folder.names():
        return None
    try:
        entry = store_folder.read(offer.name)
    except Problem:
        return None
    is_other = isinstance(offer, WheelOffer) and entry.origin_sha256 != offer.member_sha256
    return entry if not is_other and _check(entry).ok else None
