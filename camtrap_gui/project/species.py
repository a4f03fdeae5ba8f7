"""The species list as people keep it: names and other names, new ones on the fly, merging and renaming as edits.

A merged species keeps its row, with ``merged_into``, so that its name and what old classifiers said still mean
something; it is in no class list. Whoever looks up a name asks ``resolve``, which knows old names, other names and
merged ones; so do imports, so that bringing the source in again does not bring an old species back.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, edits
from camtrap_gui.project.machines import MODEL
from camtrap_gui.project.species_names import all_names, find, find_or_make


@dataclass(frozen=True, slots=True)
class Species:
    """A class of the class list, with the other names it is found by and the number of images labelled with it."""

    id: int
    name: str
    aliases: tuple[str, ...]
    images: int


def all_of(project: Project) -> list[Species]:
    """The class list, in its order; merged species are left out."""
    counts = dict(
        project.db.execute("SELECT species_id, count(*) FROM labels GROUP BY species_id").fetchall()
    )
    others = _aliases(project.db)
    return [
        Species(number, name, tuple(others.get(number, ())), counts.get(number, 0))
        for number, name in project.db.execute(
            "SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id"
        )
    ]


def names(project: Project) -> dict[int, str]:
    """The name of every species by id; that of what it was merged into where it was."""
    return all_names(project.db)


def resolve(project: Project, name: str) -> int | None:
    """The id of the species that a name means, whatever its case: its own name, another name, or one merged into it."""
    return find(project.db, name.strip())


def existing(project: Project, name: str) -> int:
    """As ``resolve``. Raises Problem where there is no such species."""
    number = resolve(project, name)
    if number is None:
        close = ", ".join(search(project, name, most=5)) or ", ".join(_listed(project))
        raise Problem(f"This project has no species “{name}”. It has: {close or 'none yet'}.")
    return number


def add(project: Project, name: str, author: str | None = None) -> int:
    """Add a species at the end of the class list; the edit's id. Raises Problem where the name is taken."""
    name = " ".join(name.split())
    _require_free(project, name)
    with edits.recording(project, f"New species {name}", author) as edit:
        find_or_make(edit.db, name)
    return edit.id


def rename(project: Project, old: str, new: str, author: str | None = None) -> int:
    """Give a species another name; it is found by the old one still. The edit's id.

    Raises Problem where the new name is that of another species: those can be merged.
    """
    new = " ".join(new.split())
    with edits.recording(project, f"Rename {old} to {new}", author) as edit:
        number = existing(project, old)
        if not new:
            raise Problem("A species needs a name.")
        if (other := find(edit.db, new)) not in (None, number):
            raise Problem(
                f"There is a species “{_name(edit.db, other)}” already. Merge {old} into it instead."
            )
        before = _name(edit.db, number)
        if edit.db.execute("SELECT 1 FROM species WHERE name = ? AND id != ?", (new, number)).fetchone():
            raise Problem(
                f"“{new}” is the name of a species that was merged into this one. Choose another name."
            )
        edit.db.execute("DELETE FROM aliases WHERE name = ?", (new,))
        edit.db.execute("UPDATE species SET name = ? WHERE id = ?", (new, number))
        if before.casefold() != new.casefold():
            edit.db.execute(
                "INSERT INTO aliases (name, species_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (before, number),
            )
    return edit.id


def merge(project: Project, name: str, into: str, author: str | None = None) -> int:
    """Make one species of two: labels, boxes, crops and other names of the first go to the second. The edit's id."""
    with edits.recording(project, f"Merge {name} into {into}", author) as edit:
        db, one, other = edit.db, existing(project, name), existing(project, into)
        if one == other:
            raise Problem(f"“{name}” and “{into}” are the same species already.")
        db.execute(
            """INSERT INTO labels (image_id, species_id, count, sequence_level, author, made, run_id, confidence)
               SELECT image_id, ?, count, sequence_level, author, made, run_id, confidence FROM labels WHERE species_id = ?
               ON CONFLICT DO UPDATE SET count = CASE WHEN count IS NULL AND excluded.count IS NULL THEN NULL
                   ELSE coalesce(count, 0) + coalesce(excluded.count, 0) END,
                   sequence_level = min(sequence_level, excluded.sequence_level)""",
            (other, one),
        )
        db.execute("DELETE FROM labels WHERE species_id = ?", (one,))
        for table in ("boxes", "crops", "set_aside", "aliases"):
            db.execute(f"UPDATE {table} SET species_id = ? WHERE species_id = ?", (other, one))
        db.execute("UPDATE species SET merged_into = ?1 WHERE merged_into = ?2 OR id = ?2", (other, one))
    return edit.id


def add_alias(project: Project, name: str, alias: str, author: str | None = None) -> int:
    """Have a species found by another name too; the edit's id. Raises Problem where that name means another one."""
    alias = " ".join(alias.split())
    _require_free(project, alias)
    with edits.recording(project, f"Also call {name} {alias}", author) as edit:
        edit.db.execute(
            "INSERT INTO aliases (name, species_id) VALUES (?, ?)", (alias, existing(project, name))
        )
    return edit.id


def remove_alias(project: Project, alias: str, author: str | None = None) -> int:
    """Have a species found by another name no more; the edit's id. Raises Problem where nothing is called so."""
    with edits.recording(project, f"Call nothing {alias}", author) as edit:
        if not edit.db.execute("DELETE FROM aliases WHERE name = ?", (alias.strip(),)).rowcount:
            raise Problem(f"“{alias}” is no other name of any species.")
    return edit.id


def recent(project: Project, author: str | None = None, most: int = 9) -> list[str]:
    """The species that persons, or one of them, labelled with last, newest first."""
    found: dict[int, None] = {}
    rows = project.db.execute(
        "SELECT species_id FROM labels WHERE made IS NOT NULL AND author IS NOT ?2 AND (?1 IS NULL OR author = ?1)"
        " ORDER BY made DESC LIMIT 100000",
        (author, MODEL),
    )
    for (number,) in rows:
        found[number] = None
        if len(found) == most:
            break
    known = all_names(project.db)
    return [known[number] for number in found]


def search(project: Project, words: str, recent: Sequence[str] = (), most: int = 12) -> list[str]:
    """Species that a few typed letters may mean, likeliest first; all, the recent ones first, for no letters.

    A name or another name matches that begins with them, has words that begin with their words, contains them, or has
    their letters in this order. Among equals those used recently come first, then the order of the class list.
    """
    typed = " ".join(words.split()).casefold()
    place = {name: number for number, name in enumerate(recent)}
    ranked = []
    for number, each in enumerate(all_of_names(project)):
        rank = min((_rank(typed, name.casefold()) for name in each), default=9)
        if rank < 9:
            ranked.append((rank, place.get(each[0], len(place)), number, each[0]))
    return [name for *_, name in sorted(ranked)[:most]]


def all_of_names(project: Project) -> list[tuple[str, ...]]:
    """Every species of the class list, in its order, as its name and its other names."""
    others = _aliases(project.db)
    rows = project.db.execute("SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id")
    return [(name, *others.get(number, ())) for number, name in rows]


def _rank(typed: str, name: str) -> int:
    if name == typed:
        return 0
    if name.startswith(typed):
        return 1
    parts = name.replace("-", " ").replace("_", " ").split()
    if _starts(typed.split(), parts):
        return 2
    if "".join(part[0] for part in parts).startswith(typed):
        return 3
    if typed in name:
        return 4
    letters = iter(name)
    return 5 if all(letter in letters for letter in typed if letter != " ") else 9


def _starts(typed: Sequence[str], parts: Sequence[str]) -> bool:
    rest = iter(parts)
    return all(any(part.startswith(word) for part in rest) for word in typed)


def _aliases(db: sqlite3.Connection) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, number in db.execute("SELECT name, species_id FROM aliases ORDER BY name"):
        found.setdefault(number, []).append(name)
    return found


def _listed(project: Project) -> Iterable[str]:
    return [each[0] for each in all_of_names(project)[:10]]


def _require_free(project: Project, name: str) -> None:
    if not name:
        raise Problem("A species needs a name.")
    number = resolve(project, name)
    if number is not None:
        raise Problem(f"“{name}” means the species {_name(project.db, number)} already.")


def _name(db: sqlite3.Connection, number: int | None) -> str:
    return str(db.execute("SELECT name FROM species WHERE id = ?", (number,)).fetchone()[0])
