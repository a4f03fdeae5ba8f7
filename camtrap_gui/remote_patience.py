"""Asking servers and clouds with patience, and telling apart what can go wrong there."""

import errno
import http.client
import threading
import urllib.error
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from camtrap_gui import web
from camtrap_gui.problem import Interrupted, Problem

PAUSES = (0.5, 2.0)
"""Seconds to wait before a server is asked again for what it did not give."""

FAILURES = 20
"""So many pictures in a row that cannot be fetched, and it is not the fault of the pictures."""

WEB = ("http", "https")
_LONGEST_PAUSE_S = 30.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_CONNECTION = frozenset(  # as botocore, aiohttp and azure.core call it
    {"EndpointConnectionError", "ConnectTimeoutError", "ClientConnectorError", "ServiceRequestError"}
)
_NOBODY = frozenset(  # as botocore, google.auth and azure.core call it when nobody said who asks
    {"NoCredentialsError", "CredentialRetrievalError", "GoogleAuthError", "ClientAuthenticationError"}
)

Value = TypeVar("Value")


def scheme(address: str) -> str:
    """What an address begins with: "https", "s3" ..."""
    return address.partition(":")[0]


class Unfetched(OSError):
    """Why one file cannot be fetched, in words."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EPROTO, why)

    def __str__(self) -> str:
        return f"cannot be fetched: {self.strerror}"


@contextmanager
def given_up_when(stop: threading.Event) -> Iterator[None]:
    """In the block, on this thread: fetch no further than to the next piece once ``stop`` is set (Unfetched)."""
    before, _here.stop = _here.stop, stop
    try:
        yield
    finally:
        _here.stop = before


def is_given_up() -> bool:
    """Whether this thread is to fetch no further."""
    return _here.stop.is_set()


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


_lock = threading.Lock()
_failures: defaultdict[str, set[str]] = defaultdict(set)  # by host, since it last gave something


def patiently(address: str, ask: Callable[[], Value]) -> Value:
    """What ``ask`` gives of an address; asked again where that may help.

    Raises FileNotFoundError, Unfetched, Gone, or Problem as ``ask`` does.
    """
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
            if is_given_up():
                raise Unfetched("it was stopped") from error
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
    host, why = _host(address), words_of(error)
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


def words_of(error: Exception) -> str:
    """What an error of a server, or of a cloud's package, says."""
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
