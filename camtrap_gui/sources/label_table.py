"""Pictures and labels from a table with a row for each picture and species.

A picture that a table brings in has its path with a mark before it for a key, so that a later import of its folder
leaves alone what the table says; one that another source has brought in keeps its key.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from camtrap_gui.formats.label_tables import LabelTable, Row
from camtrap_gui.formats.picture_folder import FolderRule
from camtrap_gui.formats.times import read_time
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.image_roots import clean_path, root_for
from camtrap_gui.project.importing import is_empty
from camtrap_gui.project.incoming import Incoming
from camtrap_gui.project.known_images import NewImage
from camtrap_gui.project.source_names import add_species, sort_species
from camtrap_gui.remote_pictures import is_any_file, is_elsewhere, shown
from camtrap_gui.sources.doubts import Doubts
from camtrap_gui.sources.files_on_disk import existing

_BATCH = 1000
_SAMPLE = 100
_LOOKED = 5
_TOLD, TIMED = "table:", "table by time:"
"""Marks of pictures whose sequences the table tells, and of those whose are made by their times."""


def bring_in(
    project: Project,
    table: LabelTable,
    folder: Path | None,
    rule: FolderRule,
    files_matter: bool,
    doubts: Doubts,
    report: Report,
) -> Incoming:
    """Everything that the table says; paths in it start from ``folder``, if None from its own folder.

    Where it has no column for locations, ``rule`` reads them from the folders. Raises Problem when nothing of it can be
    used or, if ``files_matter``, none of its pictures is where it should be.
    """
    report(Progress(0, None, table.path.name, "Reading"))
    folder = existing(folder or table.path.parent)
    known = images.species(project)
    with closing(_Import(project, table, folder, rule, files_matter, doubts)) as one:
        rows, done = table.rows(), 0
        while batch := [*islice(rows, _BATCH)]:
            one.add(batch)
            done += len(batch)
            report(Progress(done, None, "rows", "Importing"))
    sort_species(project.db, set(images.species(project)) - set(known))
    one.incoming.keep_boxes()
    doubts.flush()
    if not one.incoming.met:
        raise Problem(f"{table.path} has no row with a picture that can be used{doubts}.")
    return one.incoming


class _Import:
    """A table on its way into a project."""

    def __init__(
        self,
        project: Project,
        table: LabelTable,
        folder: Path,
        rule: FolderRule,
        files_matter: bool,
        doubts: Doubts,
    ) -> None:
        self._db, self._folder, self._rule, self._doubts = project.db, folder, rule, doubts
        self._mark = _TOLD if table.has("sequence") else TIMED
        self._reads_rule = not table.has("location")
        self._fresh = is_empty(project.db)
        # Spills to disk where it does not fit into memory.
        self._met = sqlite3.connect("", isolation_level=None)
        self._met.execute("CREATE TABLE counted (fingerprint INTEGER PRIMARY KEY)")
        self._met.execute("CREATE TABLE sequences (name PRIMARY KEY, location) WITHOUT ROWID")
        self._met.execute("BEGIN")
        sample = [row.path for row in islice(table.rows(), _SAMPLE) if row.path]
        self._beginning = _beginning(folder, sample)
        paths = [path for path in map(self._path, sample) if path]
        if files_matter and sample and not is_any_file(folder / path for path in paths):
            raise Problem(
                f"None of the pictures of {table.path} is in {shown(folder)}; {sample[0][:200]!r} was looked for, for"
                " example. Choose the folder that the names start from (--images); where a column tells the folder that a"
                " picture lies in, name it: --csv-columns folder=Station, for example."
            )
        root_id = root_for(self._db, folder, [(self._mark + path, path) for path in paths])
        self.incoming = Incoming(self._db, root_id, "import", doubts)

    def close(self) -> None:
        """Throw away what was remembered of rows."""
        self._met.close()

    def add(self, rows: list[Row]) -> None:
        """Pictures and labels of some rows. Of a picture that has several, the first says where and when it was taken."""
        said = [(path, row) for row in rows if (path := self._picture(row)) is not None]
        keys = self._keys(list(dict.fromkeys(path for path, _ in said)))
        met = self.incoming.ids_of([*keys.values()])
        new = {path for path, image_id in zip(keys, met, strict=True) if image_id is None}
        images: dict[str, NewImage] = {}
        for path, row in said:
            if path in new and path not in images:
                images[path] = self._image(keys[path], path, row)
        self.incoming.add_images([*images.values()])
        ids = dict(zip(keys, self.incoming.ids_of([*keys.values()]), strict=True))
        self._label([(image_id, row) for path, row in said if (image_id := ids[path])])

    def _label(self, said: list[tuple[int, Row]]) -> None:
        species = add_species(self._db, dict.fromkeys(name for _, row in said for name, _ in row.said))
        labels = [
            (image_id, species[name], count, 0)
            for image_id, row in said
            if image_id not in self.incoming.left_alone and self._is_first(row)
            for name, count in row.said
        ]
        columns = [*zip(*labels, strict=True)] or [()] * 4
        self.incoming.add_labels(*map(list, columns))

    def _is_first(self, row: Row) -> bool:
        """Whether a row is no repetition, which would count its animals twice."""
        if all(count is None for _, count in row.said):
            return True
        query = "INSERT OR IGNORE INTO counted VALUES (?)"
        is_first = self._met.execute(query, (row.fingerprint,)).rowcount == 1
        if not is_first:
            self._doubts(f"line {row.line}: {row.path}", "row that comes twice")
        return is_first

    def _picture(self, row: Row) -> str | None:
        if not row.path:
            self._doubts(f"line {row.line}", "row without a picture")
            return None
        path = self._path(row.path)
        if path is None:
            self._doubts(f"line {row.line}: {row.path}", "path leads out of the image folder")
        return path

    def _path(self, path: str) -> str | None:
        below = path.removeprefix(self._beginning)
        return clean_path(below, self._folder) if below else None

    def _image(self, key: str, path: str, row: Row) -> NewImage:
        taken = read_time(row.time) if row.time else None
        if row.time and taken is None:
            self._doubts(f"line {row.line}: {row.time[:80]}", "time cannot be read")
        location = self._rule.read(path)[0] if self._reads_rule else row.location
        return NewImage(key, path, location, self._sequence(row.sequence, location), row.frame, None, taken)

    def _sequence(self, name: str | None, location: str | None) -> str | None:
        """The name of a sequence, with its location where another one has a sequence of this name: many count anew."""
        if name is None or location is None:
            return name
        self._met.execute("INSERT OR IGNORE INTO sequences VALUES (?, ?)", (name, location))
        [first] = self._met.execute("SELECT location FROM sequences WHERE name = ?", (name,)).fetchone()
        return name if first == location else f"{name} ({location})"

    def _keys(self, paths: list[str]) -> dict[str, str]:
        """By path the key of each picture: the one it has, unless that is its path, which other imports may take over."""
        keys = {path: self._mark + path for path in paths}
        if not self._fresh:
            known = self._db.execute(
                "SELECT path, key FROM images WHERE root_id = ? AND path IN (SELECT value FROM json_each(?))",
                (self.incoming.root_id, json.dumps(paths)),
            )
            keys.update((path, key) for path, key in known if path != key)
        return keys


def _beginning(folder: Path, paths: Sequence[str]) -> str:
    """What all paths begin with, but not those below ``folder``: where it lies, or lay on another computer."""
    if is_elsewhere(folder) or is_any_file(
        folder / clean for path in paths if (clean := clean_path(path, folder))
    ):
        return ""
    for path in paths[:_LOOKED]:
        parts = path.split("/")
        for number in range(1, len(parts)):
            below = "/".join(parts[number:])
            beginning = path.removesuffix(below)
            clean = clean_path(below, folder) if below else None
            if clean and is_any_file([folder / clean]) and all(one.startswith(beginning) for one in paths):
                return beginning
    return ""
