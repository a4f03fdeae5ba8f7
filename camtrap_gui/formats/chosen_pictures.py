"""Pictures a user names: files, folders with all that is below them, or both; here or at addresses."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from camtrap_gui import remote_pictures
from camtrap_gui.files import safe_name
from camtrap_gui.formats import picture_folder
from camtrap_gui.pictures import is_picture_name
from camtrap_gui.problem import Problem
from camtrap_gui.remote_pictures import is_elsewhere, shown

ANNOTATED, EXPLAINED = "_detections", "_explained"
"""End the names (before the extension) of copies with boxes drawn in, and of those that show in colours what a classifier
looked at as well; both are passed over in folders."""


@dataclass(frozen=True)
class Chosen:
    """A picture, or what was passed over in a folder for ``refused``. ``name`` is as of ``name_of``."""

    path: Path
    name: str
    refused: str = ""


class ChosenPictures:
    """The pictures among the chosen files and folders, each once, in the same order every time; not held in memory.

    ``root`` is the folder of this computer that all of them lie below, None when some lie elsewhere. ``far`` are the
    files elsewhere that were named one by one: whether they are there nobody has looked. Raises Problem when something
    on this computer is not there, or an address is none.
    """

    def __init__(self, chosen: Sequence[Path]) -> None:
        if not chosen:
            raise Problem("Name the pictures: one or more files or folders.")
        near = [path for path in chosen if not is_elsewhere(path)]
        for path in near:
            if not path.exists():
                raise Problem(f"There is no file or folder {path}. Check the name.")
        # Not resolve(): a link is called by its own name.
        whole = sorted({Path(os.path.abspath(path)) for path in near})  # noqa: PTH100
        whole += sorted({remote_pictures.for_once(path) for path in chosen if is_elsewhere(path)})
        folders = [path for path in whole if _is_folder(path)]
        self._folders = [path for path in folders if not set(folders) & set(path.parents)]
        self._files = [path for path in whole if path not in folders and not self._is_below(path)]
        self.far = frozenset(filter(is_elsewhere, self._files))
        self._roots = self._common()
        self.root = self._roots.get("") if len(self._roots) == 1 else None

    def _is_below(self, path: Path) -> bool:
        return any(folder in path.parents for folder in self._folders)

    def _common(self) -> dict[str, Path]:
        """The folder that all lie below, for this computer ('') and for each server."""
        by_place: dict[str, list[Path]] = {}
        for path in self._folders:
            by_place.setdefault(_place(path), []).append(path)
        for path in self._files:
            by_place.setdefault(_place(path), []).append(_folder_of(path))
        try:
            return {place: Path(os.path.commonpath(paths)) for place, paths in by_place.items()}
        except ValueError:
            raise Problem("The pictures are on two drives. Call this once for each drive.") from None

    def name_of(self, path: Path) -> str:
        """The path below the folder that all lie below, with forward slashes; below the server's name if there are more.

        Of one elsewhere it is a name that every computer accepts, and never leads out of a folder.
        """
        place = _place(path)
        relative = path.relative_to(self._roots[place])
        if not place:
            return relative.as_posix()
        name = _safe(relative.parts, path)
        return name if len(self._roots) == 1 else f"{safe_name(place)}/{name}"

    def words(self) -> str:
        """What was chosen, as the words of a sentence."""
        return ", ".join(shown(path) for path in (*self._folders, *self._files)[:3])

    def everything(self) -> Iterator[Chosen]:
        """All pictures, and all that is passed over in the folders, with the reason."""
        for path in self._files:
            yield Chosen(path, self.name_of(path))
        for folder in self._folders:
            for found in picture_folder.walk(folder):
                path = folder / found.path
                if found.refused:
                    below = f"{self.name_of(folder)}/{found.path}".removeprefix(".").removeprefix("/")
                    yield Chosen(path, below, found.refused)
                elif not path.stem.endswith((ANNOTATED, EXPLAINED)):
                    yield Chosen(path, self.name_of(path))

    def __iter__(self) -> Iterator[Path]:
        return (one.path for one in self.everything() if not one.refused)


def _is_folder(path: Path) -> bool:
    if not is_elsewhere(path):
        return path.is_dir()
    return not is_picture_name(path.name) and remote_pictures.is_folder(path)


def _folder_of(file: Path) -> Path:
    return file.parent.parent if file.name.startswith("?") and is_elsewhere(file) else file.parent


def _place(path: Path) -> str:
    """What tells servers and clouds apart; '' for this computer."""
    return "-".join(path.parts[:2]).replace(":", "") if is_elsewhere(path) else ""


def _safe(parts: tuple[str, ...], path: Path) -> str:
    named = [safe_name(part) for part in parts if not part.startswith("?")]
    if tuple(named) == parts:
        return "/".join(named)
    # Two names may have become one.
    last = Path(named.pop()) if named else Path("picture")
    mark = hashlib.sha256(shown(path).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "/".join([*named, f"{last.stem}-{mark}{last.suffix}"])
