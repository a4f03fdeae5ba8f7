"""Pictures a user names: files, folders with all that is below them, or both."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from camtrap_gui.formats import picture_folder
from camtrap_gui.problem import Problem

ANNOTATED, EXPLAINED = "_detections", "_explained"
"""End the names (before the extension) of copies with boxes drawn in, and of those that show in colours what a classifier
looked at as well; both are passed over in folders."""


class ChosenPictures:
    """The pictures among the chosen files and folders, each once, in the same order every time; not held in memory.

    ``root`` is the folder that all of them lie below. Raises Problem when something is not there.
    """

    def __init__(self, chosen: Sequence[Path]) -> None:
        if not chosen:
            raise Problem("Name the pictures: one or more files or folders.")
        for path in chosen:
            if not path.exists():
                raise Problem(f"There is no file or folder {path}. Check the name.")
        # Not resolve(): a link is called by its own name.
        whole = sorted({Path(os.path.abspath(path)) for path in chosen})  # noqa: PTH100
        self._folders = [path for path in whole if path.is_dir()]
        self._folders = [path for path in self._folders if not self._is_below(path)]
        self._files = [path for path in whole if path.is_file() and not self._is_below(path)]
        try:
            self.root = Path(os.path.commonpath([*self._folders, *(path.parent for path in self._files)]))
        except ValueError:
            raise Problem("The pictures are on two drives. Call this once for each drive.") from None

    def _is_below(self, path: Path) -> bool:
        return any(folder in path.parents for folder in self._folders)

    def name_of(self, path: Path) -> str:
        """The path below ``root`` with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def refused(self) -> Iterator[tuple[str, str]]:
        """Names of what is passed over in the folders, each with the reason."""
        for folder in self._folders:
            for found in picture_folder.walk(folder):
                if found.refused:
                    yield f"{self.name_of(folder)}/{found.path}".removeprefix("./"), found.refused

    def __iter__(self) -> Iterator[Path]:
        yield from self._files
        for folder in self._folders:
            for found in picture_folder.walk(folder):
                path = folder / found.path
                if not found.refused and not path.stem.endswith((ANNOTATED, EXPLAINED)):
                    yield path
