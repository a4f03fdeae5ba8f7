"""The folder that the installed models are kept in: one folder each, with ``entry.json`` which says what it is.

Whoever changes it holds its lock, puts a model together in a folder beside, and moves it into place when it is whole. So
a wrong hash, a full disk or a kill leaves the store as it was; what a killed program left behind is swept away by the
next that changes anything.
"""

import errno
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from camtrap_gui import files, paths
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.problem import Problem

MEND = "Remove it (camtrap models remove {}), then install or add it again."
LICENCE = "LICENCE.txt"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MANIFEST = "entry.json"
_BESIDE = ".being-made-"
_LOCK = ".lock"
_LONGEST_WAIT_S = 600


def names() -> list[str]:
    """The names of the installed models, damaged ones included."""
    folder = paths.models()
    if not folder.is_dir():
        return []
    return sorted(
        where.name
        for where in folder.iterdir()
        if NAME.fullmatch(where.name) and (where / _MANIFEST).is_file()
    )


def read(name: str) -> Entry:
    """What is said about an installed model. Raises Problem when the description is damaged."""
    import msgspec  # here, because --help has no time for it

    folder = paths.models() / name
    mend = MEND.format(name)
    try:
        entry = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Entry)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise Problem(f"The description of the model “{name}” is damaged ({error}). {mend}") from error
    if entry.name != name or entry.file != files.safe_name(entry.file):
        raise Problem(f"The description of the model “{name}” names another file. {mend}")
    return entry


@contextmanager
def writing(report: Report = lambda _: None) -> Iterator[None]:
    """Nobody else changes the store during the block, and no leftovers are in it. A full disk becomes a Problem."""
    folder = paths.models()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # SQLite's lock works on every system and ends with its process, however that ends.
        with closing(sqlite3.connect(folder / _LOCK, timeout=0, isolation_level=None)) as lock:
            _wait_for(lock, report)
            _sweep(folder)
            try:
                yield
            finally:
                _sweep(folder)
    except sqlite3.OperationalError as error:
        raise Problem(f"The folder of models {folder} cannot be written: {error}.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Problem(
                f"The disk of {folder} is full. Nothing was installed; make room and try again."
            ) from error
        raise Problem(
            f"The folder of models {folder} cannot be written: {error.strerror or error}."
        ) from error


def _wait_for(lock: sqlite3.Connection, report: Report) -> None:
    until = time.monotonic() + _LONGEST_WAIT_S
    while True:
        try:
            lock.execute("BEGIN EXCLUSIVE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > until:
                raise Problem(
                    "Another program is changing the models. Try again when it has finished."
                ) from error
        report(Progress(0, None, "another program is changing the models", "Waiting"))
        time.sleep(0.2)


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_BESIDE}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def beside(name: str) -> Path:
    """An empty folder next to the entries. What is still there when writing ends is swept away."""
    folder = paths.models() / f"{_BESIDE}{name}-{os.getpid()}"
    folder.mkdir()
    return folder


def place(entry: Entry, folder: Path) -> None:
    """Complete the folder with its description and move it to its name, in the place of an older one."""
    import msgspec

    files.write_bytes(folder / _MANIFEST, msgspec.json.format(msgspec.json.encode(entry), indent=2))
    final = paths.models() / entry.name
    if final.exists():
        final.rename(beside(f"old-{entry.name}") / entry.name)
    folder.rename(final)
