"""Reading one huge JSON object piece by piece, in memory that does not grow with the file.

A first pass finds every member of the top-level object and cuts the arrays among them into spans of whole elements of
about a megabyte (``index``); it also notices everything that is not JSON or was cut off, before anything is imported.
A second pass decodes the spans that are wanted, in any order.

The cut is a guess, the last ``}, {`` of a block, that decoding proves: a piece of an array from the beginning of an
element, closed with ``]``, is valid JSON exactly when it ends at the end of an element. Where the guess fails (lists of
objects inside elements, brackets inside strings, the end of the array, NaN) a scanner counts brackets instead.
"""

import codecs
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from camtrap_gui.problem import Problem

BLOCK = 1 << 20
LONGEST_ELEMENT = 64 << 20
"""A single element, key or text larger than this is refused: no survey has one, and it must fit into memory."""
DEEPEST = 64

Source = Path | zipfile.Path
"""Where JSON lies: a file, or a file inside a zip, which need not be unpacked."""

_SEPARATOR = re.compile(rb"\}[ \t\r\n]*(,)[ \t\r\n]*\{")
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],"]', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,\]}]+")
_SPACE = b" \t\r\n"
_CANDIDATES = 8

_raw_elements = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Span:
    """A piece of an array: ``count`` whole elements in the bytes ``start`` to ``stop`` of the file."""

    start: int
    stop: int
    count: int


@dataclass
class Member:
    """A member of the top-level object. ``kind`` is the first character of its value: ``[ { "`` or another.

    ``spans`` is filled for arrays only; the value lies in the bytes ``start`` to ``stop`` of the file.
    """

    kind: str
    spans: list[Span] = field(default_factory=list)
    start: int = 0
    stop: int = 0

    @property
    def count(self) -> int:
        """How many elements an array has."""
        return sum(span.count for span in self.spans)


def index(path: Source) -> dict[str, Member]:
    """The members of the JSON object in a file, by name. Raises Problem when the file is not one whole JSON object."""
    try:
        with path.open("rb") as file:
            return _Indexer(path, cast(BinaryIO, file)).members()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error


def read(file: BinaryIO, span: Span) -> bytes:
    """The elements of a span as a JSON array of their own."""
    return bytes(next(read_all(file, [span])))


def read_all(file: BinaryIO, spans: list[Span]) -> Iterator[memoryview]:
    """``read`` for each of the spans; each text is overwritten by the next, so that it needs no memory of its own."""
    text = bytearray(2 + max((span.stop - span.start for span in spans), default=0))
    for span in spans:
        file.seek(span.start)
        stop = 1
        while stop <= span.stop - span.start:
            more = file.readinto(memoryview(text)[stop : 1 + span.stop - span.start])  # type: ignore[attr-defined]
            if not more:
                break
            stop += more
        text[0], text[stop] = b"[]"
        yield memoryview(text)[: stop + 1]


def decode(text: bytes, path: Source, start: int = 0) -> list[Any]:
    """A JSON array as Python values; NaN and Infinity, which some programs write, become None.

    Raises Problem that names ``path`` and the position behind ``start``.
    """
    try:
        return list(msgspec.json.decode(text))
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return list(json.loads(text, parse_constant=lambda _: None))
    except UnicodeDecodeError as error:
        raise Problem(
            f"{path} is not written in UTF-8 (byte {start + error.start:,}). Save it again in the encoding UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise Problem(
            f"{path} is not valid JSON near byte {start + error.pos:,}: {error.msg}. Get or make the file again."
        ) from error
    except (RecursionError, ValueError) as error:
        raise Problem(f"{path} cannot be read near byte {start:,}: {error}.") from error


class _Indexer:
    """Walks through the file with a buffer that begins at ``self.at``."""

    def __init__(self, path: Source, file: BinaryIO) -> None:
        self.path = path
        self.file = file
        self.buffer = b""
        self.at = 0
        self.ended = False

    def members(self) -> dict[str, Member]:
        self._begin()
        found: dict[str, Member] = {}
        while True:
            token = self._peek()
            if token == b"}" and not found:
                break
            name = self._string()
            if name in found:
                raise self._malformed(f"it has two members “{name}”")
            self._expect(b":")
            found[name] = self._value(name)
            if self._peek() == b"}":
                break
            self._expect(b",")
        self._expect(b"}")
        if self._peek(may_end=True):
            raise self._malformed("something follows behind the end")
        return found

    def _begin(self) -> None:
        self._more()
        if not self.buffer:
            raise Problem(f"{self.path} is empty.")
        if self.buffer.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in self.buffer[:4]:
            raise Problem(f"{self.path} is not written in UTF-8. Save it again in the encoding UTF-8.")
        if self.buffer.startswith(codecs.BOM_UTF8):
            self._skip(len(codecs.BOM_UTF8))
        first = self._peek(may_end=True)
        if first == b"[":
            raise Problem(f"{self.path} holds a list. A JSON object with “images” in it was expected.")
        if first != b"{":
            raise Problem(f"{self.path} is not a JSON file.")
        self._skip(1)

    def _value(self, name: str) -> Member:
        kind = self._peek()
        member = Member(kind.decode("latin-1"), start=self.at)
        if kind in (b"[", b"{"):
            self._skip(1)
            for span in self._spans(kind, name):
                if kind == b"[":
                    member.spans.append(span)
        elif kind == b'"':
            self._string()
        else:
            self._scalar(name)
        member.stop = self.at
        return member

    def _spans(self, kind: bytes, name: str) -> Iterator[Span]:
        """The elements of the container whose opening bracket was just passed; stops behind its closing one."""
        if self._peek(inside=name) == (b"]" if kind == b"[" else b"}"):
            self._skip(1)
            return
        while True:
            while len(self.buffer) < BLOCK and not self.ended:
                self._more()
            cut = self._guess() if kind == b"[" else None
            closed = False
            while cut is None:
                stop, count, closed = self._scan(kind)
                if count:
                    cut = stop, count
                elif self.ended:
                    raise self._cut_off(name)
                elif len(self.buffer) > LONGEST_ELEMENT:
                    raise self._malformed(f"an element of “{name}” is larger than {LONGEST_ELEMENT >> 20} MB")
                else:
                    self._more(len(self.buffer))
            stop, count = cut
            yield Span(self.at, self.at + stop, count)
            self._skip(stop + 1)
            if closed:
                return
            self._peek(inside=name)

    def _guess(self) -> tuple[int, int] | None:
        """Where the last element that lies whole in the buffer ends, and how many there are; None when unsure."""
        stop = len(self.buffer)
        for _ in range(_CANDIDATES):
            stop = self.buffer.rfind(b"}", 0, stop)
            if stop < 0:
                return None
            separator = _SEPARATOR.match(self.buffer, stop)
            if separator:
                try:
                    whole = b"".join((b"[", memoryview(self.buffer)[: stop + 1], b"]"))
                    elements = _raw_elements.decode(whole)
                except (msgspec.DecodeError, ValueError, RecursionError):
                    continue  # perhaps between two objects of a list inside an element
                return separator.start(1), len(elements)
        return None

    def _scan(self, kind: bytes) -> tuple[int, int, bool]:
        """The same by counting brackets: position of the comma or closing bracket, elements, whether it is closed."""
        depth, stop, count, closers = 1, 0, 0, [b"]" if kind == b"[" else b"}"]
        for token in _TOKENS.finditer(self.buffer):
            first = token[0][:1]
            if first == b'"':
                if len(token[0]) == 1:  # a text that goes on behind the buffer
                    break
            elif first == b",":
                if depth == 1:
                    stop, count = token.start(), count + 1
            elif first in (b"[", b"{"):
                closers.append(b"]" if first == b"[" else b"}")
                depth += 1
                if depth > DEEPEST:
                    raise self._malformed(f"it is nested more than {DEEPEST} deep")
            else:
                if first != closers.pop():
                    raise self._malformed("its brackets do not match", token.start())
                depth -= 1
                if depth == 0:
                    return token.start(), count + 1, True
        return stop, count, False

    def _string(self) -> str:
        if self._peek() != b'"':
            raise self._malformed("a name was expected")
        while (match := _STRING.match(self.buffer)) is None:
            if self.ended:
                raise self._cut_off()
            if len(self.buffer) > LONGEST_ELEMENT:
                raise self._malformed(f"a text is longer than {LONGEST_ELEMENT >> 20} MB")
            self._more(len(self.buffer))
        [text] = decode(b"[" + match[0] + b"]", self.path, self.at)
        self._skip(match.end())
        return str(text)

    def _scalar(self, name: str) -> None:
        while (match := _SCALAR.match(self.buffer)) and match.end() == len(self.buffer) and not self.ended:
            if len(self.buffer) > LONGEST_ELEMENT:
                raise self._malformed(f"“{name}” is too long")
            self._more(len(self.buffer))
        if match is None or not _is_scalar(match[0]):
            raise self._malformed(f"“{name}” has no value")
        self._skip(match.end())

    def _peek(self, may_end: bool = False, inside: str = "") -> bytes:
        """The next character that is no space."""
        while not (rest := self.buffer.lstrip(_SPACE)) and not self.ended:
            self._skip(len(self.buffer))
            self._more()
        self._skip(len(self.buffer) - len(rest))
        if not rest and not may_end:
            raise self._cut_off(inside)
        return self.buffer[:1]

    def _expect(self, character: bytes) -> None:
        if self._peek() != character:
            raise self._malformed(f"“{character.decode()}” was expected")
        self._skip(1)

    def _more(self, size: int = BLOCK) -> None:
        block = self.file.read(max(size, BLOCK))
        self.ended = not block
        self.buffer += block

    def _skip(self, size: int) -> None:
        self.at += size
        self.buffer = self.buffer[size:]

    def _malformed(self, what: str, offset: int = 0) -> Problem:
        return Problem(
            f"{self.path} is not valid JSON near byte {self.at + offset:,}: {what}. Get or make the file again."
        )

    def _cut_off(self, name: str = "") -> Problem:
        where = f" in the middle of “{name}”" if name else ""
        return Problem(f"{self.path} is cut off: it ends{where}. Download or copy it again.")


def _is_scalar(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
