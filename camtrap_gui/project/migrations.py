"""Numbered changes of the schema. ``PRAGMA user_version`` says how many a database has had.

Version 1 is ``schema.sql``. A later version is a function in ``MIGRATIONS`` that receives the connection inside a
transaction. ``schema.sql`` is never edited after a release; it is the state from which the migrations go on.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from camtrap_gui import files, mishaps
from camtrap_gui.problem import Problem


def _run(script: str) -> Callable[[sqlite3.Connection], None]:
    """A migration that runs the statements of a file beside this one."""

    def migrate(db: sqlite3.Connection) -> None:
        for statement in _statements((Path(__file__).parent / script).read_text(encoding="utf-8")):
            db.execute(statement)

    return migrate


MIGRATIONS: list[Callable[[sqlite3.Connection], None]] = [
    _run("schema_2.sql"),
    _run("schema_3.sql"),
    _run("schema_4.sql"),
]
"""``MIGRATIONS[0]`` leads from version 1 to 2, and so on."""


def bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    """Create the schema in a new database or migrate an older one, in one transaction, after a backup copy.

    Raises Problem for a database of a newer program, or one that is no project.
    """
    newest = 1 + len(MIGRATIONS)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == newest:
            return
        if version > newest:
            raise Problem(
                f"{path} was made by a newer version of this program ({version}, this one knows {newest}). Update the program."
            )
        if version > 0:
            _back_up(db, path.with_name(f"{path.stem}-before-version-{newest}{path.suffix}"))
        db.execute("BEGIN IMMEDIATE")
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
            if version == 0:
                _run("schema.sql")(db)
                version = 1
            for migrate in MIGRATIONS[version - 1 :]:
                migrate(db)
            db.execute(f"PRAGMA user_version = {newest}")
            db.commit()
        except BaseException:
            db.rollback()
            raise
    except (sqlite3.DatabaseError, OSError) as error:
        raise (
            mishaps.problem_of(error, path.parent)
            or Problem(f"{path} is damaged or not a project database: {error}.")
        ) from error


def _statements(script: str) -> list[str]:
    # executescript() would commit the surrounding transaction first.
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements


def _back_up(db: sqlite3.Connection, copy: Path) -> None:
    with files.replacing(copy) as beside, closing(sqlite3.connect(beside)) as target:
        db.backup(target)
