"""Getting a file from the internet over any line: what arrives is what was meant, or nothing arrives.

What came so far lies beside the target as ``.NAME.part``, with ``.NAME.part.json``, which says what it is a part of; so
a download goes on where it stopped, after a kill too. It goes on only with the same file: the server must confirm it
(``If-Range``), or a known hash will. A line that breaks is tried again, then the next address is.

Only http and https are spoken, redirections included, and never http where https was asked for. The proxies of the
environment (``https_proxy``, ``no_proxy``) are used.
"""

import email.message
import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from camtrap_gui import web
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.web import Refused

PHASE = "Downloading (MB)"
PATIENCE = 5
"""So many attempts in a row at one address may fail, or bring next to nothing, before the next address is asked."""

_MB = 1_000_000
_BLOCK = 1 << 17
_LITTLE = 1 << 16
_SPARE = 50 * _MB
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Fetched:
    """A file that arrived: its hash, its bytes, and the address it came from."""

    sha256: str
    size: int
    address: str


@dataclass(frozen=True)
class _Part:
    """What the bytes beside the target are the beginning of. ``mark`` is the server's ETag or date of the file."""

    address: str
    mark: str = ""
    size: int | None = None


class _Broken(Exception):
    """The line broke, or the server is busy: worth another attempt, after ``wait_s`` if it said so."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def fetch(
    addresses: Sequence[str],
    target: Path,
    sha256: str | None,
    size: int | None,
    report: Report,
    md5: str | None = None,
    at_most: int | None = None,
) -> Fetched:
    """Download the file that all ``addresses`` hold to ``target``, whole and checked, replacing what is there.

    ``size`` is in bytes; what is not known is None. A file larger than ``at_most`` bytes is refused. One process at a
    time may fetch to a target. Raises Problem when no address gives the file: ``Refused`` when all that answered gave
    something else. Passes on Cancelled; what came so far stays for the next time.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    download = _Download(target, sha256, size, md5, at_most, report)
    failures: list[str] = []
    refused: Refused | None = None
    silent = False
    for address in addresses:
        try:
            return download.from_one(address)
        except Refused as reason:
            refused = reason
            failures.append(f"{address}: {reason}")
        except _Broken as reason:
            silent = True
            failures.append(f"{address}: {reason}")
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Problem(
                    f"The disk of {target.parent} is full. Make room; the download goes on where it stopped."
                ) from error
            raise Problem(f"{target} cannot be written: {error.strerror or error}.") from error
    told = f"{target.name} could not be downloaded.\n" + "\n".join(failures)
    if silent or refused is None:
        raise Problem(f"{told}\nCheck the network connection, then try again: it goes on where it stopped.")
    raise Refused(told, refused.status)


def read(address: str, report: Report, at_most: int = 16 * _MB) -> bytes:
    """A small file, kept in memory. Raises Problem as ``fetch`` does."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="camtrap-") as folder:
        target = Path(folder) / "file"
        fetch([address], target, None, None, report, at_most=at_most)
        return target.read_bytes()


class _Download:
    """One target, from whatever address."""

    def __init__(
        self,
        target: Path,
        sha256: str | None,
        size: int | None,
        md5: str | None,
        at_most: int | None,
        report: Report,
    ) -> None:
        self.target, self.size, self.at_most, self.report = target, size, at_most, report
        self.hashes = {name: text for name, text in (("sha256", sha256), ("md5", md5)) if text}
        self.part = target.with_name(f".{target.name}.part")
        self.note = target.with_name(f".{target.name}.part.json")

    def from_one(self, address: str) -> Fetched:
        """All of it from one address. Raises Refused or _Broken."""
        failed, pieced = 0, self._come() > 0
        while True:
            before = self._come()
            try:
                self._attempt(address)
            except _Broken as broken:
                failed = failed + 1 if self._come() - before < _LITTLE else 0
                if failed >= PATIENCE:
                    raise
                self._pause(min(_FIRST_PAUSE_S * 2**failed, 16) if broken.wait_s is None else broken.wait_s)
                pieced = True
                continue
            try:
                return self._finished(address)
            except Refused:
                self._forget()
                if not pieced:
                    raise
                pieced = False  # pieces of two files, or a damaged one: once more in one go

    def _attempt(self, address: str) -> None:
        """Bring the part to its end. Raises _Broken when it did not come to it, Refused when it is something else."""
        start, part = self._come(), self._part()
        if not self._can_go_on(part, address):
            start = 0
        elif start and start == part.size:
            return
        try:
            with web.ask(address, start, part.mark if part.address == address else "") as answer:
                self._take(answer, address, start, part)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and start:  # what is there is all there is, or of another file
                if start != self._total(error.headers, start):
                    self._forget()
                    raise _Broken("the file there has changed") from error
                return
            said = f"the server answers {error.code} {error.reason}"
            if error.code in _PASSING:
                raise _Broken(said, web.asked_to_wait(error.headers)) from error
            raise Refused(said, error.code) from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, Refused):
                raise error.reason from error
            raise _Broken(f"no connection ({error.reason})") from error
        except (http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
            raise _Broken(f"the connection broke ({str(error) or type(error).__name__})") from error

    def _take(self, answer: Any, address: str, start: int, part: _Part) -> None:
        """Write what the server sends to the end of the part, or to a new one."""
        headers = answer.headers
        if answer.status == 206:
            given = _RANGE.fullmatch(headers.get("Content-Range", ""))
            if start == 0 or given is None or int(given[1]) != start:
                self._forget()
                raise _Broken("the server sent another piece than it was asked for")
            if part.size is not None and given[3] != "*" and int(given[3]) != part.size:
                self._forget()
                raise _Broken("the file there has changed")
        elif answer.status != 200:
            raise Refused(f"the server answers {answer.status}", answer.status)
        else:
            start = 0
        if headers.get("Content-Encoding", "identity") != "identity":
            raise Refused("the server sends it packed, which was not asked for")
        if headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            raise Refused("the server sends a web page in place of the file")
        total = self._total(headers, start)
        self._require_expected(total)
        if total is None and not answer.chunked:
            raise Refused("the server does not say how long the file is")
        self._require_room((total or self.size or 0) - start)
        if start == 0:
            self.part.unlink(missing_ok=True)
            self._write_note(_Part(address, web.mark(headers), total))
        with self.part.open("ab") as file:
            self._copy(answer, file, start, total)
        if total is not None and self._come() < total:
            raise _Broken(f"the connection broke after {self._come() / _MB:,.1f} of {total / _MB:,.1f} MB")
        if total is None:  # a body in chunks has told its end
            self._write_note(replace(self._part(), size=self._come()))

    def _copy(self, answer: Any, file: IO[bytes], done: int, total: int | None) -> None:
        known = total or self.size
        in_mb = known // _MB if known else None
        if done == 0:
            self.report(Progress(0, in_mb, self.target.name, PHASE))
        while block := _read(answer):
            if done == 0 and web.is_page(block):
                self._forget()
                raise Refused("the server sends a web page in place of the file")
            file.write(block)
            done += len(block)
            try:
                self._require_expected(done, so_far=True)
            except Refused:
                self._forget()
                raise
            shown = done // _MB if in_mb is None else min(done // _MB, max(in_mb - 1, 0))
            self.report(Progress(shown, in_mb, self.target.name, PHASE))

    def _finished(self, address: str) -> Fetched:
        """Check the part and give it its name."""
        come = self._come()
        self._require_expected(come)
        with self.part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if "md5" in self.hashes:
                file.seek(0)
                md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
                _require_same("MD5", md5, self.hashes["md5"])
        if "sha256" in self.hashes:
            _require_same("SHA-256", found, self.hashes["sha256"])
        with self.part.open("rb+") as file:
            os.fsync(file.fileno())
        self.part.replace(self.target)
        self._forget()
        self.report(Progress(come // _MB, come // _MB, self.target.name, PHASE))
        return Fetched(found, come, address)

    def _can_go_on(self, part: _Part, address: str) -> bool:
        """Whether more of the same file can be asked for: a hash will tell in the end, or the server at once."""
        return bool(self.hashes) or bool(part.mark and part.address == address)

    def _require_expected(self, size: int | None, so_far: bool = False) -> None:
        if size is None:
            return
        if self.size is not None and (size > self.size if so_far else size != self.size):
            raise Refused(f"the file there has {size:,} bytes; {self.size:,} were expected")
        if self.at_most is not None and size > self.at_most:
            raise Refused(f"the file there is larger than {self.at_most / _MB:,.0f} MB")

    def _require_room(self, more: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if more + _SPARE > free:
            raise Problem(
                f"{self.target.name} needs {more / _MB:,.0f} MB more on the disk of {self.target.parent}; there are "
                f"{free / _MB:,.0f}. Make room, or choose a folder on another disk."
            )

    def _total(self, headers: email.message.Message, start: int) -> int | None:
        """The size of the whole file as the server says it."""
        if whole := re.search(r"/(\d+)$", headers.get("Content-Range", "")):
            return int(whole[1])
        length = headers.get("Content-Length", "")
        return start + int(length) if length.isdecimal() and len(length) < 16 else None

    def _pause(self, seconds: float) -> None:
        """Wait, and let the listener cancel."""
        until = time.monotonic() + min(seconds, _LONGEST_PAUSE_S)
        while (left := until - time.monotonic()) > 0:
            self.report(
                Progress(self._come() // _MB, None, f"waiting to try {self.target.name} again", PHASE)
            )
            time.sleep(min(left, 0.2))

    def _come(self) -> int:
        """How many bytes there are already."""
        try:
            return self.part.stat().st_size
        except FileNotFoundError:
            return 0

    def _part(self) -> _Part:
        try:
            said = json.loads(self.note.read_text(encoding="utf-8"))
            part = _Part(str(said["address"]), str(said["mark"]), said["size"])
            return part if part.size is None or isinstance(part.size, int) else _Part("")
        except (OSError, ValueError, KeyError, TypeError):
            return _Part("")

    def _write_note(self, part: _Part) -> None:
        self.note.write_text(json.dumps(asdict(part)), encoding="utf-8")  # half a note counts as none

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _read(answer: Any) -> bytes:
    try:
        return bytes(answer.read1(_BLOCK))
    except OSError as error:  # those of the encryption too; what writing raises is another matter
        raise _Broken(f"the connection broke ({error})") from error


def _require_same(kind: str, found: str, expected: str) -> None:
    if found != expected.lower():
        raise Refused(f"it is not the file that was meant: its {kind} is {found}, expected was {expected}")
