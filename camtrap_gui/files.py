"""Writing files so that a crash never leaves half of one, and reading paths so that none leads out of its folder."""

import glob
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate, islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from camtrap_gui.problem import Problem

_WINDOWS_NAMES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)

_UNFINISHED = ".unfinished-"
_IN_USE_S = 3600.0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``; when the block ends well, it takes the place of ``path`` in one move.

    When the block fails, ``path`` is as it was before and the temporary file is gone; when the program is killed,
    it stays, and ``sweep`` knows it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}{_UNFINISHED}", suffix=path.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def sweep(files: Iterable[Path]) -> None:
    """Remove what killed programs left of ``replacing`` among some files, unless it is so new that it may be in use."""
    for path in files:
        if path.name.startswith(".") and _UNFINISHED in path.name:
            with suppress(OSError):  # removed meanwhile, or of somebody else
                if path.stat().st_mtime < time.time() - _IN_USE_S:
                    path.unlink()


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder``; when the block ends well, it becomes ``folder`` in one move, otherwise it is gone.

    What a killed program left beside is removed. Raises Problem when ``folder`` exists already and is not empty, or
    cannot be made.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise Problem(
            f"{folder} exists already and is not overwritten. Choose another name, or remove it first."
        )
    prefix = f".{folder.name}{_UNFINISHED}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{glob.escape(prefix)}*"):
            shutil.rmtree(left, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    except OSError as error:
        raise Problem(
            f"{folder.parent} cannot be written: {error.strerror}. Choose another folder."
        ) from error
    try:
        yield beside
        beside.chmod(0o777 & ~_umask())
        if folder.exists():
            folder.rmdir()
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def make_below(root: Path, folder: Path) -> None:
    """Make ``folder`` and those between it and ``root``. Raises FileNotFoundError where ``root`` is gone.

    Made anew it would be in the way of the disk that was mounted there, or of the folder that was moved.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        if not root.is_dir():
            raise
        folder.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with "\\n" line ends, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes, whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(data)


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(root: Path, relative: str) -> Path:
    """The file that a relative path from a JSON, CSV or archive names, guaranteed to lie below ``root``.

    Raises Problem for absolute paths, drives, ``..``, and links that lead out of ``root``.
    """
    text = relative.replace("\\", "/")
    pure = PurePosixPath(text)
    if (
        not text
        or "\0" in text
        or pure.is_absolute()
        or PureWindowsPath(relative).drive
        or ".." in pure.parts
    ):
        raise Problem(
            f"The path “{relative}” leads out of the folder {root}. Paths must be relative and stay inside."
        )
    path = root / pure
    steps = accumulate(pure.parts, lambda above, name: f"{above}/{name}", initial=str(root))
    # os.path takes a fifth of the time of pathlib, and this is asked of every picture in every step.
    if any(os.path.islink(step) for step in islice(steps, 1, None)):  # noqa: PTH114
        resolved = path.resolve()
        if not resolved.is_relative_to(root.resolve()):
            raise Problem(f"The path “{relative}” is a link that leads out of the folder {root}.")
    return path


def safe_name(text: str, fallback: str = "unnamed") -> str:
    """``text`` as a file or folder name that every operating system accepts; never empty, never hidden."""
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", text).strip(" .")[:120].strip(" .")
    if not name:
        return fallback
    return f"_{name}" if name.split(".")[0].lower() in _WINDOWS_NAMES else name


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
