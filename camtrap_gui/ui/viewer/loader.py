"""Decoding pictures in the background, upright, with neighbours kept warm so that the next one is there at once."""

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QLoggingCategory, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader

from camtrap_gui.pictures import MAX_PIXELS, Unreadable, local_file, read_header, read_upright
from camtrap_gui.problem import Problem

# What is wrong with a picture is said where it would be shown, and not on the terminal.
QLoggingCategory.setFilterRules("qt.gui.imageio.*=false")

CACHE_BYTES = 512 * 1024 * 1024
"""About ten pictures of 12 megapixels; small ones are kept in a quarter of it."""


class Loader(QObject):
    """Hands out decoded pictures. ``loaded`` brings the path, the image (null when unreadable) and the reason why.

    With ``longest_side`` pictures are decoded no larger than that, which is several times as quick.
    """

    loaded = Signal(Path, QImage, str)
    _decoded = Signal(Path, QImage, str, QSize)

    def __init__(self, longest_side: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._longest_side = longest_side
        self._cache: OrderedDict[Path, QImage] = OrderedDict()
        self._sizes: dict[Path, QSize] = {}
        self._bytes = 0
        self._waiting: list[Path] = []
        self._running: set[Path] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._decoded.connect(self._keep)
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

    def size(self, path: Path) -> QSize:
        """How large a warm picture is in its file, upright."""
        return self._sizes[path]

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

    def _keep(self, path: Path, image: QImage, reason: str, size: QSize) -> None:
        self._running.discard(path)
        self._next()
        if not image.isNull():
            most = CACHE_BYTES // 4 if self._longest_side else CACHE_BYTES
            self._cache[path], self._sizes[path] = image, size
            self._bytes += image.sizeInBytes()
            while self._bytes > most and len(self._cache) > 1:
                oldest, dropped = self._cache.popitem(last=False)
                self._bytes -= dropped.sizeInBytes()
                del self._sizes[oldest]
        self.loaded.emit(path, image, reason)


class _Decode(QRunnable):
    def __init__(self, loader: Loader, path: Path, longest_side: int) -> None:
        super().__init__()
        self._loader, self._path, self._longest_side = loader, path, longest_side

    def run(self) -> None:
        image, reason, size = _decode(self._path, self._longest_side)
        try:
            self._loader._decoded.emit(self._path, image, reason, size)
        except RuntimeError:
            return  # the window was closed meanwhile


def decode(path: Path, longest_side: int = 0) -> tuple[QImage, str]:
    """The upright picture in 32-bit RGB, or a null image and the reason. Qt first, because it scales while decoding."""
    image, reason, _ = _decode(path, longest_side)
    return image, reason


def _decode(path: Path, longest_side: int) -> tuple[QImage, str, QSize]:
    """Image and reason, and how large the upright picture is in the file."""
    try:
        path = local_file(path)
    except (Unreadable, Problem) as reason:
        return QImage(), str(reason), QSize()
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    stored = reader.size()
    if longest_side and stored.isValid() and max(stored.width(), stored.height()) > longest_side:
        bound = QSize(longest_side, longest_side)
        reader.setScaledSize(stored.scaled(bound, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    size = stored
    if image.isNull():
        try:
            picture = read_upright(path, at_least=longest_side or None)
            header = read_header(path) if longest_side else picture
        except Unreadable as reason:
            return QImage(), str(reason), QSize()
        size = QSize(header.width, header.height)
        data = picture.tobytes()
        copied = QImage(data, picture.width, picture.height, picture.width * 3, QImage.Format.Format_RGB888)
        image = copied.copy()
    elif not longest_side or not stored.isValid():
        size = image.size()
    elif reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90:
        size = stored.transposed()
    return image.convertToFormat(QImage.Format.Format_RGB32), "", size
