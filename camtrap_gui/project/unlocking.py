"""Taking a project over from a computer that had it open and is gone: it crashed, or was cut off from the network.

Nobody can know from afar whether it is gone or only slow. So a person asks for it, its mark is watched for a while
(``holding``), and then its database is put anew: a checked copy with all that its journal holds takes the place of the
file. Should the other computer wake up, then all it has open are files that belong to no project any more. Whatever it
was writing harms nothing, and the next look at the mark tells it.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from camtrap_gui import mishaps
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import DATABASE, holding, opening
from camtrap_gui.project.holding import Hold, Mark

SETTLE_S = 1.0
"""How long another computer's mark may take to be seen that was put in the same instant."""

_LOOK_EVERY_S = 0.5
_BESIDE = ".unlocking"


def watch(folder: Path, look: Callable[[Mark, float], None]) -> Mark | None:
    """The mark of another computer that is dead; None where none holds the project (any more).

    ``look`` is told the mark and how many seconds it has been silent; it may raise. Raises Problem at a sign of life.
    """
    first, began = holding.read(folder), time.monotonic()
    while (mark := holding.read(folder)) is not None and not mark.is_of_here():
        if first is None or mark != first:
            raise Interrupted(
                f"The computer {mark.computer} is working on the project {folder}: it has just given a sign of life. Close the"
                " project there, or stop the job that works on it."
            )
        silent = time.monotonic() - began
        if silent >= holding.DEAD_AFTER_S:
            return mark
        look(mark, silent)
        time.sleep(_LOOK_EVERY_S)
    return None


def take_over(folder: Path, dead: Mark) -> None:
    """Put the database of a project anew, so that its computer whose mark is ``dead`` can do nothing to it.

    Afterwards nobody holds the project. Raises Problem where that cannot be done; then it is as it was, but for the mark.
    """
    with mishaps.told(folder), _held(folder, dead) as hold:
        database = folder / DATABASE
        beside = folder / _BESIDE
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            if database.is_file():
                _put_anew(database, beside, hold)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _held(folder: Path, dead: Mark) -> Iterator[Hold]:
    """The mark in the place of the dead one; no program, of this computer neither, opens the project meanwhile.

    Where the block fails, the mark stays and is dead itself.
    """
    if holding.read(folder) != dead:
        raise Interrupted(
            f"Another computer works on the project {folder} by now. Open it again to see which."
        )
    try:
        hold = holding.replace(folder, f"{holding.computer()} (taking over)")
    except PermissionError as error:
        raise Interrupted(
            f"The server still counts the project {folder} as open on the computer {dead.computer}. Close it there, restart"
            " that computer, or wait until the server has forgotten it, then try again."
        ) from error
    done = False
    try:
        time.sleep(SETTLE_S)
        _require(hold)
        yield hold
        done = True
    finally:
        hold.release(leave=not done)


def _put_anew(database: Path, beside: Path, hold: Hold) -> None:
    copy = opening.copied_whole(database, beside)
    with closing(opening.connected(str(copy))) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise Problem(
                f"The database of {database.parent} is damaged: {found}. Keep a copy of the folder, then put back"
                f" {DATABASE} from a backup."
            )
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    _require(hold)
    shutil.copymode(database, copy)
    copy.replace(database)
    for ending in (
        "-wal",
        "-shm",
    ):  # what the journal holds is in the copy; should it stay, it says nothing new
        opening.beside(database, ending).unlink(missing_ok=True)


def _require(hold: Hold) -> None:
    if not hold.is_there():
        raise Interrupted(
            f"Another computer takes over the project {hold.path.parent} just now. Open it again in a moment."
        )
