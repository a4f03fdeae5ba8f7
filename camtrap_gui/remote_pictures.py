"""Pictures that lie elsewhere: on a web server or in the store of a cloud, with copies of the last ones on this computer.

A place elsewhere is a ``Path`` like any other: ``Path("https://host/survey")``. ``pathlib`` keeps of its two slashes
one, which ``shown`` puts back. Paths below it are made as always; only who opens a file needs ``local`` or ``read``.
A picture is taken to stay the same as long as it is called the same.
"""

import re
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from camtrap_gui import remote_files
from camtrap_gui.parallel import in_order
from camtrap_gui.picture_cache import Cache
from camtrap_gui.problem import Problem
from camtrap_gui.remote_patience import WEB, Gone, Unfetched, given_up_when, scheme

SCHEMES = ("https", "http", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "file", "memory")
"""What addresses may begin with. "file" and "memory" are there to try things out."""

THREADS = 16
"""Pictures asked for at a time: what counts is how long servers take to answer, not this computer's cores."""

_BEGIN = re.compile(rf"({'|'.join(SCHEMES)}):[/\\]")

Item = TypeVar("Item")

cache = Cache()
_guard = threading.Lock()
_locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


def is_elsewhere(path: Path | str) -> bool:
    """Whether a path is, or is below, an address."""
    return _BEGIN.match(str(path)) is not None


def shown(path: Path) -> str:
    """A path for people and for servers: an address with both its slashes, or a path of this computer as it is."""
    if not is_elsewhere(path):
        return str(path)
    scheme, _, rest = str(path).replace("\\", "/").partition(":")
    return f"{scheme}://{'/' if scheme == 'file' else ''}{rest.lstrip('/')}"


def place(path: Path) -> Path:
    """An address as the place of pictures. Raises Problem where it is none, or holds what nobody else should see."""
    parts = urlsplit(shown(path))
    if "@" in parts.netloc or parts.query:
        raise Problem(
            "An address is kept in the project, so it cannot hold a password, a key or a signature. Give it without, and"
            " say who you are as the cloud's own tools want it (in their environment variables or files)."
        )
    if not parts.netloc and parts.scheme not in ("file", "memory"):
        raise Problem(f"{shown(path)} is no address: there is no name after the slashes.")
    return Path(unquote(str(path))) if parts.scheme in WEB else path


def for_once(path: Path) -> Path:
    """An address that is kept nowhere, as somebody typed it or dragged it here from a web browser.

    On the web it may ask something (a query), as signed addresses do: that becomes a part of its own, "a.jpg/?key=1".
    Raises Problem where it is none.
    """
    address = shown(path)
    if "@" in urlsplit(address).netloc:
        raise Problem("An address with a name or password before its server is not used. Give it without.")
    if scheme(address) not in WEB:
        return place(path)
    address, _, query = address.partition("?")
    file = place(Path(address))
    return file / f"?{query.replace('/', '%2F')}" if query else file


def plain_name(path: Path) -> str:
    """The last part of a path that is a name."""
    return path.parent.name if path.name.startswith("?") else path.name


def read(path: Path) -> bytes:
    """The bytes of a picture elsewhere. Raises FileNotFoundError, Unfetched, Gone, or Problem (see ``remote_patience``)."""
    if ".." in path.parts:
        raise FileNotFoundError(f"{shown(path)} leads out of its folder")
    address = shown(path)
    with _guard:
        mine = _locks.setdefault(address, threading.Lock())
    with mine:  # who wants the same picture meanwhile finds the copy
        with suppress(OSError):  # a copy that has just made room for another one is none
            if (copy := cache.find(address)) is not None:
                return copy.read_bytes()
        data = remote_files.read(address)
        with suppress(OSError):  # without room for copies every picture is fetched each time
            cache.keep(address, data)
        return data


def local(path: Path) -> Path:
    """The file on this computer: ``path`` itself or, for a picture elsewhere, its copy. To be opened soon.

    Raises what ``read`` raises, and Problem where no copy can be kept.
    """
    if not is_elsewhere(path):
        return path
    read(path)
    copy = cache.find(shown(path))
    if copy is None:
        raise Problem(f"The copies of pictures in {cache.place} cannot be written. Make room on this disk.")
    return copy


def beginning(path: Path, length: int) -> bytes:
    """The first bytes of a picture elsewhere, at least ``length`` if it has as many. Raises what ``read`` raises."""
    address = shown(path)
    if cache.find(address) is not None:
        return read(path)
    data = remote_files.read(address, length)
    if len(data) < length:  # it is all there is
        with suppress(OSError):
            cache.keep(address, data)
    return data


def is_any_file(paths: Iterable[Path]) -> bool:
    """Whether one of some files is there, wherever. Raises Problem where none is, and some cannot be looked at."""
    why = ""

    def look(path: Path) -> bool | str:
        if not is_elsewhere(path):
            return path.is_file()
        try:
            return remote_files.exists(shown(path))
        except Unfetched as error:
            return f"{shown(path)} {error}."

    with closing(in_order(look, paths, workers=4)) as found:
        for answer in found:
            if answer is True:
                return True
            why = why or (answer if isinstance(answer, str) else "")
    if why:
        raise Problem(why)
    return False


def is_folder(path: Path) -> bool:
    """Whether an address is that of a folder. What cannot be asked is said when it is read as a file."""
    try:
        return remote_files.is_folder(shown(path))
    except (OSError, Gone):
        return False


def listing(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder elsewhere. Raises Problem where that cannot be told."""
    return remote_files.listing(shown(folder))


def stamp(path: Path) -> str:
    """What tells a file from a later one of the same name. Raises OSError when it is not there.

    Elsewhere it is the address: asking for more would take as long as fetching it.
    """
    if is_elsewhere(path):
        return shown(path)
    about = path.stat()
    return f"{about.st_size}|{about.st_mtime_ns}"


def size(path: Path) -> int | None:
    """Bytes of a file, wherever; None where it is not there."""
    if is_elsewhere(path):
        return remote_files.size(shown(path))
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None


def threads(places: Iterable[Path]) -> int | None:
    """How many threads shall read pictures: more than there are cores where some lie elsewhere, else None."""
    return THREADS if any(map(is_elsewhere, places)) else None


def fetched_ahead(
    items: Iterable[Item], path_of: Callable[[Item], Path], meanwhile: Callable[[], None] | None = None
) -> Generator[Item, None, None]:
    """The same items in the same order, the pictures of the next ones on their way here if they lie elsewhere.

    What cannot be fetched is told to whoever reads it. As long as no picture lies elsewhere nothing happens.
    ``meanwhile`` is called while one is waited for, as by ``in_order``.
    """
    stop = threading.Event()

    def fetch(item: Item) -> Item:
        path = path_of(item)
        if is_elsewhere(path):
            with suppress(OSError, Problem), given_up_when(stop):
                read(path)
        return item

    remaining = iter(items)
    for item in remaining:
        if is_elsewhere(path_of(item)):
            try:
                yield from in_order(fetch, chain([item], remaining), THREADS, 2 * THREADS, meanwhile)
            finally:
                stop.set()
            return
        yield item
