"""What a file or folder is that somebody hands over without a word: quickly, from its name and its first and last bytes."""

import zipfile
from pathlib import Path
from typing import Literal

from camtrap_gui.formats.megadetector_reading import is_results_file

Kind = Literal[
    "folder", "json", "camtrap-dp", "csv", "results", "decisions", "detector", "shard", "picture", "unknown"
]

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"})
_DETECTORS = frozenset({".onnx", ".pb", ".pt"})
_TABLES = frozenset({".csv", ".tsv"})
_SHARDS = frozenset({".shard", ".crops"})
_PACKAGE, _SAVED_MODEL = "datapackage.json", "saved_model.pb"
_PEEKED = 1 << 16


def kind_of(path: Path) -> Kind:
    """A survey ('folder', 'json', 'camtrap-dp', 'csv'), 'results' of a detector, 'decisions' of a person, a 'detector', or what
    a computer has found in its part of the pictures or crops, a 'shard'.

    A JSON of no other kind is taken for a survey: whoever reads it says what is wrong with it.
    """
    if path.is_dir():
        if (path / _PACKAGE).is_file():
            return "camtrap-dp"
        return "detector" if (path / _SAVED_MODEL).is_file() else "folder"
    ending = path.suffix.lower()
    if ending == ".zip":
        return _in_zip(path)
    if ending == ".json":
        return _of_json(path)
    if ending in _TABLES:
        return "csv"
    if ending in _DETECTORS:
        return "detector"
    if ending in _SHARDS:
        return "shard"
    return "picture" if ending in _PICTURES else "unknown"


def _in_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return "unknown"
    return "camtrap-dp" if _PACKAGE in names else "detector" if _SAVED_MODEL in names else "unknown"


def _of_json(path: Path) -> Kind:
    if is_results_file(path):
        return "results"
    try:
        with path.open("rb") as file:
            head = file.read(_PEEKED)
    except OSError:
        return "json"
    if b'"camtrap decisions"' in head:
        return "decisions"
    return "camtrap-dp" if path.name == _PACKAGE else "json"
