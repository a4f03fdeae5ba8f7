"""Which computer works on a project: one at a time, also where the folder lies on a disk that several of them see.

SQLite's journal and what keeps its programs apart do not reach over a network disk. So whoever opens a project to work
on it holds its mark, the file ``.at-work``, from before the database is opened until it is closed. The mark says a
random token, the computer, since when, and a beat that changes every few seconds. The programs of one computer share
it; the last one takes it away. What this relies on:

- A file that must not be there yet is made by one of two computers only, even in the same instant. Local disks, NFS
  (since version 3) and SMB promise it. Folders that a cloud service keeps in step do not; there the second of two marks
  replaces the first, and the next point holds.
- Whoever has been overruled, or was taken for dead and wakes up, finds that the mark is not his before he writes: he
  looks each time. What he was in the middle of goes into a file that is no project any more (``unlocking``).
- Computers that share a disk have names of their own.

It does not rely on locks between computers, which may be missing, lie, or stay behind; programs of one computer share
the mark by a lock, as SQLite needs locks there itself. Nor on clocks: a mark is dead when its beat has not changed for
``DEAD_AFTER_S`` while another computer kept looking, by the time that went by there.
"""

import os
import platform
import re
import sys
import threading
import time
import uuid
import weakref
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

MARK = ".at-work"
BEAT_EVERY_S = 5.0
DEAD_AFTER_S = 60.0
_PATIENCE_S = 2.0
"""How long another program of this computer may take to write a mark that it has made, or to take it away."""

_BEAT_LENGTH = 16


@dataclass(frozen=True)
class Mark:
    """What a mark says. ``since`` is a local time of that computer; '' where it is not known."""

    beat: str
    token: str
    computer: str
    since: str

    def is_of_here(self) -> bool:
        """Whether it is of this computer."""
        return self.computer == computer()

    def words(self) -> str:
        """Who has the project open, as the middle of a sentence."""
        since = f" since {self.since}" if self.since else ""
        return f"the computer {self.computer} has it open{since}"


_UNKNOWN = Mark("", "", "that made this mark", "")
"""What an empty mark says: its computer crashed in the instant of making it."""


class Hold:
    """The mark of a project as this program holds it."""

    def __init__(self, path: Path, file: int, token: str) -> None:
        self.path, self._token = path, token
        self._file: int | None = file
        self._using = threading.Lock()  # a beat must never go to a file that has the number of a closed one
        _keep_beating(self)

    def is_there(self) -> bool:
        """Whether the mark is still that of this computer. Raises OSError where the disk is away."""
        try:
            mark = _parsed(self.path.read_bytes())
        except FileNotFoundError:
            return False
        return mark is not None and mark.token == self._token

    def beat(self) -> None:
        """Give a sign of life."""
        with self._using, suppress(OSError):  # a disk that is away may come back
            if self._file is not None:
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, _beat())
                os.close(os.dup(self._file))  # network disks send what was written when a file is closed

    def release(self, leave: bool = False) -> None:
        """Hold it no more; the last program of this computer takes it away, unless it shall be ``left``."""
        with self._using:
            file, self._file = self._file, None
            if file is None:
                return
            with suppress(OSError):
                if not leave and self.is_there() and _is_at(self.path, file):
                    _remove(self.path, file)
            with suppress(OSError):
                os.close(file)

    def __del__(self) -> None:
        self.release()


def hold(project: Path) -> Hold | Mark:
    """Hold the mark of a project; or what it says where another computer does. Raises OSError where it cannot be made."""
    path = project / MARK
    until = time.monotonic() + _PATIENCE_S
    while (held := _made(path, computer()) or _joined(path)) is None:
        if time.monotonic() > until:
            return read(project) or _UNKNOWN
        time.sleep(0.01)
    return held


def read(project: Path) -> Mark | None:
    """What the mark of a project says; None where nobody works on it."""
    try:
        return _parsed((project / MARK).read_bytes()) or _UNKNOWN
    except FileNotFoundError:
        return None


def replace(project: Path, name: str) -> Hold:
    """Put a mark of one's own, with that computer's name, in the place of the one that is there.

    Raises PermissionError where the server knows that a program holds the other one open.
    """
    beside = (
        project / f"{MARK}-{computer()}-{uuid.uuid4().hex}"
    )  # as a lock of ``at_work``, which are swept up
    made = _made(beside, name)
    assert made is not None
    try:
        beside.replace(project / MARK)
    except OSError:
        made.release(leave=True)
        beside.unlink(missing_ok=True)
        raise
    made.path = project / MARK
    return made


def computer() -> str:
    """The name of this computer as marks have it."""
    return re.sub(r"[^\w.-]", "-", platform.node())


def _made(path: Path, name: str) -> Hold | None:
    """A new mark, whole before anybody else of this computer shares it; None where there is one."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except FileExistsError:
        return None
    token = uuid.uuid4().hex
    said = f"{token}\n{name}\n{datetime.now().astimezone():%Y-%m-%d %H:%M}\n"
    try:
        if hasattr(os, "fchmod"):  # whoever may write in the folder shares it
            os.fchmod(file, path.parent.stat().st_mode & 0o666)
        _shared(file)
        os.write(file, _beat() + b"\n" + said.encode())
        os.close(os.dup(file))
    except OSError:  # no room
        path.unlink(missing_ok=True)
        os.close(file)
        raise
    return Hold(path, file, token)


def _joined(path: Path) -> Hold | Mark | None:
    """The mark that is there, shared if it is of this computer; None where it is just being made or taken away."""
    try:
        file = os.open(path, os.O_RDWR | _BINARY)
    except FileNotFoundError:
        return None
    joined = False
    try:
        mark = _parsed(os.read(file, 4096))
        if mark is None or not mark.is_of_here():
            return mark
        joined = _shared(file) and _is_at(path, file)
        return Hold(path, file, mark.token) if joined else None
    finally:
        if not joined:
            os.close(file)


def _parsed(content: bytes) -> Mark | None:
    """What a mark says; None while it is not whole."""
    *lines, end = content.decode("utf-8", "replace").split("\n")
    return Mark(*lines) if len(lines) == 4 and not end else None


def _beat() -> bytes:
    return uuid.uuid4().hex[:_BEAT_LENGTH].encode()


def _is_at(path: Path, file: int) -> bool:
    """Whether an open file is the one that lies there."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


_BINARY = getattr(os, "O_BINARY", 0)
_held: "weakref.WeakSet[Hold]" = weakref.WeakSet()
_beating: threading.Thread | None = None
_starting = threading.Lock()


def _keep_beating(hold: Hold) -> None:
    """One thread beats for all that this program holds."""
    global _beating
    with _starting:
        _held.add(hold)
        if _beating is None or not _beating.is_alive():
            _beating = threading.Thread(target=_beat_for_ever, name="mark of projects", daemon=True)
            _beating.start()


def _beat_for_ever() -> None:
    while True:
        time.sleep(BEAT_EVERY_S)
        _beat_once()


def _beat_once() -> None:
    with _starting:
        holds = list(_held)
    for hold in holds:
        hold.beat()


if sys.platform == "win32":

    def _shared(file: int) -> bool:
        """A file that is open cannot be removed there: that is lock enough."""
        return True

    def _remove(path: Path, file: int) -> None:
        os.close(file)
        path.unlink()

else:
    import fcntl

    def _shared(file: int) -> bool:
        """Share a mark; False while another program of this computer takes it away."""
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # files cannot be locked
            pass
        return True

    def _remove(path: Path, file: int) -> None:
        """Take a mark away that nobody shares; where that cannot be known it stays."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, file):
            path.unlink()
