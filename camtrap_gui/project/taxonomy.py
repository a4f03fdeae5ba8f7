"""Where the species of a survey stand in the system of animals, as far as somebody said.

With it "felidae" is known to be the family of "lion", so that smoothing can make the one the other, and species leave
the project under the names that science has for them.
"""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from camtrap_gui.project import Project, species_names

RANKS = ("class", "order", "family", "genus", "species")

Lineage = tuple[str, ...]
"""The names of RANKS in lower case, as far down as they are known: ("mammalia", "carnivora", "felidae"). The last one
of a species is the second word of its name: "leo"."""


class Learnt(NamedTuple):
    """Species of the project whose place is known now, and those whose place is not; names in class-list order."""

    known: dict[str, Lineage]
    unknown: list[str]


def parse(text: str) -> Lineage:
    """A lineage as files write it: names of RANKS joined with ";", with an id before and a common name behind in the
    seven parts that SpeciesNet writes. () for what is none."""
    parts = [" ".join(part.split()).lower() for part in text.split(";")]
    if len(parts) == len(RANKS) + 2:
        parts = parts[1:-1]
    return lineage(parts) if len(parts) <= len(RANKS) else ()


def lineage(names: list[str]) -> Lineage:
    """The names of RANKS, down to the first that is not known; a species may be written with its genus."""
    known: list[str] = []
    for rank, name in zip(RANKS, names, strict=False):
        name = " ".join(name.split()).lower()
        if rank == "species" and name:
            name = name.removeprefix(f"{known[-1]} ")
        if not name:
            break
        known.append(name)
    return tuple(known)


def scientific_name(lineage: Lineage) -> str:
    """What science calls it: "Panthera leo", "Felidae"."""
    if len(lineage) == len(RANKS):
        return f"{lineage[-2].capitalize()} {lineage[-1]}"
    return lineage[-1].capitalize() if lineage else ""


def is_above(higher: Lineage, lower: Lineage) -> bool:
    """Whether the one is a genus, family ... of the other."""
    return 0 < len(higher) < len(lower) and lower[: len(higher)] == higher


def learn(project: Project, lineages: Mapping[str, Lineage], anew: bool = True) -> Learnt:
    """Keep the places of those names that mean a species of the project; other names are passed over.

    ``anew``: in place of what was known.
    """
    with project.write() as db:
        for name, place in lineages.items():
            number = species_names.find(db, name) if place else None
            if number is not None:
                db.execute(
                    "INSERT INTO lineages VALUES (?, ?)"
                    " ON CONFLICT (species_id) DO UPDATE SET lineage = excluded.lineage WHERE ?",
                    (number, ";".join(place), anew),
                )
    return of_project(project)


def of_project(project: Project) -> Learnt:
    """What is known of the species of the project."""
    known = places(project.db)
    rows = project.db.execute("SELECT name FROM species WHERE merged_into IS NULL ORDER BY position, id")
    names = [name for (name,) in rows]
    return Learnt(
        {name: known[name] for name in names if name in known}, [n for n in names if n not in known]
    )


def places(db: sqlite3.Connection) -> dict[str, Lineage]:
    """The lineage of every species that has one, by name."""
    rows = db.execute(
        "SELECT name, lineage FROM lineages JOIN species ON species.id = species_id WHERE merged_into IS NULL"
    )
    return {name: tuple(text.split(";")) for name, text in rows}
