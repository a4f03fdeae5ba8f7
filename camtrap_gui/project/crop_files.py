"""Crop files on disk: cutting only what changed, and putting a whole new data set in the place of the old one.

The table ``crop_files`` remembers what every file was cut from, batch by batch, so that a stopped crop step goes on
where it was and a repeated one cuts nothing twice. What the present data set uses stays as it is until the new one is
complete: a file that the rows in ``crops`` refer to is never overwritten, its new version waits below ``.next/``, and
so do the JSON files and TFRecords. Then, inside the transaction that replaces the rows, they are moved into place;
files that nothing refers to any more are removed afterwards.

A process killed before the moves leaves the old data set untouched. Killed during them (they take a moment), it leaves
the mark ``.next/moving``, by which readers know that the files are ahead of the rows until a crop step is completed.
"""

import hashlib
import io
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camtrap_gui import mishaps, remote_pictures
from camtrap_gui.files import make_below, sha256_of
from camtrap_gui.geometry import Box, Window, crop_window
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project

if TYPE_CHECKING:
    from PIL import Image

QUALITY = 95
"""Of the JPEG files. The tutorial saved at 75, the encoder's default, and so lost detail a second time."""

SMALLEST = 8
"""Crops with a side below this many pixels show nothing and are not made."""

_NEXT = ".next"


@dataclass(frozen=True, slots=True)
class Made:
    """A crop file with what it was cut from. ``staged``: it waits below ``.next/``; ``fresh``: cut in this run."""

    file: str
    recipe: bytes
    window: Window
    bytes: int
    sha256: str
    staged: bool = False
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """A crop to be made, and what is known of its file: the last one written, the hash the data set refers to."""

    plan_id: int
    file: str
    box: Box
    written: Made | None
    in_use: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """All crops wanted from one picture. ``path`` is its place below its root, so that roots may move."""

    image_id: int
    source: Path
    path: str
    crops: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a picture: for each plan id a file, or None where the crop is too small; or why it has none."""

    image_id: int
    made: dict[int, Made | None]
    problem: str | None = None


class Damaged(Exception):
    """A crop file (the argument) was changed or removed from outside, or lost in a power failure."""


def folder(project: Project) -> Path:
    """Where the crop files are."""
    return project.folder / "crops"


def staging(project: Project) -> Path:
    """Where what takes a place in the project folder waits, under the same relative path."""
    return project.folder / _NEXT


def is_moving(project: Project) -> bool:
    """Whether the files are being replaced, or a process was killed while it did."""
    return _mark(project).exists()


def announce(project: Project, files: Iterable[str]) -> None:
    """Say which files are going to be written, so that none is ever forgotten on disk."""
    with project.write() as db:
        db.executemany("INSERT OR IGNORE INTO crop_files (file) VALUES (?)", ((file,) for file in files))


def remember(project: Project, made: Iterable[Made]) -> None:
    """Keep what files were cut from."""
    with project.write() as db:
        db.executemany(
            "INSERT OR REPLACE INTO crop_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((each.file, each.recipe, *each.window, each.bytes, each.sha256) for each in made),
        )


def read_checked(project: Project, file: str, staged: bool, sha256: str) -> bytes:
    """The bytes of a crop file. Raises Damaged when they are not those that were written. Works on any thread."""
    try:
        data = (project.folder / (_NEXT if staged else "") / "crops" / file).read_bytes()
    except FileNotFoundError:
        raise Damaged(file) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Damaged(file)
    return data


def forget(project: Project, file: str) -> None:
    """Have a file cut anew the next time."""
    with project.write() as db:
        db.execute("UPDATE crop_files SET recipe = NULL WHERE file = ?", (file,))


def wanted(project: Project, plan_id: int, file: str, box: Box) -> Wanted:
    """A crop to be made, with what the project knows of its file."""
    row = project.db.execute("SELECT * FROM crop_files WHERE file = ?", (file,)).fetchone()
    used = project.db.execute(  # one that was set aside may come back at any moment
        "SELECT sha256 FROM crops WHERE file = ?1 UNION ALL SELECT sha256 FROM set_aside WHERE file = ?1 LIMIT 1",
        (file,),
    ).fetchone()
    written = None
    if row is not None and row["recipe"] is not None:
        window = (row["left"], row["top"], row["right"], row["bottom"])
        written = Made(file, row["recipe"], window, row["bytes"], row["sha256"], fresh=False)
    return Wanted(plan_id, file, box, written, used and used["sha256"])


def cut(project_folder: Path, picture: Picture, padding: float) -> Cut:
    """Make the crops of one picture that are not there yet, decoding it at most once. Runs on any thread.

    Raises Interrupted when the whole folder of pictures is away.
    """
    from camtrap_gui.pictures import Unreadable, read_below, read_upright

    root = picture.source.parents[picture.path.count("/")]
    try:
        file = remote_pictures.stamp(picture.source)
    except OSError as error:
        mishaps.require(root, error)
        return Cut(picture.image_id, {}, f"missing: {error.strerror}")
    stamp = f"{picture.path}|{file}|{padding}|{QUALITY}"
    made: dict[int, Made | None] = {}
    missing = []
    for crop in picture.crops:
        recipe = hashlib.blake2b(f"{stamp}|{crop.box}".encode(), digest_size=16).digest()
        made[crop.plan_id] = kept = _kept(project_folder, crop, recipe)
        if kept is None:
            missing.append((crop, recipe))
    if missing:
        try:
            upright = read_below(root, lambda: read_upright(picture.source))
            for crop, recipe in missing:
                window = crop_window(crop.box, upright.size, padding)
                if min(window[2] - window[0], window[3] - window[1]) >= SMALLEST:
                    data = _encoded(upright, window)
                    made[crop.plan_id] = _write(project_folder, crop, recipe, window, data)
        except Unreadable as reason:
            return Cut(picture.image_id, {}, str(reason))
    return Cut(picture.image_id, made)


def take_place(project: Project, files: Iterable[str]) -> None:
    """Move what waits below ``.next/`` to its place: paths relative to the project folder. Call inside ``write()``."""
    _mark(project).parent.mkdir(exist_ok=True)
    _mark(project).touch()
    for file in files:
        target = project.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            (staging(project) / file).replace(target)
        except PermissionError as error:
            raise Problem(
                f"{target} cannot be replaced: {error.strerror}. Close the programs that show it and try again."
            ) from error


def settle(project: Project, files: Collection[str]) -> int:
    """After a new data set was committed: remove crops and TFRecords that belong to none, and say how many crops.

    ``files`` are those beside the crops that belong to it, relative to the project folder.
    """
    _mark(project).unlink(missing_ok=True)
    shutil.rmtree(staging(project), ignore_errors=True)
    for path in (project.folder / "records").glob("*-[0-9][0-9][0-9][0-9][0-9]"):
        if f"records/{path.name}" not in files:
            path.unlink()
    stale = "SELECT file FROM crop_files WHERE file NOT IN (SELECT file FROM crops)"
    removed = 0
    for (file,) in project.db.execute(stale).fetchall():
        path = folder(project) / file
        removed += path.exists()
        path.unlink(missing_ok=True)
        _part(path).unlink(missing_ok=True)
        for parent in path.relative_to(folder(project)).parents[:-1]:
            try:
                (folder(project) / parent).rmdir()
            except OSError:  # not empty
                break
    with project.write() as db:
        db.execute("DELETE FROM crop_files WHERE file NOT IN (SELECT file FROM crops)")
    return removed


def _mark(project: Project) -> Path:
    return staging(project) / "moving"


def _kept(project_folder: Path, crop: Wanted, recipe: bytes) -> Made | None:
    # The file written earlier, where it is the one that is wanted and still there.
    written = crop.written
    staged = project_folder / _NEXT / "crops" / crop.file
    if written is None or written.recipe != recipe:
        return None
    if _size(staged) == written.bytes:
        return Made(
            crop.file, recipe, written.window, written.bytes, written.sha256, staged=True, fresh=False
        )
    placed = project_folder / "crops" / crop.file
    # Where the data set refers to other bytes, the file may be the old one: only its hash can tell.
    if _size(placed) == written.bytes and (
        crop.in_use in (None, written.sha256) or sha256_of(placed) == written.sha256
    ):
        return written
    return None


def _encoded(picture: "Image.Image", window: Window) -> bytes:
    from camtrap_gui.pictures import Unreadable

    data = io.BytesIO()
    try:
        picture.crop(window).save(data, "JPEG", quality=QUALITY, comment=b"")
    except (OSError, ValueError) as error:  # a side beyond what JPEG can hold
        raise Unreadable(f"the crop cannot be written as JPEG: {error}") from error
    return data.getvalue()


def _write(project_folder: Path, crop: Wanted, recipe: bytes, window: Window, data: bytes) -> Made:
    staged = crop.in_use is not None
    path = project_folder / (_NEXT if staged else "") / "crops" / crop.file
    make_below(project_folder, path.parent)
    # Not forced to the disk one by one, which would take longer than cutting: should the power fail, the size or,
    # when the records are written, the hash tells, and the crop is cut again.
    _part(path).write_bytes(data)
    _part(path).replace(path)
    return Made(crop.file, recipe, window, len(data), hashlib.sha256(data).hexdigest(), staged)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
