"""Copies of pictures that lie elsewhere, in a folder of bounded size: the ones used longest ago make room for new ones.

Any number of threads and programs may read and write it at once. A file appears whole or not at all, and whoever misses
one fetches it again, so nothing need be locked and a killed program leaves nothing that matters.
"""

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from camtrap_gui import files, paths, settings

GB = 1_000_000_000
_PART = 0.05
"""Of the bound: so much may come in before one looks whether there is too much, and so much more is then taken away."""
_UNFINISHED_S = 3600.0
_ENDING = re.compile(r"\.[a-z0-9]{1,5}")


def folder() -> Path:
    """Where the copies are; it may be deleted at any time."""
    return paths.cache() / "pictures"


class Cache:
    """A folder of copies, by their addresses. ``most`` is its bound in bytes; None: what the user has chosen.

    The bound holds when one program writes. Each further one may be over it by a twentieth until it looks again.
    """

    def __init__(self, place: Path | None = None, most: int | None = None) -> None:
        self._place, self._most = place, most
        self._lock = threading.Lock()
        self._come: int | None = None  # bytes since somebody looked; None: nobody has

    @property
    def place(self) -> Path:
        """The folder itself."""
        return self._place or folder()

    @property
    def most(self) -> int:
        """How many bytes are kept at most."""
        return self._most if self._most is not None else settings.load().picture_cache_gb * GB

    def find(self, address: str) -> Path | None:
        """The copy of a picture, or None. Being asked for keeps it from making room for others."""
        path = self._path(address)
        try:
            os.utime(path)
        except OSError:
            return path if path.is_file() else None  # one may read what another user's program keeps
        return path

    def keep(self, address: str, data: bytes) -> Path:
        """Keep a picture's bytes, and say where they are now. Raises OSError when the folder cannot be written."""
        path = self._path(address)
        self._make_room(len(data))
        with files.replacing(path) as beside:
            beside.write_bytes(data)
        return path

    def forget(self, address: str) -> None:
        """Remove a copy."""
        with suppress(OSError):
            self._path(address).unlink()

    def size(self) -> tuple[int, int]:
        """How many copies there are, and their bytes."""
        sizes = [size for _, size, _ in self._files()]
        return len(sizes), sum(sizes)

    def clear(self) -> None:
        """Remove all copies."""
        for _, _, name in self._files():
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108

    def _make_room(self, more: int) -> None:
        with self._lock:
            most = self.most
            if self._come is not None and self._come + more <= _PART * most:
                self._come += more
                return
            self._come = more
            room = most * (1 - _PART) - more
            found = sorted(self._files())
            total = sum(size for _, size, _ in found)
            for _, size, name in found:
                if total <= room:
                    return
                with suppress(OSError):  # somebody reads it, or took it away
                    os.unlink(name)  # noqa: PTH108
                total -= size

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """When all copies were last used, their sizes and paths. What killed programs left unfinished is removed."""
        before = time.time() - _UNFINISHED_S
        for group in self._entries(self.place):
            for entry in self._entries(group.path):
                try:
                    about = entry.stat(follow_symlinks=False)
                    if not entry.name.startswith("."):
                        yield about.st_mtime_ns, about.st_size, entry.path
                    elif about.st_mtime < before:
                        os.unlink(entry.path)  # noqa: PTH108
                except OSError:  # it is gone already
                    continue

    @staticmethod
    def _entries(place: Path | str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(place) as listing:
                return list(listing)
        except OSError:
            return []

    def _path(self, address: str) -> Path:
        name = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
        ending = PurePosixPath(address).suffix.lower()
        return self.place / name[:2] / f"{name[2:42]}{ending if _ENDING.fullmatch(ending) else ''}"
