"""A web server in a thread that misbehaves as told: what real servers, proxies and hotel networks do to downloads."""

import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Misbehave = Callable[["Handler", bytes], bool]
"""What to do with a request for these bytes; whether it was answered (otherwise it is, properly)."""


@dataclass
class Served:
    """What a server has, and what it was asked for. ``tricks`` of a path are used up one request each."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    tricks: dict[str, list[Misbehave]] = field(default_factory=dict)
    always: dict[str, Misbehave] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    etags: bool = True
    marks: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        """The address of a file."""
        return f"{self.address}/{path}"

    def ranges(self, path: str) -> list[str]:
        """The ranges that were asked for of a file, "" for all of it, in order."""
        return [ranged for asked, ranged in self.asked if asked == path]


@contextmanager
def serving(port: int = 0) -> Iterator[Served]:
    """A server on this computer, on a free port if none is given."""
    server = _Server(("127.0.0.1", port), Handler)
    server.served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    served: Served
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is nothing to tell."""


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with ranges."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        served = self.server.served
        path = urllib.parse.unquote(re.sub(r"^http://[^/]+", "", self.path)).lstrip("/")
        with served.lock:
            served.asked.append((path, self.headers.get("Range", "")))
            tricks = served.tricks.get(path, [])
            trick = tricks.pop(0) if tricks else served.always.get(path)
        data = served.files.get(path)
        if trick is not None and trick(self, data or b""):
            return
        if data is None:
            self.say(404, b"nothing here")
            return
        self.give(data)

    def do_HEAD(self) -> None:
        data = self.server.served.files.get(urllib.parse.unquote(self.path).lstrip("/"))
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()

    @property
    def start(self) -> int:
        """Where the asked range begins."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        return int(asked[1]) if asked and condition in (None, self.mark) else 0

    @property
    def mark(self) -> str:
        return self.server.served.marks.get(self.path.lstrip("/"), '"first"')

    def give(self, data: bytes, cut: int | None = None, ranges: bool = True) -> None:
        """Answer as a good server does; ``cut`` breaks the line after so many bytes of the answer."""
        start = self.start if ranges else 0
        if start and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        if self.server.served.etags:
            self.send_header("ETag", self.mark)
        self.end_headers()
        self.wfile.write(data[start:] if cut is None else data[start : start + cut])
        if cut is not None:
            self.hang_up()

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Any answer."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Break the line."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def cut(after: int) -> Misbehave:
    """Break the line after so many bytes."""

    def trick(handler: Handler, data: bytes) -> bool:
        handler.give(data, cut=after)
        return True

    return trick


def trickle(handler: Handler, data: bytes) -> bool:
    """Send a byte now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while True:  # until nobody listens any more
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.02)


def hang_up(handler: Handler, _: bytes) -> bool:
    """Break the line without an answer."""
    handler.hang_up()
    return True


def ignore_ranges(handler: Handler, data: bytes) -> bool:
    """Send everything, whatever part was asked for."""
    handler.give(data, ranges=False)
    return True


def status(code: int, **headers: str) -> Misbehave:
    """Answer with an error."""

    def trick(handler: Handler, _: bytes) -> bool:
        handler.say(code, b"sorry", **headers)
        return True

    return trick


def page(handler: Handler, _: bytes) -> bool:
    """The log-in page of a hotel."""
    handler.say(200, b"<!DOCTYPE html><html>Please log in</html>", Content_Type="text/html; charset=utf-8")
    return True


def hidden_page(handler: Handler, _: bytes) -> bool:
    """A web page that calls itself a file."""
    handler.say(200, b"\n <html>Not found</html>", Content_Type="application/octet-stream")
    return True


def claim_length(length: int) -> Misbehave:
    """Say that the file has another length than it has."""

    def trick(handler: Handler, data: bytes) -> bool:
        handler.say(200, data[:length], Content_Length=str(length))
        if length > len(data):
            handler.hang_up()
        return True

    return trick


def lead_to(address: str) -> Misbehave:
    """Redirect."""

    def trick(handler: Handler, _: bytes) -> bool:
        handler.say(302, Location=address)
        return True

    return trick


def in_chunks(handler: Handler, data: bytes) -> bool:
    """Send without saying how much it will be."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for at in range(0, len(data), 1 << 16):
        piece = data[at : at + (1 << 16)]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")
    return True
