"""Pictures in folders, and what the names of the folders say about them."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from camtrap_gui import remote_pictures
from camtrap_gui.pictures import is_picture_name
from camtrap_gui.problem import Problem
from camtrap_gui.project import DATABASE

_PLACEHOLDER = re.compile(r"(\{[^{}]*\}|\*)")
_UNREADABLE = dict.fromkeys((".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mts", ".wmv"), "video")
_UNREADABLE |= dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".heic", ".nef", ".orf"), "raw or HEIC picture")
"""What cameras write besides pictures that can be read: passed over, but not in silence."""


@dataclass(frozen=True)
class Found:
    """A picture below the folder, or something that was passed over for ``refused``. ``path`` has forward slashes."""

    path: str
    refused: str | None = None


def walk(folder: Path) -> Iterator[Found]:
    """All pictures below ``folder``, sorted by folder and name.

    Hidden files, links to folders, links to files elsewhere, and the folders of projects are left out. Raises Problem
    when ``folder`` is an address whose server does not list what there is.
    """
    if remote_pictures.is_elsewhere(folder):
        yield from _walk_elsewhere(folder)
        return
    inside = os.path.realpath(folder)
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            with os.scandir(folder / below) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Found(_printable(below), f"folder cannot be read: {error.strerror}")
            continue
        if any(entry.name == DATABASE for entry in entries):
            continue
        folders = []
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(f"{path}/")
            elif is_picture_name(entry.name):
                yield Found(_printable(path), _refusal(entry, path, inside))
            elif kind := _unreadable_kind(entry.name):
                yield Found(_printable(path), kind)
        pending += reversed(folders)


def _walk_elsewhere(folder: Path) -> Iterator[Found]:
    pending = [""]
    while pending:
        below = pending.pop()
        folders, names = remote_pictures.listing(folder / below)
        if DATABASE in names:
            continue
        for name in names:
            path = f"{below}{name}"
            if is_picture_name(name):
                yield Found(_printable(path), _name_refusal(path))
            elif kind := _unreadable_kind(name):
                yield Found(_printable(path), kind)
        pending += [f"{below}{name}/" for name in reversed(folders) if not name.startswith(".")]


def _unreadable_kind(name: str) -> str | None:
    return None if name.startswith(".") else _UNREADABLE.get(PurePath(name).suffix.lower())


def _name_refusal(path: str) -> str | None:
    if path != _printable(path) or (os.sep == "/" and "\\" in path):
        return "file name with characters that other computers cannot read"
    return None


def _refusal(entry: os.DirEntry[str], path: str, inside: str) -> str | None:
    if refused := _name_refusal(path):
        return refused
    if entry.is_symlink() and not os.path.realpath(entry.path).startswith(inside + os.sep):
        return "link that leads out of the folder"
    if not entry.is_file():
        return "link to a file that is not there" if entry.is_symlink() else "not a file"
    return None


def _printable(path: str) -> str:
    return path.encode("utf-8", "replace").decode()


class FolderRule:
    """Reads location and species from the folders a picture lies in: ``{location}/{species}``, ``*/{species}``.

    Each part stands for one folder, from the outside in; ``*`` for anything. Further folders below do not matter. A
    placeholder that occurs twice gives both names with a slash between them. Raises Problem for a rule that is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if text and not _PLACEHOLDER.search(text):
            raise Problem(
                f"The folder rule “{text}” has neither {{location}} nor {{species}} in it. Write it with the braces, for "
                "example {location}/{species}."
            )
        self._parts = [_compile(part, text) for part in text.strip("/").split("/")] if text.strip("/") else []

    def read(self, path: str) -> tuple[str | None, str | None]:
        """Location and species of the picture at ``path``; None for what the rule does not tell.

        As soon as a folder does not fit the rule, what stands behind it tells nothing.
        """
        found: dict[str, list[str]] = {"location": [], "species": []}
        for (pattern, names), folder in zip(self._parts, path.split("/")[:-1], strict=False):
            match = pattern.fullmatch(folder)
            if match is None:
                break
            for name, text in zip(names, match.groups(), strict=True):
                found[name].append(text.strip())
        location, species = "/".join(found["location"]), "/".join(found["species"])
        return location or None, species or None


def usual_rule(folder: Path) -> FolderRule:
    """The rule when nobody says one: the first sub-folder is the location if at least two of them have pictures."""
    sites = 0
    for entry in _folders_in(folder):
        sites += any(not found.refused for found in walk(entry))
        if sites == 2:
            return FolderRule("{location}")
    return FolderRule("")


def _folders_in(folder: Path) -> list[Path]:
    if remote_pictures.is_elsewhere(folder):
        names, _ = remote_pictures.listing(folder)
        return [folder / name for name in names if not name.startswith(".")]
    try:
        below = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        return [entry for entry in below if entry.is_dir() and not entry.is_symlink()]
    except OSError as error:
        raise Problem(f"The folder {folder} cannot be read: {error.strerror}.") from error


def _compile(part: str, rule: str) -> tuple[re.Pattern[str], list[str]]:
    names: list[str] = []
    pattern = ""
    for piece in _PLACEHOLDER.split(part):
        if piece == "*":
            pattern += ".*"
        elif piece in ("{location}", "{species}"):
            names.append(piece[1:-1])
            pattern += "(.+?)"
        elif "{" in piece or "}" in piece:
            raise Problem(
                f"The folder rule “{rule}” has “{piece}” in it. Use {{location}}, {{species}} and *, "
                "for example {location}/{species}."
            )
        else:
            pattern += re.escape(piece)
    return re.compile(pattern, re.DOTALL), names
