"""Decoding pictures in the background, upright, with neighbours kept warm so that the next one is there at once."""

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QLoggingCategory, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

from camtrap_gui.pictures import MAX_PIXELS, Unreadable, read_upright

# What is wrong with a picture is said where it would be shown, and not on the terminal.
QLoggingCategory.setFilterRules("qt.gui.imageio.*=false")

CACHE_BYTES = 512 * 1024 * 1024
"""About ten pictures of 12 megapixels."""


class Loader(QObject):
    """Hands out decoded pictures. ``loaded`` brings the path, the image (null when unreadable) and the reason why.

    ``longest_side`` makes it a loader of thumbnails: pictures are decoded no larger than that.
    """

    loaded = Signal(Path, QImage, str)

    def __init__(self, longest_side: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._longest_side = longest_side
        self._cache: OrderedDict[Path, QImage] = OrderedDict()
        self._bytes = 0
        self._waiting: list[Path] = []
        self._running: set[Path] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self.loaded.connect(self._keep)
        QImageReader.setAllocationLimit(4 * MAX_PIXELS // (1024 * 1024))

    def get(self, path: Path) -> QImage | None:
        """The picture when it is warm; otherwise None, and ``loaded`` brings it soon.

        Pictures that were to be warmed and wait are forgotten: whoever leafs quickly never waits for what was passed.
        """
        self._waiting.clear()
        image = self._cache.get(path)
        if image is not None:
            self._cache.move_to_end(path)
            return image
        self.warm(path)
        return None

    def warm(self, path: Path) -> None:
        """Decode a picture that may be wanted next, after those asked for before."""
        if path not in self._cache and path not in self._running and path not in self._waiting:
            self._waiting.append(path)
            self._next()

    def is_warm(self, path: Path) -> bool:
        """Whether ``get`` would give the picture at once."""
        return path in self._cache

    def close(self) -> None:
        """Let no thread outlive the window."""
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone()

    def _next(self) -> None:
        while self._waiting and len(self._running) < self._pool.maxThreadCount():
            path = self._waiting.pop(0)
            self._running.add(path)
            self._pool.start(_Decode(self, path, self._longest_side))

    def _keep(self, path: Path, image: QImage, _: str) -> None:
        self._running.discard(path)
        self._next()
        if image.isNull():
            return
        self._cache[path] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > CACHE_BYTES and len(self._cache) > 1:
            self._bytes -= self._cache.popitem(last=False)[1].sizeInBytes()


class _Decode(QRunnable):
    def __init__(self, loader: Loader, path: Path, longest_side: int) -> None:
        super().__init__()
        self._loader, self._path, self._longest_side = loader, path, longest_side

    def run(self) -> None:
        image, reason = decode(self._path, self._longest_side)
        try:
            self._loader.loaded.emit(self._path, image, reason)
        except RuntimeError:
            return  # the window was closed meanwhile


def decode(path: Path, longest_side: int = 0) -> tuple[QImage, str]:
    """The upright picture in 32-bit RGB, or a null image and the reason. Qt first, because it scales while decoding."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if longest_side and size.isValid() and max(size.width(), size.height()) > longest_side:
        bound = QSize(longest_side, longest_side)
        reader.setScaledSize(size.scaled(bound, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        try:
            picture = read_upright(path, at_least=longest_side or None)
        except Unreadable as reason:
            return QImage(), str(reason)
        data = picture.tobytes()
        copied = QImage(data, picture.width, picture.height, picture.width * 3, QImage.Format.Format_RGB888)
        image = copied.copy()
    return image.convertToFormat(QImage.Format.Format_RGB32), ""
