"""Small pictures, decoded in the background and kept on disk, for lists and grids of any length."""

import hashlib
import math
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QRunnable, QSize, Qt, QThread, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from camtrap_gui import paths, remote_pictures
from camtrap_gui.geometry import Box
from camtrap_gui.ui.viewer.loader import decode

SIDE = 256
"""Longest side in pixels."""

KEPT = 2_000
WAITING = 200
"""How many may wait to be decoded; what scrolled by long ago is forgotten."""

Wish = tuple[Path, Box | None]


class Thumbnails(QObject):
    """``get`` gives a thumbnail at once or None; ``ready`` tells when one has come. Null pixmaps are unreadable files."""

    ready = Signal(Path)
    _decoded = Signal(Path, object, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[Wish, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[Wish, None] = OrderedDict()
        self._busy = 0
        self._folder = paths.cache() / "thumbnails"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(max(1, min(4, QThread.idealThreadCount() - 1)))  # one is for scrolling
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        self._decoded.connect(self._keep)

    def get(self, path: Path, part: Box | None = None) -> QPixmap | None:
        """The thumbnail if it is here; otherwise it is fetched, the newest wish first.

        ``part`` is what to show of the upright picture, as fractions of it; None for all.
        """
        wish = path, part
        if wish in self._kept:
            self._kept.move_to_end(wish)
            return self._kept[wish]
        self._waiting[wish] = None
        self._waiting.move_to_end(wish)
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
            (path, part), _ = self._waiting.popitem()
            self._busy += 1
            self._pool.start(_Fetch(self, path, part, self._folder))

    def _keep(self, path: Path, part: Box | None, image: QImage) -> None:
        self._busy -= 1
        self._kept[path, part] = QPixmap.fromImage(image) if not image.isNull() else QPixmap()
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(path)
        self._next()


class _Fetch(QRunnable):
    def __init__(self, thumbnails: Thumbnails, path: Path, part: Box | None, folder: Path) -> None:
        super().__init__()
        self._thumbnails, self._path, self._part, self._folder = thumbnails, path, part, folder

    def run(self) -> None:
        image = self._cached()
        try:
            self._thumbnails._decoded.emit(self._path, self._part, image)
        except RuntimeError:
            return  # the window was closed meanwhile

    def _cached(self) -> QImage:
        try:
            stamp = remote_pictures.stamp(self._path)
        except OSError:
            return QImage()
        key = f"{self._path}\0{stamp}"
        if self._part is not None:
            key += "\0" + " ".join(f"{edge:.4f}" for edge in self._part)
        file = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jpg"
        image = QImage(str(file)) if file.is_file() else QImage()
        if image.isNull():
            image = _decode(self._path, self._part)
            if not image.isNull():
                beside = file.with_suffix(f".{id(self)}.jpg")
                if image.save(str(beside), quality=85):
                    beside.replace(file)
        return image


def _decode(path: Path, part: Box | None) -> QImage:
    """The picture or the part of it, no larger than a thumbnail; decoded no larger than the part needs."""
    if part is None:
        return decode(path, SIDE)[0]
    x, y, width, height = part
    whole, _ = decode(path, math.ceil(SIDE / max(width, height, 1e-3)))
    if whole.isNull():
        return whole
    area = QRect(
        round(x * whole.width()), round(y * whole.height()),
        max(1, round(width * whole.width())), max(1, round(height * whole.height())),
    )  # fmt: skip
    piece = whole.copy(area.intersected(whole.rect()))
    if max(piece.width(), piece.height()) <= SIDE:
        return piece
    bound = QSize(SIDE, SIDE)
    return piece.scaled(bound, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
