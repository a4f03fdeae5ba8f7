"""What a picture is called in files for other programs: its path below the folder that all pictures lie in."""

import os
from collections.abc import Callable
from pathlib import Path, PurePath

from camtrap_gui.project import Project, images


def start(project: Project) -> Path | None:
    """The folder that the names start from: the image folder, or the one around them all; None where there is none."""
    places = list(images.roots(project).values())
    try:
        return Path(os.path.commonpath(places)) if places else None
    except ValueError:  # on several drives
        return None


def namer(project: Project) -> Callable[[images.Image], str]:
    """A function that names an image, with forward slashes; a full path where the folders share none."""
    begin = start(project)
    folders = {}
    for root in images.roots(project).values():
        below = PurePath(root) if begin is None else PurePath(root).relative_to(begin)
        folders[root] = "" if below == PurePath() else below.as_posix().rstrip("/") + "/"
    return lambda image: folders[image.root] + image.path
