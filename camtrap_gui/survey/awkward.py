"""The handful of bad and odd files that every real survey has, planted at places that the seed decides."""

from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from camtrap_gui.survey.plan import Plan, Shot

KINDS = ("truncated", "missing", "greyscale", "rotated", "zero bytes", "cmyk", "truncated", "greyscale")
"""One of these for every twelve pictures, at most all of them once."""

UNREADABLE = frozenset({"truncated", "missing", "zero bytes"})

_TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


@cache
def kinds(plan: Plan) -> dict[int, str]:
    """What is wrong with which picture, by its index."""
    count = min(len(KINDS), plan.images // 12)
    places = np.random.default_rng([plan.seed, 7]).choice(plan.images, count, replace=False)
    return dict(zip((int(place) for place in places), KINDS, strict=False))


def orientation(plan: Plan, shot: Shot) -> int:
    """The EXIF orientation a picture is stored with."""
    return 3 if kinds(plan).get(shot.index) == "rotated" else shot.camera.orientation


def stored_size(plan: Plan, shot: Shot) -> tuple[int, int]:
    """Width and height as stored, before EXIF turns the picture upright."""
    width, height = shot.camera.upright
    return (height, width) if orientation(plan, shot) in (6, 8) else (width, height)


def encode(image: Image.Image, plan: Plan, shot: Shot) -> bytes | None:
    """The bytes of the picture's file; None when it is to be missing."""
    kind = kinds(plan).get(shot.index)
    if kind == "missing":
        return None
    if kind == "zero bytes":
        return b""
    turned = orientation(plan, shot)
    stored = image if turned == 1 else image.transpose(_TURNS[turned])
    if kind in ("greyscale", "cmyk"):
        stored = stored.convert("L" if kind == "greyscale" else "CMYK")
    buffer = BytesIO()
    stored.save(buffer, "JPEG", quality=88, exif=_exif(shot, turned))
    whole = buffer.getvalue()
    return whole[: len(whole) * 2 // 5] if kind == "truncated" else whole


def _exif(shot: Shot, turned: int) -> Image.Exif:
    from PIL.ExifTags import IFD, Base

    exif = Image.Exif()
    exif[Base.Make] = shot.camera.make
    exif[Base.Model] = shot.camera.model
    exif[Base.Orientation] = turned
    time = shot.taken.strftime("%Y:%m:%d %H:%M:%S")
    exif[Base.DateTime] = time
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = time
    return exif
