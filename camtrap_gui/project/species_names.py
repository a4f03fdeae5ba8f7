"""Which species a name means: its own, another name it is known by, one it had before, or one that was merged into it."""

import sqlite3

from camtrap_gui.problem import Problem
from camtrap_gui.project.not_animals import MEANINGS


def find(db: sqlite3.Connection, name: str, any_case: bool = True) -> int | None:
    """The id of the species that a name means, or None. With ``any_case=False`` case matters in the species' own names."""
    queries = [
        "SELECT coalesce(merged_into, id) FROM species WHERE name = ?",
        "SELECT species_id FROM aliases WHERE name = ?",
    ]
    if any_case:
        queries.insert(
            1,
            "SELECT coalesce(merged_into, id) FROM species WHERE name = ? COLLATE NOCASE ORDER BY merged_into, id",
        )
    for query in queries:
        row = db.execute(query, (name,)).fetchone()
        if row is not None:
            return int(row[0])
    return None


def find_or_make(db: sqlite3.Connection, name: str) -> int:
    """The id of the species that a name means; a new one behind the others where there is none. Inside an edit.

    Of the special names ("empty", "person", "vehicle", "unknown") the project's own word is taken where it has one.
    Raises Problem for a name without letters.
    """
    name = " ".join(name.split())
    if not name:
        raise Problem("A species needs a name.")
    found = find(db, name)
    if found is None and name.casefold() in MEANINGS:
        words = sorted(MEANINGS[name.casefold()])
        found = next((known for word in words if (known := find(db, word)) is not None), None)
    if found is not None:
        return found
    return make(db, name)


def make(db: sqlite3.Connection, name: str) -> int:
    """A new species behind the others."""
    made = db.execute(
        "INSERT INTO species (name, position) VALUES (?, (SELECT coalesce(max(position), -1) + 1 FROM species))"
        " RETURNING id",
        (name,),
    ).fetchone()
    return int(made[0])


def special(db: sqlite3.Connection, meaning: str) -> set[int]:
    """Ids of the species that mean 'empty', 'person', 'vehicle' or 'unknown', in whatever word."""
    words = MEANINGS[meaning]
    return {number for number, name in db.execute("SELECT id, name FROM species") if name.casefold() in words}


def no_animals(db: sqlite3.Connection) -> set[int]:
    """Ids of the species that no crop is made of: empty pictures, people, vehicles, the unknown."""
    return set[int]().union(*(special(db, meaning) for meaning in MEANINGS))


def all_names(db: sqlite3.Connection) -> dict[int, str]:
    """The name of every species by id; that of what it was merged into where it was."""
    return dict(
        db.execute(
            "SELECT species.id, coalesce(target.name, species.name) FROM species"
            " LEFT JOIN species AS target ON target.id = species.merged_into"
        ).fetchall()
    )
