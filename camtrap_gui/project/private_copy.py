"""A project as one's own: its pictures and crops, and a copy of what it knows, in which one may write.

For a computer that works with another one's project and must leave it as it is.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from camtrap_gui.project import CONFIG, DATABASE, Project, reading


@contextmanager
def private_copy(folder: Path) -> Iterator[Project]:
    """The project in ``folder``; what is written into its database is forgotten. Raises Problem as ``reading.ask`` does."""
    with tempfile.TemporaryDirectory(prefix="camtrap-", ignore_cleanup_errors=True) as name:
        own = Path(name)

        def keep(project: Project) -> None:
            (own / DATABASE).unlink(missing_ok=True)
            with closing(sqlite3.connect(own / DATABASE)) as db:
                project.db.backup(db)

        reading.ask(folder, keep)
        shutil.copyfile(folder / CONFIG, own / CONFIG)
        with Project.open(own) as project:
            project.folder = folder.resolve()
            yield project
