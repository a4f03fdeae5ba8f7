"""Reading files from web servers and from the stores of clouds, with patience, and telling apart what can go wrong.

Web servers are asked as everywhere in the program; all other schemes go through fsspec and the packages that belong to
them. Who may read is the clouds' own business: their environment variables and files say it, and nothing is kept here.
"""

import errno
import http.client
import threading
import time
import urllib.error
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from camtrap_gui import web
from camtrap_gui.problem import Interrupted, Problem

PAUSES = (0.5, 2.0)
"""Seconds to wait before a server is asked again for what it did not give."""

LARGEST = 256 * 1024 * 1024
"""Bytes; no picture of a camera has as many, and no more are ever read."""

LONGEST_S = 600.0
"""Seconds that one file may take: a server that gives a byte now and then would keep one waiting for ever."""

FAILURES = 20
"""So many pictures in a row that cannot be fetched, and it is not the fault of the pictures."""

WEB = ("http", "https")
_PIECE = 1 << 18
_LONGEST_PAUSE_S = 30.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_CONNECTION = frozenset(  # as botocore, aiohttp and azure.core call it
    {"EndpointConnectionError", "ConnectTimeoutError", "ClientConnectorError", "ServiceRequestError"}
)
_NOBODY = frozenset(  # as botocore, google.auth and azure.core call it when nobody said who asks
    {"NoCredentialsError", "CredentialRetrievalError", "GoogleAuthError", "ClientAuthenticationError"}
)

Value = TypeVar("Value")


class Unfetched(OSError):
    """Why one file cannot be fetched, in words."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EPROTO, why)

    def __str__(self) -> str:
        return f"cannot be fetched: {self.strerror}"


@contextmanager
def given_up_when(stop: threading.Event) -> Iterator[None]:
    """In the block, on this thread: fetch no further than to the next piece once ``stop`` is set (Unfetched)."""
    _here.stop = stop
    try:
        yield
    finally:
        _here.stop = threading.Event()


class _Here(threading.local):
    def __init__(self) -> None:
        self.stop = threading.Event()


_here = _Here()


class Gone(Interrupted):
    """A server that cannot be reached, or gives nothing any more: there is no use in asking it for the next file.

    ``why`` in the words of a row about a single one.
    """

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"{host} cannot be read: {why}. What was done is kept. Look at the connection, and whether this computer may"
            " read there; then do the same again, and it goes on."
        )
        self.why = f"{host} cannot be read: {why}"


def read(address: str, length: int | None = None) -> bytes:
    """The file at an address, or its first ``length`` bytes at least, if it has as many.

    Raises FileNotFoundError, Unfetched, Gone, or Problem when a package for this scheme is missing.
    """
    if scheme(address) in WEB:
        return _patiently(address, lambda: _from_web(address, length))
    most = LARGEST + 1 if length is None else length
    data = _patiently(address, lambda: bytes(_store(address).cat_file(address, start=0, end=most)))
    if len(data) > LARGEST:
        raise _too_large()
    return data


def size(address: str) -> int | None:
    """How many bytes a file has; None where there is none or nobody says. Raises Gone or Problem as ``read`` does."""
    try:
        if scheme(address) in WEB:
            return web.size_of(quoted(address))
        return int(_patiently(address, lambda: _store(address).info(address))["size"])
    except (OSError, KeyError, TypeError):
        return None


def exists(address: str) -> bool:
    """Whether there is a file. Raises Unfetched when it is there but may not be read, otherwise as ``read`` does."""
    try:
        if scheme(address) in WEB:
            read(address, 512)  # enough to know a web page
            return True
        return bool(_patiently(address, lambda: _store(address).info(address))["type"] == "file")
    except FileNotFoundError:
        return False


def is_folder(address: str) -> bool:
    """Whether there is a folder. Raises what ``read`` raises, if it cannot be told."""
    if scheme(address) in WEB:
        return False
    try:
        return bool(_patiently(address, lambda: _store(address).info(address))["type"] == "directory")
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
        entries = _patiently(address, lambda: _store(address).ls(address, detail=True))
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


def scheme(address: str) -> str:
    """What an address begins with: "https", "s3" ..."""
    return address.partition(":")[0]


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
        if _here.stop.is_set():
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
            f"{kind}:// cannot be used: {_words(error)}. Say who you are as this cloud's own tools want it (in their"
            " environment variables or files)."
        ) from error


_lock = threading.Lock()
_failures: defaultdict[str, set[str]] = defaultdict(set)  # by host, since it last gave something


def _patiently(address: str, ask: Callable[[], Value]) -> Value:
    pauses = PAUSES if scheme(address) in WEB else ()  # the packages of the clouds try again by themselves
    for pause in (*pauses, None):
        try:
            value = ask()
        except (FileNotFoundError, IsADirectoryError):
            raise FileNotFoundError(errno.ENOENT, "there is no such file", address) from None
        except (NotADirectoryError, Problem, MemoryError):
            raise
        except Exception as error:  # each cloud's package has errors of its own
            if _is_missing(error):
                raise FileNotFoundError(errno.ENOENT, "there is no such file", address) from None
            if pause is None or not _may_pass(error):
                raise _failed(address, error) from error
            if _here.stop.wait(max(pause, _asked_pause(error))):
                raise Unfetched("it was stopped") from error
        else:
            with _lock:
                _failures.pop(_host(address), None)
            return value
    raise AssertionError("the last try returns or raises")


def _failed(address: str, error: Exception) -> Exception:
    host, why = _host(address), _words(error)
    with _lock:
        _failures[host].add(address)
        hopeless = len(_failures[host]) >= FAILURES
    if _is_cut_off(error) or hopeless:
        return Gone(host, why)
    return error if isinstance(error, Unfetched) else Unfetched(why)


def _is_missing(error: Exception) -> bool:
    return isinstance(error, urllib.error.HTTPError) and error.code in (404, 410)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, urllib.error.HTTPError):
        return error.code in _BUSY
    return not isinstance(error, PermissionError | Unfetched | ValueError)


def _is_cut_off(error: Exception) -> bool:
    """Whether not even a connection came about, or nobody is let in."""
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return True
    return _is_one_of(error, _NO_CONNECTION | _NOBODY)


def _is_one_of(error: Exception, names: frozenset[str]) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} ({http.client.responses.get(error.code, error.reason)})"
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    if isinstance(error, Unfetched):
        return str(error.strerror)
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke"
    if isinstance(error, PermissionError) or _is_one_of(error, _NOBODY):
        return f"this computer may not read there ({error})"
    return " ".join((str(error) or type(error).__name__).split())[:300]


def _asked_pause(error: Exception) -> float:
    said = web.asked_to_wait(error.headers) if isinstance(error, urllib.error.HTTPError) else None
    return min(said or 0.0, _LONGEST_PAUSE_S)


def _host(address: str) -> str:
    begin, _, rest = address.partition("://")
    return f"{begin}://{rest.partition('/')[0]}"
