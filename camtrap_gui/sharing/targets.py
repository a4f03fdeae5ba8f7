"""Where files for other programs may be written: anywhere but beside the originals, and over nothing that is there."""

from pathlib import Path

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.remote_pictures import is_elsewhere, shown


def check(project: Project, target: Path) -> Path:
    """The target as a full path. Raises Problem when something is there, or when it lies in an image folder.

    The folder ``exports`` of the project may lie in one, as the project may.
    """
    if is_elsewhere(target):
        raise Problem(
            f"{shown(target)} is an address; files are only written on this computer. Choose a folder."
        )
    target = target.expanduser().resolve()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Problem(
            f"{target} exists already and is not overwritten. Choose another name, or remove it first."
        )
    if target.is_relative_to(project.folder / "exports") and target != project.folder / "exports":
        return target
    if target.is_relative_to(project.folder) or project.folder.is_relative_to(target):
        raise Problem(
            f"{target} is a place of the project itself. Choose a name in {project.folder / 'exports'}."
        )
    for root in images.roots(project).values():
        if target.is_relative_to(root) or root.is_relative_to(target):
            raise Problem(
                f"{target} lies where the original pictures are ({root}), which are never written beside. Choose another"
                " folder."
            )
    return target
