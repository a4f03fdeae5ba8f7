"""What a picture is called in files for other programs: its path below the folder that all pictures lie in."""

import os
from collections.abc import Callable
from pathlib import Path

from camtrap_gui.project import Project, images
from camtrap_gui.remote_pictures import is_elsewhere, shown


def start(project: Project) -> Path | None:
    """The folder that the names start from: the image folder, or the one around them all; None where there is none."""
    places = list(images.roots(project).values())
    if len(places) > 1 and any(map(is_elsewhere, places)):
        return None
    try:
        return Path(os.path.commonpath(places)) if places else None
    except ValueError:  # on several drives
        return None


def namer(project: Project) -> Callable[[images.Image], str]:
    """A function that names an image, with forward slashes; a full path where the folders share none."""
    begin = start(project)
    folders = {}
    for root in images.roots(project).values():
        below = shown(root).replace(os.sep, "/") if begin is None else root.relative_to(begin).as_posix()
        folders[root] = "" if below == "." else below.rstrip("/") + "/"
    return lambda image: folders[image.root] + image.path
