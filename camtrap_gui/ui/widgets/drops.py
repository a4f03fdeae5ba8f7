"""What is dropped on the window, or pasted: files and folders, and pictures dragged from web browsers."""

import base64
import html
import re
from pathlib import Path, PurePosixPath

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from camtrap_gui.files import safe_name
from camtrap_gui.remote_patience import WEB

_SOURCE = re.compile(r"""<img\b[^>]*?\ssrc\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_INLINE = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)
_ENCODED = QUrl.ComponentFormattingOption.FullyEncoded
_UNCOMPRESSED = 100
"""Quality of a PNG: twelve megapixels take a second otherwise."""


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders in a drop; other things are left out."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def has_pictures(data: QMimeData) -> bool:
    """Whether ``dropped_pictures`` may find any."""
    return bool(dropped_paths(data) or data.hasImage() or _sources(data))


def dropped_pictures(data: QMimeData, scratch: Path) -> list[Path]:
    """Files, folders and addresses; what comes as a picture itself is written to a new file below ``scratch``.

    Browsers give the picture shown, where they do: it may be one that only they may fetch. Otherwise they give its
    address, and beside it that of the page that it leads to.
    """
    if local := dropped_paths(data):
        return local
    sources = _sources(data)
    if data.hasImage():
        image = QImage(data.imageData())
        if not image.isNull():
            return [_written(image, sources, scratch)]
    found = []
    for source in sources:
        if inline := _INLINE.match(source):
            image = QImage.fromData(_decoded(source[inline.end() :]))
            found += [] if image.isNull() else [_written(image, [], scratch)]
        else:
            found.append(_address(source))
    return found


def _sources(data: QMimeData) -> list[str]:
    """Addresses of pictures, inline ones among them."""
    shown = [html.unescape(source) for source in _SOURCE.findall(data.html())] if data.hasHtml() else []
    given = [url.toString(_ENCODED) for url in data.urls()]
    if not given and data.hasText():  # pasted, or dragged from where somebody wrote it
        given = data.text().split()
    return [one for one in shown if _is_usable(one)] or [one for one in given if _is_usable(one)]


def _is_usable(source: str) -> bool:
    return bool(_INLINE.match(source)) or (QUrl(source).scheme() in WEB and bool(QUrl(source).host()))


def _address(source: str) -> Path:
    url = QUrl(source.partition("#")[0])
    url.setQuery(url.query(_ENCODED).replace("/", "%2F"))  # a path would lose one of two slashes
    return Path(url.toString(_ENCODED).removesuffix("?"))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _written(image: QImage, sources: list[str], scratch: Path) -> Path:
    named = PurePosixPath(QUrl(sources[0]).path()).stem if sources and not _INLINE.match(sources[0]) else ""
    number = sum(1 for _ in scratch.glob("dropped-*")) + 1
    path = scratch / f"dropped-{number}" / f"{safe_name(named, 'picture')}.png"
    path.parent.mkdir()
    image.save(str(path), "PNG", _UNCOMPRESSED)  # type: ignore[call-overload]
    return path
