"""Files and folders dropped on the window."""

from pathlib import Path

from PySide6.QtCore import QMimeData


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders in a drop; other things are left out."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
