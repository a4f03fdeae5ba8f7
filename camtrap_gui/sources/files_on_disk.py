"""Looking at picture files: whether they are there and whole, how large they are, when they were taken.

Of pictures elsewhere only the beginning is fetched, so that importing a survey does not mean fetching all of it.
"""

from contextlib import closing
from itertools import islice
from pathlib import Path

from camtrap_gui import files, remote_pictures
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Header, Unreadable, read_below, read_header
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, images

_AHEAD = 1000
_BATCH = 256


def check(project: Project, root_id: int, report: Report, limit: int | None) -> None:
    """Look at the files nobody has looked at, on several threads; at most ``limit`` of them."""
    [total] = project.db.execute(
        "SELECT count(*) FROM images WHERE checked = 0 AND root_id = ?", (root_id,)
    ).fetchone()
    total = min(total, limit or total)
    root = images.roots(project)[root_id]
    looked = in_order(
        lambda image: look(root, *image),
        islice(images.unchecked(project, root_id), total),
        remote_pictures.threads([root]),
        _AHEAD,
    )
    done = bad = 0
    with closing(looked):
        while batch := [*islice(looked, _BATCH)]:
            good = [(number, h.width, h.height, h.taken) for number, h in batch if isinstance(h, Header)]
            unusable = [(number, reason) for number, reason in batch if isinstance(reason, str)]
            with project.write():
                images.set_checked(project, good)
                images.set_unusable(project, unusable)
            done += len(batch)
            bad += len(unusable)
            report(Progress(done, total, "", "Checking files", {"unusable": bad}))


def look(root: Path, image_id: int, path: str) -> tuple[int, Header | str]:
    """What a file says of itself, or why it cannot be used. Raises Interrupted when all of ``root`` is away."""
    try:
        file = files.inside(root, path)
        return image_id, read_below(root, lambda: read_header(file))
    except Unreadable as reason:
        return image_id, str(reason)
    except Interrupted:
        raise
    except Problem:
        return image_id, "link that leads out of the image folder"
    except (OSError, ValueError) as error:
        return image_id, f"cannot be opened: {error}"


def existing(folder: Path) -> Path:
    """The folder, resolved; an address as it is. Raises Problem when it is none."""
    if remote_pictures.is_elsewhere(folder):
        return remote_pictures.place(folder)
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}. Say where the pictures are.")
    return folder.resolve()
