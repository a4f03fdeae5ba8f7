"""Reading a Camtrap DP (1.0 and its neighbours), a folder, its ``datapackage.json``, or a zip file, without unpacking it.

Tables are read row by row, in memory that does not grow with them. Whatever is wrong with a file is a Problem that
names it; no path in it leads out of the package.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from camtrap_gui import files
from camtrap_gui.formats.camtrap_dp import OF_THE_SURVEY
from camtrap_gui.formats.tables import lines, unescaped
from camtrap_gui.problem import Problem

_LARGEST_DESCRIPTION = 64 << 20
_TABLES = ("deployments", "media", "observations")


class CamtrapDp:
    """A package, ready to be read. ``folder`` is where its relative paths start. Raises Problem when it is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path if path.is_dir() else path.parent
        self._zip = None if path.is_dir() or path.suffix.lower() == ".json" else _opened(path)
        self._prefix = "" if self._zip is None else _prefix(self._zip, path)
        name = path.name if path.suffix.lower() == ".json" and not path.is_dir() else "datapackage.json"
        description = self._description(name)
        self.title = _text(description.get("title")) or _text(description.get("name")) or path.stem
        self.species = tuple(_names(description.get("taxonomic")))
        self._resources = {table: _resource(description, table, path) for table in _TABLES}

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """The rows of 'deployments', 'media' or 'observations' by column; cells that are missing or empty are left out.

        Raises Problem when the table cannot be read.
        """
        for name, delimiter in self._resources[table]:
            where = f"{self.path}: {name}"
            try:
                with self._open(name) as file:
                    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
                    yield from _rows(csv.reader(lines(text, where), delimiter=delimiter), where)
            except UnicodeDecodeError as error:
                raise Problem(
                    f"{where} is not written in UTF-8. Save it again in the encoding UTF-8."
                ) from error
            except (csv.Error, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
                raise Problem(f"{where} cannot be read: {error}. Get or make the package again.") from error

    def close(self) -> None:
        """Close the zip file, if it is one."""
        if self._zip is not None:
            self._zip.close()

    def _description(self, name: str) -> Mapping[str, Any]:
        try:
            with self._open(name) as file:
                text = file.read(_LARGEST_DESCRIPTION + 1)
            if len(text) > _LARGEST_DESCRIPTION:
                raise Problem(f"{self.path}: {name} is too large for the description of a package.")
            found = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
        except FileNotFoundError:
            raise Problem(f"{self.path} is no Camtrap DP: it has no {name}.") from None
        except (
            msgspec.DecodeError,
            UnicodeDecodeError,
            RecursionError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
        ) as e:
            raise Problem(f"{self.path}: {name} is not valid JSON: {e}.") from e
        except (OSError, RuntimeError, NotImplementedError) as error:
            raise Problem(f"{self.path}: {name} cannot be read: {error}.") from error
        if not isinstance(found, dict) or not isinstance(found.get("resources"), list):
            raise Problem(
                f"{self.path}: {name} does not describe a data package: it has no list of resources."
            )
        return found

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if self._zip is None:
            with files.inside(self.folder, name).open("rb") as file:
                yield file
            return
        try:
            member = self._zip.getinfo(self._prefix + name)
        except KeyError:
            raise FileNotFoundError(name) from None
        with self._zip.open(member) as file:
            yield file


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise Problem(f"There is no file {path}.") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Problem(
            f"{path} is no Camtrap DP: neither a folder, nor a datapackage.json, nor a zip file."
        ) from error


def _prefix(archive: zipfile.ZipFile, path: Path) -> str:
    # Some programs pack the folder, others what is in it.
    found = [name for name in archive.namelist() if PurePosixPath(name).name == "datapackage.json"]
    if not found:
        raise Problem(f"{path} is no Camtrap DP: there is no datapackage.json in it.")
    return min(found, key=lambda name: name.count("/"))[: -len("datapackage.json")]


def _resource(description: Mapping[str, Any], table: str, path: Path) -> list[tuple[str, str]]:
    """The files of a table, each with the character between its cells."""
    for resource in description["resources"]:
        if isinstance(resource, dict) and resource.get("name") == table:
            given = resource.get("path")
            names: list[Any] = given if isinstance(given, list) else [given]
            dialect = resource.get("dialect")
            delimiter = dialect.get("delimiter") if isinstance(dialect, dict) else None
            if not (isinstance(delimiter, str) and len(delimiter) == 1 and delimiter not in '"\r\n\0'):
                delimiter = ","
            if not names or not all(isinstance(name, str) and name for name in names):
                raise Problem(f"{path}: the table {table} has no file.")
            for name in names:
                if "://" in name:
                    raise Problem(
                        f"{path}: the table {table} lies on the internet ({name[:200]}). Download the package."
                    )
                files.inside(Path("/"), name)
            return [(PurePosixPath(name).as_posix(), delimiter) for name in names]
    raise Problem(f"{path} is no Camtrap DP: it has no table {table}.")


def _rows(reader: Iterator[list[str]], where: str) -> Iterator[dict[str, str]]:
    header = [name.strip() for name in next(reader, [])]
    if not header:
        raise Problem(f"{where} is empty; its first line must name the columns.")
    for row in reader:
        yield {name: unescaped(cell) for name, cell in zip(header, row, strict=False) if cell}


def _names(taxa: Any) -> Iterator[str]:
    for taxon in taxa if isinstance(taxa, list) else ():
        if not isinstance(taxon, dict):
            continue
        common = taxon.get("vernacularNames")
        own = _text(common.get(OF_THE_SURVEY)) if isinstance(common, dict) else ""
        if name := own or _text(taxon.get("scientificName")):
            yield name


def _text(value: Any) -> str:
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        return ""
    return value.strip()
