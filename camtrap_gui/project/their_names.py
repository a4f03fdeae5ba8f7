"""What the species of another copy of the survey are called in this one."""

import sqlite3
from collections.abc import Sequence

from camtrap_gui.project.decided import SpeciesName
from camtrap_gui.project.species_names import find, find_or_make


class TheirNames:
    """The class list of the other copy, looked up in this one, inside an edit.

    A name that is not known here may mean a species that has one of its other names; it becomes another name of that
    one. ``made`` are names that are new here. ``apart`` are pairs of a species and the one it was merged into there,
    while they are two here; ``alike`` says the same by ids.
    """

    def __init__(self, db: sqlite3.Connection, names: Sequence[SpeciesName]) -> None:
        self._db = db
        self._others = {one.name: (*one.aliases, *one.merged) for one in names}
        self._here: dict[str, int] = {}
        self._known = {number for (number,) in db.execute("SELECT id FROM species")}
        self.made: list[str] = []
        self.apart: list[tuple[str, str]] = []
        self.alike: dict[int, int] = {}
        for one in names:
            self._bring(one)

    def here(self, name: str) -> int:
        """The id of a species of the other copy; it is made where there is none."""
        if name not in self._here:
            self._here[name] = number = self._renamed(name) or find_or_make(self._db, name)
            if number not in self._known:
                self._known.add(number)
                self.made.append(name)
        return self._here[name]

    def _renamed(self, name: str) -> int | None:
        number = find(self._db, name)
        others = iter(self._others.get(name, ()))
        while number is None and (other := next(others, None)) is not None:
            number = find(self._db, other)
            if number is not None:
                self._call(number, name)
        return number

    def _bring(self, one: SpeciesName) -> None:
        number = find(self._db, one.name)
        if number is None:
            return
        for other in one.aliases:
            if find(self._db, other) is None:
                self._call(number, other)
        for other in one.merged:
            apart = find(self._db, other)
            if apart is not None and apart != number:
                self.alike[apart] = number
                self.apart.append((other, one.name))

    def _call(self, number: int, name: str) -> None:
        self._db.execute(
            "INSERT INTO aliases (name, species_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, number)
        )
