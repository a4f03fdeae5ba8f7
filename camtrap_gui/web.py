"""Asking web servers: http and https only, through the proxies of the environment, nothing else in their place.

Redirections stay within http and https, and never lead from https down to http.
"""

import email.message
import functools
import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, Any

from camtrap_gui import __version__
from camtrap_gui.problem import Problem

SILENCE_S = 30.0
"""A server that says nothing for so long is given up."""

_HEADERS = {"User-Agent": f"camtrap-gui/{__version__}", "Accept-Encoding": "identity"}


class Refused(Problem):
    """An address that answered, but with something else than the file. ``status`` is that of HTTP, 0 without one."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


def ask(address: str, start: int = 0, mark: str = "") -> Any:
    """The answer of a server, to be read and closed: the file at ``address``, from the byte ``start`` on if it can.

    With ``mark``, only if the file still has it, otherwise all of it. Raises what urllib raises, and Refused for what
    is no address of the web.
    """
    require_web(address)
    request = urllib.request.Request(address, headers=_HEADERS)
    if start:
        request.add_header("Range", f"bytes={start}-")
        if mark:
            request.add_header("If-Range", mark)
    return _opener().open(request, timeout=SILENCE_S)


def size_of(address: str) -> int | None:
    """How many bytes the file at an address has; None when nobody says."""
    try:
        request = urllib.request.Request(address, headers=_HEADERS, method="HEAD")
        with _opener().open(request, timeout=SILENCE_S / 3) as answer:
            length = str(answer.headers.get("Content-Length", ""))
            return int(length) if answer.status == 200 and length.isdecimal() else None
    except (OSError, http.client.HTTPException, ValueError, Refused):
        return None


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows to http and https only, and never from https down to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urllib.parse.urlsplit(req.full_url).scheme, urllib.parse.urlsplit(newurl).scheme
        if after not in ("http", "https") or (before, after) == ("https", "http"):
            raise urllib.error.URLError(Refused(f"the server leads to {newurl[:200]}, which is not followed"))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Put together by hand: the usual one also opens local files and FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_certificates()),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirections(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Reading those of the system takes some milliseconds, too long for every picture."""
    return ssl.create_default_context()


def require_web(address: str) -> None:
    """Raise Refused for anything but an http or https address."""
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError as error:
        raise Refused(f"that is no address: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise Refused("only http and https addresses are used")
    if not parts.hostname or not address.isascii() or not address.isprintable() or " " in address:
        raise Refused("that is no address")


def mark(headers: email.message.Message) -> str:
    """What tells this file from a later one at the same address; weak ETags do not."""
    tag = str(headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(headers.get("Last-Modified", ""))


def asked_to_wait(headers: email.message.Message) -> float | None:
    """Seconds after which a busy server wants to be asked again, if it says so."""
    said = str(headers.get("Retry-After", ""))
    return float(said) if said.isdecimal() and len(said) < 6 else None


def is_page(block: bytes) -> bool:
    """Whether a file that begins like this is a web page."""
    return block[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))
