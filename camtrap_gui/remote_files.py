"""Reading files from web servers and from the stores of clouds, and the names of those in a folder.

Web servers are asked as everywhere in the program; all other schemes go through fsspec and the packages that belong to
them. Who may read is the clouds' own business: their environment variables and files say it, and nothing is kept here.
"""

import http.client
import time
import urllib.error
import urllib.parse
from typing import Any

from camtrap_gui import web
from camtrap_gui.problem import Problem
from camtrap_gui.remote_patience import WEB, Unfetched, is_given_up, patiently, scheme, words_of

LARGEST = 256 * 1024 * 1024
"""Bytes; no picture of a camera has as many, and no more are ever read."""

LONGEST_S = 600.0
"""Seconds that one file may take: a server that gives a byte now and then would keep one waiting for ever."""

_PIECE = 1 << 18


def read(address: str, length: int | None = None) -> bytes:
    """The file at an address, or its first ``length`` bytes at least, if it has as many.

    Raises FileNotFoundError, Unfetched, Gone, or Problem when a package for this scheme is missing.
    """
    if scheme(address) in WEB:
        return patiently(address, lambda: _from_web(address, length))
    most = LARGEST + 1 if length is None else length
    data = patiently(address, lambda: bytes(_store(address).cat_file(address, start=0, end=most)))
    if len(data) > LARGEST:
        raise _too_large()
    return data


def size(address: str) -> int | None:
    """How many bytes a file has; None where there is none or nobody says. Raises Gone or Problem as ``read`` does."""
    try:
        if scheme(address) in WEB:
            return web.size_of(quoted(address))
        return int(patiently(address, lambda: _store(address).info(address))["size"])
    except (OSError, KeyError, TypeError):
        return None


def exists(address: str) -> bool:
    """Whether there is a file. Raises Unfetched when it is there but may not be read, otherwise as ``read`` does."""
    try:
        if scheme(address) in WEB:
            read(address, 512)  # enough to know a web page
            return True
        return bool(patiently(address, lambda: _store(address).info(address))["type"] == "file")
    except FileNotFoundError:
        return False


def is_folder(address: str) -> bool:
    """Whether there is a folder. Raises what ``read`` raises, if it cannot be told."""
    if scheme(address) in WEB:
        return False
    try:
        return bool(patiently(address, lambda: _store(address).info(address))["type"] == "directory")
    except FileNotFoundError:
        return False


def listing(address: str) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder. Raises Problem where that cannot be told."""
    if scheme(address) in WEB:
        raise Problem(
            f"What is in {address} cannot be told: web servers do not list their files. Bring in a JSON that lists the"
            " pictures, with this address as the folder that its file names start from (--json, --images)."
        )
    try:
        entries = patiently(address, lambda: _store(address).ls(address, detail=True))
    except (FileNotFoundError, NotADirectoryError):
        raise Problem(f"There is no folder {address}. Say where the pictures are.") from None
    except Unfetched as error:
        raise Problem(f"The folder {address} {error}") from error
    folders: list[str] = []
    names: list[str] = []
    for entry in entries:
        name = str(entry["name"]).rstrip("/").rpartition("/")[2]
        if name:
            (folders if entry["type"] == "directory" else names).append(name)
    return sorted(folders), sorted(names)


def quoted(address: str) -> str:
    """An address in plain characters as servers want it: a space is %20, and a # in a name does not end it.

    A part that begins with a question mark is no name but what the server is asked (``remote_pictures.for_once``).
    """
    begin, _, rest = address.partition("://")
    path, asks, query = rest.partition("/?")
    host, slash, path = path.partition("/")
    asked = f"?{urllib.parse.quote(query, safe=_IN_QUERIES)}" if asks else ""
    return f"{begin}://{host}{slash}{urllib.parse.quote(path)}{asked}"


_IN_QUERIES = "%/:=&?~+!$,;'@()*[]"


def _from_web(address: str, length: int | None) -> bytes:
    with web.ask(quoted(address)) as answer:
        data = _pieces(answer, LARGEST + 1 if length is None else length)
        expected = answer.headers.get("Content-Length", "")
    if len(data) > LARGEST:
        raise _too_large()
    missing = min(int(expected), length or LARGEST) - len(data) if expected.isdecimal() else 0
    if missing > 0:
        raise http.client.IncompleteRead(data, missing)
    if web.is_page(data):
        raise Unfetched("a web page came in its place")
    return data


def _pieces(answer: Any, most: int) -> bytes:
    data, until = bytearray(), time.monotonic() + LONGEST_S
    while len(data) < most and (piece := answer.read1(min(_PIECE, most - len(data)))):
        data += piece
        if is_given_up():
            raise Unfetched("it was stopped")
        if time.monotonic() > until:
            raise Unfetched(f"it took more than {LONGEST_S / 60:.0f} minutes")
    return bytes(data)


def _too_large() -> "Unfetched":
    return Unfetched(f"it has more than {LARGEST // 1_000_000:,} MB")


def _store(address: str) -> Any:
    import fsspec

    kind = scheme(address)
    try:
        return fsspec.filesystem(kind, use_listings_cache=False)  # or it would grow with the survey
    except ImportError as error:
        raise Problem(
            f"Pictures at {kind}:// need a part of the program that is not installed. Install it with:"
            " pip install 'camtrap-gui[clouds]'"
        ) from error
    except Exception as error:  # each cloud's package has errors of its own
        raise Problem(
            f"{kind}:// cannot be used: {words_of(error)}. Say who you are as this cloud's own tools want it (in their"
            " environment variables or files)."
        ) from error
