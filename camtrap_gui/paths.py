"""Where things live: the program's own resources, and the user's folders."""

import os
from pathlib import Path

import platformdirs

_APP = "camtrap-gui"


def resources() -> Path:
    """The folder of icons, fonts and licences: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"


def models() -> Path:
    """The store of installed models. ``CAMTRAP_MODELS`` moves it (to a shared disk, or away from it in tests)."""
    chosen = os.environ.get("CAMTRAP_MODELS")
    return Path(chosen) if chosen else platformdirs.user_data_path(_APP, appauthor=False) / "models"


def cache() -> Path:
    """What can be deleted and made again: thumbnails, compiled models."""
    return platformdirs.user_cache_path(_APP, appauthor=False)


def logs() -> Path:
    """The folder of log files."""
    return platformdirs.user_log_path(_APP, appauthor=False)
