"""Names a source uses (locations, sequences, species) and the ids they have in a project."""

import sqlite3
from collections.abc import Iterable, Sequence

from camtrap_gui.project import bulk, species_names
from camtrap_gui.project.numbered_names import NumberedNames


class SourceNames:
    """The names that pictures of one root carry; new ones get a row when they are first met."""

    def __init__(self, db: sqlite3.Connection, root_id: int) -> None:
        self._db = db
        self._root_id = root_id
        self._locations: dict[str | int | None, int | None] = dict(
            db.execute("SELECT name, id FROM locations").fetchall()
        )
        self._locations[None] = None
        self._sequences = NumberedNames(db, "sequences", "name")
        self._sequences.load(db.execute("SELECT name, id FROM sequences WHERE root_id = ?", (root_id,)))
        self._latest: dict[str | None, int | None] = {None: None}  # of the last pictures
        self._next_sequence = 1 + db.execute("SELECT coalesce(max(id), 0) FROM sequences").fetchone()[0]

    def locations(self, names: Sequence[str | int | None]) -> list[int | None]:
        """Ids by name. A whole number and its digits are the same location; how it was first written is kept."""
        for name in dict.fromkeys(names):
            if name in self._locations:
                continue
            text = str(name)
            if text not in self._locations:
                made = self._db.execute(
                    "INSERT INTO locations (name, whole) VALUES (?, ?)", (text, isinstance(name, int))
                )
                self._locations[text] = made.lastrowid
            self._locations[name] = self._locations[text]
        return [self._locations[name] for name in names]

    def sequences(self, names: Sequence[str | None]) -> list[int | None]:
        """Ids by name."""
        ids = dict.fromkeys(names)
        new = [name for name in ids if name is not None and name not in self._latest]
        ids.update((name, self._latest[name]) for name in ids.keys() & self._latest.keys())
        if not self._sequences.add_if_new(new, range(self._next_sequence, self._next_sequence + len(new))):
            found = self._sequences.find(new)
            ids.update(zip(new, found, strict=True))
            new = [name for name, number in zip(new, found, strict=True) if number is None]
            self._sequences.add(new, range(self._next_sequence, self._next_sequence + len(new)))
        if new:
            numbers = range(self._next_sequence, self._next_sequence + len(new))
            self._next_sequence = numbers.stop
            bulk.insert(
                self._db,
                "INSERT INTO sequences",
                {"id": numbers, "root_id": [self._root_id] * len(new), "name": new},
            )
            ids.update(zip(new, numbers, strict=True))
        self._latest = {None: None, **ids}
        return [ids[name] for name in names]


def add_species(db: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """Make sure that the species exist, new ones behind the known ones; name to id.

    What people call a species instead, or have merged it into, is what a source means by its name.
    """
    ids = {}
    for name in names:
        known = species_names.find(db, name, any_case=False)
        ids[name] = species_names.make(db, name) if known is None else known
    return ids


def sort_species(db: sqlite3.Connection, names: Iterable[str]) -> None:
    """Give these species places in the order of their names, in the stead of the places they have now."""
    names = sorted(names)
    places = sorted(
        db.execute("SELECT position FROM species WHERE name = ?", (name,)).fetchone()[0] for name in names
    )
    db.executemany("UPDATE species SET position = ? WHERE name = ?", zip(places, names, strict=True))
