"""Tables of labels, one row for each picture and species, as spreadsheets, Timelapse, camtrapR and this program write them.

Columns are found by the words that the field has for them. Delimiter and encoding are found out, and whether dates
have the day first. Rows are read one by one, in memory that does not grow with the table.
"""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from camtrap_gui.formats.tables import lines, unescaped
from camtrap_gui.problem import Problem

_WORDS = {
    "file": (
        "filepath", "imagepath", "sourcefile", "file", "filename", "imagefile", "imagefilename", "path", "image", "imagename",
        "picture", "photo",
    ),
    "folder": ("relativepath", "directory", "folder", "path"),
    "species": (
        "species", "scientificname", "commonname", "vernacularname", "speciesname", "label", "labels", "class", "category",
    ),
    "location": (
        "location", "locationname", "locationid", "site", "siteid", "station", "stationid", "deployment", "deploymentid",
        "cameratrap", "camera", "cameraid",
    ),
    "time": ("datetime", "datetimeoriginal", "timestamp", "taken", "time"),
    "date": ("date", "dateoriginal"),
    "sequence": ("sequence", "sequenceid", "seqid", "event", "eventid", "burst", "burstid", "episode", "episodeid"),
    "frame": ("frame", "framenum", "framenumber"),
    "count": ("count", "individualcount", "groupsize"),
}  # fmt: skip
"""What columns are called, without capitals, spaces and underscores; the first that a table has counts."""
_WHOLE_PATHS = frozenset({"filepath", "imagepath", "sourcefile", "path"})
_NO_ANIMAL = frozenset({"none", "nothing"})
"""Words, besides those that hold for species everywhere, for a picture without an animal."""
_MISSING = "NA"
"""What R writes into a cell that is empty."""
_WORKBOOKS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
"""What xlsx, ods and xls begin with."""
_PIECE = 1 << 20
_MOST = 1_000_000
_NUMBER = re.compile(r"(\d{1,7})(?:[.,]0*)?", re.ASCII)
_DATE = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})\b", re.ASCII)


class Row(NamedTuple):
    """What a row says of a picture; None where it says nothing.

    ``path`` has forward slashes, '' if the row names no picture. ``said`` are species and how many of each.
    ``time`` is as the table writes it, but a date starts with the year. ``fingerprint`` is the same for the same cells.
    """

    line: int
    path: str
    said: tuple[tuple[str, int | None], ...]
    location: str | None
    sequence: str | None
    frame: int | None
    time: str | None
    fingerprint: int


class LabelTable:
    """A table, ready to be read. ``told`` names columns: ``file=Photo``, ``species=Art``, several with commas between.

    Raises Problem when it cannot be read as a table, or has no column for pictures or species.
    """

    def __init__(self, path: Path, told: Sequence[str] = ()) -> None:
        self.path = path
        try:
            self._encoding = _encoding(path)
            head = self._head()
        except OSError as error:
            raise Problem(f"{path} cannot be read: {error.strerror or error}.") from error
        self._skip = 1 if (said := re.fullmatch(r'"?sep=(.)"?', head[0].strip())) else 0
        first = head[self._skip] if len(head) > self._skip else ""
        self._delimiter = said[1] if said else max(",;\t", key=lambda one: len(_cells(first, one)))
        self.columns = tuple(name.strip() for name in _cells(first, self._delimiter))
        self._places = self._find(_told(told))
        self._day_first = self._has_day_first()

    def has(self, role: str) -> bool:
        """Whether there is a column for it: 'file', 'folder', 'species', 'location', 'time', 'sequence', ..."""
        return role in self._places

    def rows(self) -> Iterator[Row]:
        """All rows but empty ones. Raises Problem when the table cannot be read on."""
        for line, cells in self._cells():
            folder, file = self._cell(cells, "folder"), self._cell(cells, "file")
            time = " ".join(filter(None, (self._cell(cells, "date"), self._cell(cells, "time"))))
            yield Row(
                line,
                _path(folder, file),
                _said(self._cell(cells, "species"), self._cell(cells, "count")),
                self._cell(cells, "location") or None,
                self._cell(cells, "sequence") or None,
                _number(self._cell(cells, "frame")),
                self._year_first(time) or None,
                hash(tuple(cells)),
            )

    def _head(self) -> list[str]:
        with self.path.open(encoding=self._encoding, errors="replace", newline="") as file:
            some = lines(file, str(self.path))
            return [next(some, "").rstrip("\r\n"), next(some, "").rstrip("\r\n")]

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        try:
            with self.path.open(encoding=self._encoding, errors="replace", newline="") as file:
                reader = csv.reader(lines(file, str(self.path)), delimiter=self._delimiter)
                for number, cells in enumerate(reader):
                    if number > self._skip and any(cells):
                        yield reader.line_num, cells
        except (csv.Error, OSError) as error:
            raise Problem(f"{self.path} cannot be read: {error}. Save it again as CSV.") from error

    def _cell(self, cells: list[str], role: str) -> str:
        place = self._places.get(role)
        text = unescaped(cells[place].strip()) if place is not None and place < len(cells) else ""
        return "" if text == _MISSING else text

    def _find(self, told: dict[str, str]) -> dict[str, int]:
        """The place of each column. The first of two of the same name counts."""
        places: dict[str, int] = {}
        for place, column in enumerate(self.columns):
            places.setdefault(_plain(column), place)
        words = dict(_WORDS)
        if "genus" in places:  # then "species" and "class" are ranks
            words["species"] = tuple(word for word in words["species"] if word not in ("species", "class"))
        found = {}
        for role, usual in words.items():
            named = told.get(role)
            if named is not None and _plain(named) not in places:
                raise Problem(f"{self.path} has no column “{named}”. {self._there_are()}")
            name = next((name for name in ([_plain(named)] if named else usual) if name in places), None)
            if name is not None:
                found[role] = places[name]
        self._settle(found, told)
        for role, what in (("file", "the pictures"), ("species", "the species")):
            if role not in found:
                raise Problem(
                    f"{self.path} has no column known to name {what}. {self._there_are()} Say which one it is, for example"
                    f" --csv-columns {role}={'Photo' if role == 'file' else 'Art'}."
                )
        return found

    def _settle(self, found: dict[str, int], told: dict[str, str]) -> None:
        """Leave out folders where names start with them already, and dates where times have them."""
        file, time = (_plain(self.columns[found[role]]) if role in found else "" for role in ("file", "time"))
        if "folder" not in told and (file in _WHOLE_PATHS or found.get("folder") == found.get("file")):
            found.pop("folder", None)
        if "date" not in told and "time" in found and time != "time":
            found.pop("date", None)

    def _there_are(self) -> str:
        names = ", ".join(f"“{name[:60]}”" for name in self.columns[:40] if name)
        return f"Its columns are {names}." if names else "Its first line must name the columns."

    def _has_day_first(self) -> bool:
        """Whether dates such as 18/07/2013 are among the first ones that tell days from months."""
        role = "date" if "date" in self._places else "time"
        for _, cells in self._cells() if role in self._places else ():
            text = self._cell(cells, role)
            date = _DATE.match(text)
            if text and (date is None or int(date[3]) > 12):
                return False
            if date and int(date[1]) > 12:
                return True
        return False

    def _year_first(self, text: str) -> str:
        date = _DATE.match(text)
        if date is None:
            return text
        day, month = (date[1], date[3]) if self._day_first else (date[3], date[1])
        return f"{date[4]}-{month:0>2}-{day:0>2}{text[date.end() :]}"


def _encoding(path: Path) -> str:
    """UTF-8 or UTF-16 as far as it is, otherwise what Windows wrote before."""
    decoder = getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        piece = file.read(_PIECE)
        if piece.startswith(_WORKBOOKS):
            raise Problem(f"{path} is a workbook of a spreadsheet program. Save its sheet as CSV first.")
        if piece.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(_PIECE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip()


def _told(told: Sequence[str]) -> dict[str, str]:
    found = {}
    for part in re.split(r",(?=\s*\w+\s*=)", ",".join(told)) if told else ():
        role, _, column = (text.strip() for text in part.partition("="))
        if role not in _WORDS or not column:
            raise Problem(
                f"“{part.strip()[:60]}” names no column. Write what it tells and what it is called, for example file=Photo;"
                f" a column can tell {', '.join(_WORDS)}."
            )
        found[role] = column
    return found


def _path(folder: str, file: str) -> str:
    folder, file = folder.replace("\\", "/").rstrip("/"), file.replace("\\", "/")
    if not folder or not file:
        return file
    return folder if f"/{folder}".endswith(f"/{file}") else f"{folder}/{file}"


def _said(species: str, count: str) -> tuple[tuple[str, int | None], ...]:
    """Species and their numbers; several in a cell have " | " between them, or commas where the numbers have as many."""
    numbers = count.split(", ")
    names = species.split(", ") if len(numbers) > 1 else []
    if len(names) != len(numbers):
        names = species.split("|")
        numbers = [count] * len(names) if len(names) == 1 else [""] * len(names)
    called = [(" ".join(name.split()), _number(number)) for name, number in zip(names, numbers, strict=True)]
    return tuple(
        ("empty" if name.casefold() in _NO_ANIMAL else name, number or None)
        for name, number in called
        if name
    )


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found and int(found[1]) <= _MOST else None
