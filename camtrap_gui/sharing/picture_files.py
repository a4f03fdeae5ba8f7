"""Pictures on their way into a folder for other programs: copied, linked, or with people made unrecognisable.

Blurring cannot be taken back: each box, with a margin, is shrunk to at most eight pixels a side and drawn large again,
and of what the file says besides only the time and the camera are kept, no place and no small picture.
"""

import errno
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from camtrap_gui import mishaps
from camtrap_gui.files import safe_name
from camtrap_gui.geometry import Box
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, images, observations
from camtrap_gui.project.not_animals import MEANINGS
from camtrap_gui.project.observations import Observed, Rules
from camtrap_gui.remote_pictures import is_elsewhere
from camtrap_gui.sharing.telling import kind_of

if TYPE_CHECKING:
    from PIL import Image

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_CELLS = 8
_MARGIN = 0.1
_KEPT = (271, 272, 306)  # EXIF: make, model, time
_KEPT_INSIDE = (36867, 36868)  # when it was taken, when it was made digital
_QUALITY = 92


def safe_path(path: str) -> str:
    """A path below a folder, each part a name that every operating system accepts."""
    return "/".join(safe_name(part) for part in PurePosixPath(path).parts)


def place(source: Path, folder: Path, path: str, link: bool) -> Path:
    """Copy a picture, or link it where ``link`` is asked for and the disk allows it; where it came to lie.

    That is ``path`` below ``folder``, or, where a picture lies already, the same with a number. Copies of what lies
    elsewhere are never linked: they make room for others. Raises OSError or Unreadable.
    """
    from camtrap_gui.pictures import local_file

    link, source = link and not is_elsewhere(source), local_file(source)
    for target in _targets(folder, path):
        try:
            if link and _is_linked(source, target):
                return target
            with source.open("rb") as read, target.open("xb") as written:
                shutil.copyfileobj(read, written, 1 << 20)
        except FileExistsError:
            continue
        except OSError:
            target.unlink(missing_ok=True)
            raise
        with suppress(OSError):
            shutil.copystat(source, target)
        return target
    raise AssertionError("there are always more names")


def why_not(error: OSError, root: Path) -> str:
    """Why a picture below ``root`` could not be copied, in words.

    Raises the error where it would be that of all others too (a full disk), Interrupted where ``root`` is away.
    """
    if not is_elsewhere(root):
        mishaps.require(root, error)
    if isinstance(error, FileNotFoundError):
        return "missing: there is no such file"
    if error.errno in mishaps.FULL or error.errno == errno.EROFS:
        raise error
    return f"cannot be copied: {error.strerror}"


def place_blurred(source: Path, folder: Path, path: str, boxes: Sequence[Box]) -> Path:
    """The same with a copy on which the ``boxes`` are unrecognisable: PNG where it is called so, else JPEG.

    Raises Unreadable or OSError.
    """
    data = blurred(source, path.lower().endswith(".png"), boxes)
    for target in _targets(folder, path):
        with suppress(FileExistsError), target.open("xb") as written:
            written.write(data)
            return target
    raise AssertionError("there are always more names")


def blurred(source: Path, as_png: bool, boxes: Sequence[Box]) -> bytes:
    """A picture with the ``boxes`` unrecognisable, as a file of its own. Raises Unreadable."""
    from PIL import Image

    from camtrap_gui.pictures import Unreadable, local_file, read_upright

    source = local_file(source)
    picture = read_upright(source)
    with Image.open(source) as file:
        exif = _kept(file)
    for box in boxes:
        _blur(picture, box)
    data = io.BytesIO()
    try:
        if as_png:
            picture.save(data, "PNG", exif=exif)
        else:
            picture.save(data, "JPEG", quality=_QUALITY, exif=exif, comment=b"")
    except (OSError, ValueError) as error:
        raise Unreadable(f"the copy cannot be written: {error}") from error
    return data.getvalue()


def blurred_name(path: str) -> str:
    """The path of a blurred copy: JPEG and PNG keep theirs."""
    return path if PurePosixPath(path).suffix.lower() in (".jpg", ".jpeg", ".png") else f"{path}.jpg"


class People:
    """Where people are on pictures, as sure as it can be told; ask for images in the order of their ids.

    Boxes labelled as persons, and detections of persons down to the detector's conservative threshold, also where
    somebody drew boxes of other things. A picture with a person on it, but no box, is one as a whole.
    """

    def __init__(self, project: Project) -> None:
        detector = detections.latest_detector(project)
        low = detector.conservative_threshold if detector else 1.0
        lows = tuple((word, low) for word in sorted(MEANINGS["person"]))
        self._found = observations.walk(project, Rules(low=2.0, lows=lows, boxes=False))
        self._next: Observed | None = None

    def of(self, observed: Observed) -> list[Box] | None:
        """The boxes to blur; None where neither a person nor a detector has looked at the picture."""
        found = self._detected(observed.image.id)
        boxes = [region.box for region in found.regions] if found else []
        boxes += [
            r.box
            for r in observed.regions
            if "person" in (kind_of(r.category), kind_of(r.species, r.category))
        ]
        labelled = any(kind_of(label.species) == "person" for label in observed.labels)
        if labelled and not boxes:
            return [WHOLE]
        if not boxes and not (observed.seen and observed.failure is None) and observed.reviewed is None:
            return None
        return list(dict.fromkeys(boxes))

    def _detected(self, image_id: int) -> Observed | None:
        while self._next is None or self._next.image.id < image_id:
            self._next = next(self._found, None)
            if self._next is None:
                return None
        return self._next if self._next.image.id == image_id else None


def require_pictures(project: Project) -> None:
    """Raise Problem when an image folder is not there, or there is none."""
    roots = images.roots(project).values()
    missing = [root for root in roots if not is_elsewhere(root) and not root.is_dir()]
    if missing:
        raise Problem(
            f"The image folder {missing[0]} is not there. Mount its disk, or import the pictures from where they are."
        )
    if not roots:
        raise Problem(f"There are no pictures in {project.folder} yet. Import some first: camtrap dataset.")


def _targets(folder: Path, path: str) -> Iterator[Path]:
    first = folder / path
    first.parent.mkdir(parents=True, exist_ok=True)
    yield first
    for number in count(2):
        yield first.with_name(f"{first.stem}-{number}{first.suffix}")


def _is_linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk, or one that has no links
        return False
    return True


def _blur(picture: "Image.Image", box: Box) -> None:
    from PIL import Image

    across, down = picture.size
    x, y, width, height = box
    left, top = int(max(0.0, (x - _MARGIN * width) * across)), int(max(0.0, (y - _MARGIN * height) * down))
    right = min(across, int((x + (1 + _MARGIN) * width) * across) + 1)
    bottom = min(down, int((y + (1 + _MARGIN) * height) * down) + 1)
    if right <= left or bottom <= top:
        return
    piece = picture.crop((left, top, right, bottom))
    longer = max(piece.size)
    small = (max(1, _CELLS * piece.width // longer), max(1, _CELLS * piece.height // longer))
    # Of a box of a few pixels nothing but its mean colour is kept.
    coarse = piece.resize(small if longer > 4 * _CELLS else (1, 1), Image.Resampling.BOX)
    picture.paste(coarse.resize(piece.size, Image.Resampling.BILINEAR), (left, top))


def _kept(file: "Image.Image") -> bytes:
    from PIL import ExifTags, Image

    kept = Image.Exif()
    try:
        found = file.getexif()
        inside = found.get_ifd(ExifTags.IFD.Exif)
        for tag in _KEPT:
            if isinstance(value := found.get(tag), str):
                kept[tag] = value
        times = {tag: value for tag in _KEPT_INSIDE if isinstance(value := inside.get(tag), str)}
        if times:
            kept.get_ifd(ExifTags.IFD.Exif).update(times)
        return kept.tobytes()
    except Exception:  # broken EXIF of any kind: nothing is kept
        return b""
