"""Sending a model to where it is needed: by its hash, and its bytes only to machines that do not have it."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from camtrap_gui import files
from camtrap_gui.cluster.shard_file import Identity
from camtrap_gui.cluster.tasks import Files
from camtrap_gui.models import detectors, store
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detector
from camtrap_gui.problem import Problem


def identity(entry: Entry) -> Identity:
    """What a project remembers of a detector, without loading it."""
    return Identity(
        entry.name,
        entry.kind,
        entry.sha256,
        entry.typical_threshold or 0.0,
        entry.conservative_threshold or 0.0,
    )


def read(entry: Entry) -> Files:
    """The bytes of a model that is here."""
    path = entry.path
    if path.is_dir():
        return {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
    return {path.name: path.read_bytes()}


def detector(entry: Entry, fetch: Callable[[], Files]) -> Detector:
    """The detector of the hash that ``entry`` has: from this machine's store, else from what ``fetch`` brings.

    Raises Problem when what came is not the detector that was sent.
    """
    made = detectors.load_entry(here(entry, fetch))
    if made.sha256 != entry.sha256:
        raise Problem(f"The detector {entry.name} did not arrive as it was sent. Start this again.")
    made.name = entry.name
    return made


def here(entry: Entry, fetch: Callable[[], Files]) -> Entry:
    """The entry of the same model, whose files are on this machine: installed, or unpacked from what ``fetch`` brings."""
    there = next((one for one in _installed() if one.sha256 == entry.sha256 and one.kind == entry.kind), None)
    # The same file may be described differently here: what counts is how it is used where the work is kept.
    if there:
        return replace(entry, name=there.name, file=there.file, size=there.size)
    return _unpacked(entry, fetch())


def _installed() -> list[Entry]:
    try:
        return store.entries()
    except Problem:  # a damaged store is no reason not to be sent what is needed
        return []


def _unpacked(entry: Entry, sent: Files) -> Entry:
    folder = Path(tempfile.mkdtemp(prefix="camtrap-model-"))
    for name, data in sent.items():
        path = files.inside(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    is_folder = entry.kind == "saved-model" and "saved_model.pb" in sent
    return replace(entry, file=str(folder if is_folder else folder / next(iter(sent))))
