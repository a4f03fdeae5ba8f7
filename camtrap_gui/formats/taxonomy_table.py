"""Tables that say where species stand in the system of animals.

Such as the taxonomy that LILA publishes for its data sets, the class lists of SpeciesNet, or one of one's own: a column
with the name that the survey uses, and one each for class, order, family, genus and species.
"""

import csv
from pathlib import Path

from camtrap_gui.problem import Problem
from camtrap_gui.project import taxonomy
from camtrap_gui.project.taxonomy import Lineage

_NAMES = ("name", "query", "common_name", "vernacular_name", "scientific_name")
"""Columns that the survey may call a species by; the first that a table has comes first."""
_LARGEST = 256 << 20


def read(path: Path) -> dict[str, Lineage]:
    """Lineages by each name that the table has for them; the first row that has a name counts.

    A table without a head has one lineage a line, in SpeciesNet's seven parts. Raises Problem when it is no such table.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise Problem(f"{path} is too large for a table of species.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is no table in UTF-8. Save it again as CSV in the encoding UTF-8.") from error
    try:
        found = _of_parts(lines) if lines and lines[0].count(";") == len(taxonomy.RANKS) + 1 else {}
        return found or _of_columns(path, lines)
    except csv.Error as error:
        raise Problem(f"{path} cannot be read as a table: {error}.") from error


def _of_parts(lines: list[str]) -> dict[str, Lineage]:
    found: dict[str, Lineage] = {}
    for line in lines:
        place = taxonomy.parse(line)
        for name in (line.rpartition(";")[2].strip(), taxonomy.scientific_name(place)):
            if name and place:
                found.setdefault(name, place)
    return found


def _of_columns(path: Path, lines: list[str]) -> dict[str, Lineage]:
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = csv.DictReader(lines, delimiter=delimiter, restval="")
    columns = {" ".join((column or "").split()).casefold(): column for column in rows.fieldnames or ()}
    names = [columns[name] for name in _NAMES if name in columns]
    ranks = [columns.get(rank) for rank in taxonomy.RANKS]
    if not names or not any(ranks):
        raise Problem(
            f"{path} is no table of species: it needs a column “name” and columns “class”, “order”, “family”, “genus” and"
            " “species”, as far as they are known."
        )
    found: dict[str, Lineage] = {}
    for row in rows:
        place = taxonomy.lineage([(row[rank] or "") if rank else "" for rank in ranks])
        for column in names:
            name = " ".join((row[column] or "").split())
            if name and place:
                found.setdefault(name, place)
    return found
