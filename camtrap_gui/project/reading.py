"""Asking a project something without writing it: from many machines at once, or where it cannot be written.

The database keeps a journal (WAL) that even readers write to, and that needs memory which machines cannot share. So it
is read here as a file that does not change (``immutable``): nothing is written, no lock is taken. Should it change all
the same, or have changes in its journal still, the answer is thrown away: the question is asked anew, in the second
case to a private copy.
"""

import sqlite3
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, DATABASE, Project, migrations, opening

Answer = TypeVar("Answer")


def ask(folder: Path, question: Callable[[Project], Answer]) -> Answer:
    """The answer to a question about the project in ``folder``; ``question`` may be called several times.

    Raises Problem when there is no project, when it has another program's version, or is being written all the time.
    """
    database = folder.resolve() / DATABASE
    if not (folder / CONFIG).is_file() or not database.is_file():
        raise Problem(f"{folder} is not a project. Give the folder of one that has pictures.")
    for attempt in range(opening.TRIES):
        if attempt:
            time.sleep(opening.WAIT_S)
        before = opening.state(database)
        try:
            with _opened(folder, database, has_journal=bool(before[1] and before[1][1])) as project:
                answer = question(project)
        except (sqlite3.DatabaseError, FileNotFoundError) as error:
            if opening.state(database) == before:
                raise Problem(f"The project database {database} cannot be read: {error}.") from error
            continue
        if opening.state(database) == before:
            return answer
    raise Problem(
        f"The project {folder} is being written by another program. Start this again when that has finished."
    )


@contextmanager
def _opened(folder: Path, database: Path, has_journal: bool) -> Iterator[Project]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private:
        address = opening.address_of(database)
        if has_journal:
            address = str(opening.copied(database, Path(private)))
        with closing(opening.connected(address)) as db:
            db.execute("PRAGMA query_only = ON")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != 1 + len(migrations.MIGRATIONS):
                raise Problem(
                    f"The project {folder} was last used with another version of this program. Use the same everywhere;"
                    " to bring an older project up to date, open it once (camtrap stats PROJECT)."
                )
            name = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8")).get("name", folder.name)
            yield Project(folder, str(name), opening.Opened(db, address, "it is read from many machines"))
