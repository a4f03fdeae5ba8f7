"""One survey as a folder: ``project.toml`` for people, ``project.sqlite`` for questions, and what steps make.

``Project`` opens and guards the folder. The questions steps ask live in the modules beside this one, one per subject
(``images``, ``detections``, ``crops``, ``runs`` ...), as functions that take the project.
"""

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from camtrap_gui import mishaps
from camtrap_gui.files import write_text
from camtrap_gui.problem import Problem
from camtrap_gui.project import migrations

DATABASE = "project.sqlite"
CONFIG = "project.toml"


class Project:
    """An open project folder. Use ``Project.create`` or ``Project.open``; close it, or use it as a context manager.

    ``db`` is this thread's connection, in autocommit: read with it freely, write only inside ``write()``.
    """

    def __init__(self, folder: Path, name: str, db: sqlite3.Connection) -> None:
        self.folder = folder
        self.name = name
        self.db = db
        self._made_on_demand = False

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
        """Open an existing project, bringing an older schema up to date after a backup. Raises Problem otherwise."""
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
        db = _connect(folder / DATABASE)
        try:
            migrations.bring_up_to_date(db, folder / DATABASE)
        except BaseException:
            db.close()
            raise
        return cls(folder, str(config.get("name", folder.name)), db)

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

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, *_: object) -> None:
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
        others, each as a whole. Raises Problem where another program writes for too long, the disk is full or away.
        """
        if self.db.in_transaction:
            yield self.db
            return
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

    def reconnect(self) -> None:
        """Open the database anew if its disk was away, so that the old connection gives nothing but errors."""
        try:
            self.db.execute("SELECT 1 FROM images LIMIT 1").fetchone()
        except sqlite3.Error:
            self.db.close()
            self.db = _connect(self.folder / DATABASE)

    def another_connection(self) -> sqlite3.Connection:
        """A connection for another thread; the caller closes it."""
        return _connect(self.folder / DATABASE)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        # For a new database; an import takes 0.91 of the processor time that it takes with pages of 4096 bytes.
        db.execute("PRAGMA page_size = 16384")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA cache_size = -65536")
        db.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.DatabaseError as error:
        raise (
            mishaps.problem_of(error, path.parent)
            or Problem(f"The project database {path} cannot be opened: {error}.")
        ) from error
    return db


def _toml_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
