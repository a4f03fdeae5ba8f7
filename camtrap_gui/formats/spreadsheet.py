"""Spreadsheets (.xlsx) of any length: written row by row, texts always as texts, never as formulas or links."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from camtrap_gui.files import replacing

MOST_ROWS = 1_048_576
"""Rows of a sheet, its header among them; what is more goes on in a further sheet."""
_LONGEST_TEXT = 32_767


@contextmanager
def writing(
    path: Path, sheets: Mapping[str, Sequence[str]], most_rows: int = MOST_ROWS
) -> Iterator[Callable[[str, Sequence[Any]], None]]:
    """A function that adds a row to a sheet; ``sheets`` are their headers by name. None is an empty cell.

    The file appears, complete, when the block ends well.
    """
    import xlsxwriter

    with replacing(path) as beside, tempfile.TemporaryDirectory(dir=path.parent, prefix=".sheets-") as room:
        # A row is on the disk as soon as the next one begins.
        book = xlsxwriter.Workbook(beside, {"constant_memory": True, "tmpdir": room, "use_zip64": True})
        bold = book.add_format({"bold": True})
        open_sheets = {name: _Sheet(book, name, header, bold, most_rows) for name, header in sheets.items()}
        yield lambda name, row: open_sheets[name].add(row)
        book.close()


class _Sheet:
    """A sheet, and those that continue it."""

    def __init__(self, book: Any, name: str, header: Sequence[str], bold: Any, most_rows: int) -> None:
        self._book, self._name, self._header, self._bold, self._most = book, name, header, bold, most_rows
        self._parts = 0
        self._begin()

    def add(self, row: Sequence[Any]) -> None:
        if self._next >= self._most:
            self._begin()
        sheet, place = self._sheet, self._next
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                continue
            if isinstance(cell, bool):
                sheet.write_boolean(place, column, cell)
            elif isinstance(cell, int | float):
                sheet.write_number(place, column, cell)
            else:
                sheet.write_string(place, column, str(cell)[:_LONGEST_TEXT])
        self._next += 1

    def _begin(self) -> None:
        self._parts += 1
        name = self._name if self._parts == 1 else f"{self._name} {self._parts}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(self._header):
            self._sheet.write_string(0, column, title, self._bold)
        self._next = 1
