"""CSV tables: UTF-8, comma separated, and harmless when opened in a spreadsheet.

A species, camera or file can be called ``=HYPERLINK(...)``; a spreadsheet would run that. Texts that start like a
formula therefore get a leading apostrophe, which spreadsheets take for "this is text"
(https://owasp.org/www-community/attacks/CSV_Injection). Numbers are written as they are.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from camtrap_gui.files import replacing
from camtrap_gui.problem import Problem

# The full-width forms are formulas for spreadsheets set to East Asian languages.
# An apostrophe in front of one is escaped as well, so that taking one away gives back what was there.
_LIKE_A_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\n])")

_LONGEST_LINE = 16 << 20


@contextmanager
def writing(path: Path, header: Sequence[str]) -> Iterator[Callable[[Sequence[Any]], None]]:
    """A function that adds one row to the table at ``path``, which appears, complete, when the block ends well."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([escaped(cell) for cell in header])
        yield lambda row: writer.writerow([escaped(cell) for cell in row])


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a whole table, or nothing when ``rows`` fails. None is an empty cell."""
    with writing(path, header) as add:
        for row in rows:
            add(row)


def escaped(cell: Any) -> Any:
    """The cell as it may stand in a CSV file: texts that look like formulas start with an apostrophe.

    A carriage return, which the csv module leaves unquoted before Python 3.13, becomes a line feed.
    """
    if isinstance(cell, str):
        cell = cell.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
        if _LIKE_A_FORMULA.match(cell):
            return f"'{cell}"
    return cell


def unescaped(cell: str) -> str:
    """The text that ``escaped`` was given."""
    return cell[1:] if cell[:1] == "'" and _LIKE_A_FORMULA.match(cell[1:]) else cell


def lines(text: IO[str], where: str) -> Iterator[str]:
    """The lines of a table for the csv module, without what it stumbles over. Raises Problem for one that is too long."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise Problem(f"{where} has a line of more than {_LONGEST_LINE >> 20} MB. Get or make it again.")
        yield line.replace("\0", "")
