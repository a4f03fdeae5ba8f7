"""Numbers by name, for more names than a dictionary has room for.

A dictionary takes 200 bytes for each name of a survey, which are gigabytes for the largest. Here a name is its 64-bit
hash in a table of open addresses (18 to 36 bytes a name), looked up by the thousand in numpy. The names themselves are
in the database, where they are read back to tell apart names of equal hash.
"""

import json
import sqlite3
from collections.abc import Sequence

import numpy as np

_FEWEST = 1 << 12  # slots; always a power of two, and at most two thirds of them taken
_UNUSED = 0
_PIECE = 1 << 16


class NumberedNames:
    """Numbers from 0 by name; ``column`` of ``table`` has the names of the rows that the numbers are ids of."""

    def __init__(self, db: sqlite3.Connection, table: str, column: str) -> None:
        self._db = db
        self._query = f"SELECT id, {column} FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
        self._said: dict[str, int | None] = {}  # outweighs the table
        self._taken = 0
        self._hashes, self._numbers = _table(_FEWEST)

    def load(self, rows: sqlite3.Cursor) -> None:
        """Take in the names and numbers that a query gives; no name comes twice."""
        while batch := rows.fetchmany(_PIECE):
            self.add([name for name, _ in batch], [number for _, number in batch])

    def find(self, names: Sequence[str], surely: bool = True) -> list[int | None]:
        """The numbers of names, None for a name without one.

        Not ``surely``: without reading names back. All names that have a number get it; one that has none is taken
        for another of ten million names in one of 10^12 cases.
        """
        hashes = _hashes(names)
        slots = self._slots(hashes)
        at = np.flatnonzero(self._hashes[slots] == hashes)
        numbers: list[int | None] = [None] * len(names)
        spelled = self._spelled(self._numbers[slots[at]].tolist()) if surely and len(at) else {}
        for place, number in zip(at.tolist(), self._numbers[slots[at]].tolist(), strict=True):
            if not surely or spelled.get(number) == names[place]:
                numbers[place] = number
        if self._said:
            return [self._said.get(name, number) for name, number in zip(names, numbers, strict=True)]
        return numbers

    def add(self, names: Sequence[str], numbers: Sequence[int]) -> None:
        """Give numbers to names that have none; no name comes twice."""
        self._make_room_for(len(names))
        hashes = _hashes(names)
        self._add(names, numbers, hashes, self._slots(hashes))

    def add_if_new(self, names: Sequence[str], numbers: Sequence[int]) -> bool:
        """``add``, if none of the names has a number and none comes twice; otherwise nothing is done."""
        if len(set(names)) < len(names) or not self._said.keys().isdisjoint(names):
            return False
        self._make_room_for(len(names))
        hashes = _hashes(names)
        slots = self._slots(hashes)
        if np.any(self._hashes[slots] == hashes):
            return False
        self._add(names, numbers, hashes, slots)
        return True

    def say(self, name: str, number: int | None) -> None:
        """Let a name have another number than it had, or none; costs as much memory as in a dictionary."""
        self._said[name] = number

    def _add(
        self, names: Sequence[str], numbers: Sequence[int], hashes: np.ndarray, slots: np.ndarray
    ) -> None:
        given = np.asarray(numbers, np.int32)
        self._put(hashes, given, slots)
        for place in np.flatnonzero(self._numbers[slots] != given).tolist():  # another name has the same hash
            self.say(names[place], numbers[place])

    def _spelled(self, numbers: list[int]) -> dict[int, str]:
        return dict(self._db.execute(self._query, (json.dumps(numbers),)).fetchall())

    def _slots(self, hashes: np.ndarray) -> np.ndarray:
        """For each hash the slot where it is, or else the unused slot where it belongs."""
        slots = hashes & (len(self._hashes) - 1)
        there = self._hashes[slots]
        away = np.flatnonzero((there != hashes) & (there != _UNUSED))
        while len(away):
            slots[away] = (slots[away] + 1) & (len(self._hashes) - 1)
            there = self._hashes[slots[away]]
            away = away[(there != hashes[away]) & (there != _UNUSED)]
        return slots

    def _put(self, hashes: np.ndarray, numbers: np.ndarray, slots: np.ndarray) -> None:
        """Write numbers to hashes that have none. ``slots`` are where they belong, at last where they are."""
        new = np.flatnonzero(self._hashes[slots] != hashes)
        while len(new):
            self._hashes[slots[new]], self._numbers[slots[new]] = hashes[new], numbers[new]
            beaten = new[self._hashes[slots[new]] != hashes[new]]  # two wanted the same slot
            self._taken += len(new) - len(beaten)
            slots[beaten] = self._slots(hashes[beaten])
            new = beaten

    def _make_room_for(self, count: int) -> None:
        while 3 * (self._taken + count) > 2 * len(self._hashes):
            self._make_room(2 * len(self._hashes))

    def _make_room(self, slots: int) -> None:
        before = self._hashes, self._numbers
        self._taken = 0
        self._hashes, self._numbers = _table(slots)
        for start in range(0, len(before[0]), _PIECE):
            hashes, numbers = (part[start : start + _PIECE] for part in before)
            used = hashes != _UNUSED
            self._put(hashes[used], numbers[used], self._slots(hashes[used]))


def _table(slots: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(slots, np.int64), np.zeros(slots, np.int32)


def _hashes(names: Sequence[str]) -> np.ndarray:
    # Python's hash of a text is SipHash with a key of this process: nobody can make up names of equal hash.
    found = np.fromiter(map(hash, names), np.int64, len(names))
    found[found == _UNUSED] = 1
    return found
