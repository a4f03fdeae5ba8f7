"""One survey as a folder: ``project.toml`` for people, ``project.sqlite`` for questions, and what steps make.

``Project`` opens and guards the folder. The questions steps ask live in the modules beside this one, one per subject
(``images``, ``detections``, ``crops``, ``runs`` ...), as functions that take the project.
"""

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from camtrap_gui import mishaps
from camtrap_gui.files import write_text
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import holding, opening
from camtrap_gui.project.opening import Opened

DATABASE = "project.sqlite"
CONFIG = "project.toml"


class Project:
    """An open project folder. Use ``Project.create`` or ``Project.open``; close it, or use it as a context manager.

    ``db`` is this thread's connection, in autocommit: read with it freely, write only inside ``write()``. ``read_only``
    says why that is not possible, '' where it is: then the project can be looked at, and no more.
    """

    def __init__(self, folder: Path, name: str, opened: Opened) -> None:
        self.folder = folder
        self.name = name
        self._made_on_demand = False
        self._take(opened)

    def _take(self, opened: Opened) -> None:
        self._opened, self.db, self.read_only = opened, opened.db, opened.read_only

    @classmethod
    def create(cls, folder: Path, name: str = "") -> "Project":
        """Make a new project in ``folder`` (made if need be). Raises Problem when it holds other things."""
        folder = folder.resolve()
        if (folder / DATABASE).exists():
            raise Problem(f"There is already a project in {folder}. Open it, or choose another folder.")
        if folder.exists() and not folder.is_dir():
            raise Problem(f"{folder} is a file. A project needs a folder of its own.")
        if folder.exists() and any(
            entry.name not in (CONFIG,) for entry in folder.iterdir() if not entry.name.startswith(".")
        ):
            raise Problem(f"{folder} is not empty and is not a project. Choose a new or empty folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / CONFIG).exists():
                write_text(
                    folder / CONFIG, f"# A camera-trap project.\nname = {_toml_string(name or folder.name)}\n"
                )
        except OSError as error:
            raise Problem(f"The folder {folder} cannot be written: {error.strerror}.") from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """Open an existing project, bringing an older schema up to date after a backup. Raises Problem otherwise.

        Where nothing can be written, or another computer works on it, it is opened to be looked at (``read_only``).
        """
        folder = folder.resolve()
        if not (folder / CONFIG).is_file():
            raise Problem(
                f"{folder} is not a project: it has no {CONFIG}. Import pictures first: camtrap dataset."
            )
        try:
            config = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
        except OSError as error:
            raise mishaps.problem_of(error, folder) or Problem(f"{error.filename} cannot be read.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Problem(
                f"{folder / CONFIG} cannot be read: {error}. Correct it, or restore it from a backup."
            ) from error
        opened = opening.opened(folder / DATABASE)
        return cls(folder, str(config.get("name", folder.name)), opened)

    @classmethod
    def open_or_create(cls, folder: Path, name: str = "") -> "Project":
        """Open the project in ``folder``, or make it, with that name, when there is none yet.

        One that is made here and still holds no image at the end of a ``with`` block is taken away again: the first
        import failed, or was a preview.
        """
        if (folder / CONFIG).is_file():
            return cls.open(folder)
        project = cls.create(folder, name)
        project._made_on_demand = True
        return project

    def close(self) -> None:
        """Close the database. Nothing is lost by not calling it."""
        self.db.close()
        if self._opened.hold is not None:
            self._opened.hold.release()
        if self._opened.copy is not None:
            self._opened.copy.cleanup()

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if (error is None or isinstance(error, sqlite3.DatabaseError)) and self.has_changed():
            self.close()
            raise Interrupted(
                f"The project {self.folder} was written by another program while it was looked at, so what was read may be"
                " wrong. Do the same again."
            ) from error
        leave_nothing = (
            self._made_on_demand and not self.db.execute("SELECT 1 FROM images LIMIT 1").fetchone()
        )
        self.close()
        if leave_nothing:
            for path in (self.folder / CONFIG, *self.folder.glob(f"{DATABASE}*")):
                path.unlink(missing_ok=True)
            with suppress(OSError):  # something else lies in it
                self.folder.rmdir()

    @contextmanager
    def write(self, lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block is kept, or nothing. Blocks may be nested; the outermost decides.

        What is ``lasting`` has reached the disk at the end of the block; a power cut may take back the last of the
        others, each as a whole. Raises Problem where another program writes for too long, the disk is full or away,
        another computer has taken the project over, or it can only be looked at.
        """
        if self.db.in_transaction:
            yield self.db
            return
        self.require_writable()
        with mishaps.told(self.folder):
            self.db.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.commit()
            except BaseException:
                with suppress(sqlite3.Error):  # a disk that is away; what is not committed is gone with it
                    self.db.rollback()
                raise
        self.require_writable()  # what was written in the instant of a taking over has come too late

    def require_writable(self) -> None:
        """Raise Problem where the project can only be looked at, by now."""
        if self.read_only:
            raise Interrupted(
                f"The project {self.folder} can only be looked at: {self.read_only}. {self._opened.mend}"
            )
        if why := self.lost():
            raise Interrupted(why)

    def lost(self) -> str:
        """Why one who worked on the project may not go on, '' where he may. Raises Problem where its disk is away."""
        hold = self._opened.hold
        with mishaps.told(self.folder):
            if hold is None or hold.is_there():
                return ""
            folder = hold.path.parent
            if not (folder / CONFIG).is_file():
                raise mishaps.gone(folder)
            other = holding.read(folder)
        by = (
            f"was taken over: {other.words()}" if other is not None else "is not marked as open here any more"
        )
        return (
            f"The project {folder} {by}. That is done when nothing is heard of a computer for a while. Nothing more is written"
            " from here; what was done before is kept. Open it again."
        )

    @property
    def held_by(self) -> holding.Mark | None:
        """What the mark of another computer said that works on the project, when it was opened."""
        return self._opened.other

    def has_changed(self) -> bool:
        """Whether a project that can only be looked at, and was taken not to change, has been written all the same."""
        known = self._opened.state
        with suppress(OSError):  # its disk is away
            return known is not None and opening.state(self.folder / DATABASE) != known
        return False

    def reconnect(self) -> None:
        """Open the database anew if its disk was away, so that the old connection gives nothing but errors."""
        try:
            self.db.execute("SELECT 1 FROM images LIMIT 1").fetchone()
            is_well = not self.has_changed() and not self.lost()
        except (sqlite3.Error, Problem):
            is_well = False
        if is_well:
            return
        anew = opening.opened(self.folder / DATABASE)
        self.close()
        self._take(anew)

    @contextmanager
    def apart(self) -> Iterator["Project"]:
        """The same project through a connection of its own, for another thread."""
        try:
            db = opening.connected(self._opened.address)
        except sqlite3.DatabaseError as error:
            raise opening.problem_of(error, self.folder / DATABASE) from error
        with closing(db):
            yield Project(self.folder, self.name, replace(self._opened, db=db))


def _toml_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
