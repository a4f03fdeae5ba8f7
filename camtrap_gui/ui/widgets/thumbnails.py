"""Small pictures, decoded in the background and kept on disk, for lists and grids of any length."""

import hashlib
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThread, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from camtrap_gui import paths
from camtrap_gui.ui.viewer.loader import decode

SIDE = 256
"""Longest side in pixels."""

KEPT = 2_000
WAITING = 200
"""How many may wait to be decoded; what scrolled by long ago is forgotten."""


class Thumbnails(QObject):
    """``get`` gives a thumbnail at once or None; ``ready`` tells when one has come. Null pixmaps are unreadable files."""

    ready = Signal(Path)
    _decoded = Signal(Path, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[Path, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._busy = 0
        self._folder = paths.cache() / "thumbnails"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(max(1, min(4, QThread.idealThreadCount() - 1)))  # one is for scrolling
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        self._decoded.connect(self._keep)

    def get(self, path: Path) -> QPixmap | None:
        """The thumbnail if it is here; otherwise it is fetched, the newest wish first."""
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        self._waiting[path] = None
        self._waiting.move_to_end(path)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        self._next()
        return None

    def close(self) -> None:
        """Let no thread outlive the window."""
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone()

    def _next(self) -> None:
        while self._waiting and self._busy < self._pool.maxThreadCount():
            path, _ = self._waiting.popitem()
            self._busy += 1
            self._pool.start(_Fetch(self, path, self._folder))

    def _keep(self, path: Path, image: QImage) -> None:
        self._busy -= 1
        self._kept[path] = QPixmap.fromImage(image) if not image.isNull() else QPixmap()
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(path)
        self._next()


class _Fetch(QRunnable):
    def __init__(self, thumbnails: Thumbnails, path: Path, folder: Path) -> None:
        super().__init__()
        self._thumbnails, self._path, self._folder = thumbnails, path, folder

    def run(self) -> None:
        image = self._cached()
        try:
            self._thumbnails._decoded.emit(self._path, image)
        except RuntimeError:
            return  # the window was closed meanwhile

    def _cached(self) -> QImage:
        try:
            about = self._path.stat()
        except OSError:
            return QImage()
        key = f"{self._path}\0{about.st_mtime_ns}\0{about.st_size}"
        file = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jpg"
        image = QImage(str(file)) if file.is_file() else QImage()
        if image.isNull():
            image, _ = decode(self._path, SIDE)
            if not image.isNull():
                beside = file.with_suffix(f".{id(self)}.jpg")
                if image.save(str(beside), quality=85):
                    beside.replace(file)
        return image
