"""A new project in three steps: where the pictures are, a preview of what was found, where the project goes."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget


class NewProject(QDialog):
    """placeholder"""

    made = Signal(Path, object)


def make_demo(window: QWidget) -> None:
    """placeholder"""
