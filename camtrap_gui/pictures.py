"""Reading pictures as the eye sees them: upright, in RGB, whole, and never larger than the machine can bear.

Camera traps deliver truncated files, greyscale night frames, CMYK exports and rotated cameras. Every place that needs
pixels comes here, so that all of them agree on what a picture is and why one cannot be used.

Pictures may lie elsewhere (``remote_pictures``): then reading may also raise Problem, as when a server is gone.
"""

import io
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import TypeVar

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from camtrap_gui import mishaps, remote_pictures

Read = TypeVar("Read")

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"})
"""File name endings (lower case) that are taken for pictures when a folder is searched."""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused: no camera trap makes them, and decompression bombs do."""

_TRUNCATED = "truncated: the file ends before the picture does"
_HEADER_BYTES = 1 << 17  # EXIF blocks have at most half of it
_MISSING = "missing: there is no such file"

Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses from twice this bound on


class Unreadable(Exception):
    """Why a picture cannot be used, in words for a table of problem files. Never ends a run."""


@dataclass(frozen=True)
class Header:
    """What a picture's file says of itself without decoding it. Size in upright pixels, time as the camera's clock."""

    width: int
    height: int
    taken: datetime | None
    make: str
    model: str


def read_header(path: Path) -> Header:
    """Size, time and camera of a picture. Raises Unreadable when it is missing, empty, no picture, or cut off.

    A JPEG that lacks its end marker is called truncated although its first part could be shown: labels and boxes
    refer to the whole picture. Of one elsewhere only the beginning is fetched; its end is seen when it is decoded.
    """
    if not remote_pictures.is_elsewhere(path):
        return _header(path)
    first = _fetched(lambda: remote_pictures.beginning(path, _HEADER_BYTES))
    if len(first) == _HEADER_BYTES:
        with suppress(Unreadable):
            return _header(io.BytesIO(first), whole=False)
        first = _fetched(lambda: remote_pictures.read(path))
    return _header(io.BytesIO(first))


def _header(source: Path | io.BytesIO, whole: bool = True) -> Header:
    with _opened(source) as image:
        exif = _exif(image)
        width, height = image.size
        if exif.get(ExifTags.Base.Orientation) in (5, 6, 7, 8):
            width, height = height, width
        if whole and image.format == "JPEG" and not _ends_like_jpeg(source):
            raise Unreadable(_TRUNCATED)
        return Header(
            width,
            height,
            _taken(exif),
            _text(exif.get(ExifTags.Base.Make)),
            _text(exif.get(ExifTags.Base.Model)),
        )


def read_upright(path: Path, at_least: int | None = None) -> Image.Image:
    """The decoded picture, EXIF-upright, mode RGB. Raises Unreadable with the reason.

    ``at_least`` allows a JPEG to be decoded at a half, a quarter or an eighth of its size as long as its longer side
    stays at or above that many pixels; use it where the picture is scaled down anyway.
    """
    source = _bytes_of(path) if remote_pictures.is_elsewhere(path) else path
    with _opened(source) as image:
        return _upright(image, at_least)


def local_file(path: Path) -> Path:
    """Where a picture can be opened on this computer: for one elsewhere that is a copy. Raises Unreadable."""
    return _fetched(lambda: remote_pictures.local(path))


def decode_upright(data: bytes) -> Image.Image:
    """The same for a picture whose file was read before."""
    with _opened(io.BytesIO(data)) as image:
        return _upright(image, None)


def _upright(image: Image.Image, at_least: int | None) -> Image.Image:
    if at_least is not None and max(image.size) >= 2 * at_least:
        scale = max(image.size) / at_least
        image.draft("RGB", (int(image.width / scale), int(image.height / scale)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)  # a copy of an upright picture costs 10 ms
            return to_rgb(image)
    except (OSError, ValueError, SyntaxError, TypeError, EOFError, IndexError, MemoryError) as error:
        raise Unreadable(_why(error, "cannot be decoded")) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB: transparency over black, 16-bit grey scaled to 8."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        low, high = image.getextrema()
        span = max(float(high) - float(low), 1.0)  # type: ignore[arg-type]
        image = image.convert("F").point(lambda value: value * (255.0 / span) - float(low) * 255.0 / span)  # type: ignore[arg-type]
        return image.convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or (image.mode == "P" and "transparency" in image.info):
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")
    return image.convert("RGB")


def read_below(root: Path, read: Callable[[], Read]) -> Read:
    """What ``read`` reads of a picture below ``root``, where Unreadable means that the picture itself is at fault.

    Raises Interrupted when the folder is away. One that was away for a moment only is read from again.
    """
    try:
        return read()
    except Unreadable as reason:
        if remote_pictures.is_elsewhere(root):
            raise  # a server that is gone was told by itself
        mishaps.require(root, reason.__cause__)
        return read()


def is_picture_name(name: str) -> bool:
    """Whether a file name looks like a picture's. Hidden files (``._IMG.JPG`` of macOS) do not."""
    path = PurePath(name)
    return not path.name.startswith(".") and path.suffix.lower() in EXTENSIONS


def _bytes_of(path: Path) -> io.BytesIO:
    return io.BytesIO(_fetched(lambda: remote_pictures.read(path)))


def _fetched(fetch: Callable[[], Read]) -> Read:
    try:
        return fetch()
    except FileNotFoundError:
        raise Unreadable(_MISSING) from None
    except remote_pictures.Unfetched as error:
        raise Unreadable(str(error)) from error


def _opened(source: Path | io.BytesIO) -> Image.Image:
    try:
        if (source.stat().st_size if isinstance(source, Path) else source.getbuffer().nbytes) == 0:
            raise Unreadable("empty: the file has zero bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(source)
    except FileNotFoundError:
        raise Unreadable(_MISSING) from None
    except (UnidentifiedImageError, SyntaxError) as error:
        raise Unreadable("not a picture: no known picture format") from error
    except Image.DecompressionBombError:
        raise Unreadable(f"too large: more than {MAX_PIXELS // 1_000_000} megapixels") from None
    except (OSError, ValueError, EOFError, TypeError, IndexError, OverflowError) as error:
        raise Unreadable(_why(error, "cannot be opened")) from error
    return image


def _why(error: BaseException, otherwise: str) -> str:
    reason = str(error)
    return _TRUNCATED if "truncated" in reason.lower() else f"{otherwise}: {reason}"


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # a broken EXIF block of any kind is no reason to refuse the picture
        return Image.Exif()


def _taken(exif: Image.Exif) -> datetime | None:
    try:
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # as above
        inner = {}
    for value in (
        inner.get(ExifTags.Base.DateTimeOriginal),
        inner.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    ):
        try:
            return datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
    return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 \t") if isinstance(value, str) else ""


def _ends_like_jpeg(source: Path | io.BytesIO) -> bool:
    # Some cameras write padding or a thumbnail after the end marker, so it is looked for in the last kilobytes.
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source.getbuffer()) as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 16_384))
        return b"\xff\xd9" in file.read()
