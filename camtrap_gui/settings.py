"""The user's preferences: a small TOML file in the user's configuration folder."""

import json
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import platformdirs

from camtrap_gui.files import write_text

RECENT = 12
"""How many projects the welcome page remembers."""

LEAST_CACHE_GB = 1


@dataclass
class Settings:
    """``theme`` is 'system', 'light' or 'dark'; ``recent`` project folders, newest first; ``window`` the layout.

    ``picture_cache_gb`` bounds the copies of pictures that lie elsewhere. ``cluster`` is the address of the cluster that
    was used last.
    """

    theme: str = "system"
    recent: list[str] = field(default_factory=list)
    window: str = ""
    picture_cache_gb: int = 10
    cluster: str = ""

    def remember(self, folder: Path) -> None:
        """Put a project at the top of the recent ones."""
        name = str(folder)
        self.recent = [name, *(other for other in self.recent if other != name)][:RECENT]

    def forget(self, folder: Path) -> None:
        """Take a project off the recent ones; the folder itself is not touched."""
        self.recent = [other for other in self.recent if other != str(folder)]

    def save(self) -> None:
        """Write the file; a configuration folder that cannot be written is no reason to stop."""
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in asdict(self).items()]
        try:
            write_text(_file(), "\n".join(lines) + "\n")
        except OSError:
            return


def load() -> Settings:
    """The saved preferences; defaults where the file is missing, damaged, or holds something of another type."""
    settings = Settings()
    try:
        found = tomllib.loads(_file().read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return settings
    for known in fields(Settings):
        value = found.get(known.name)
        if type(value) is type(getattr(settings, known.name)):
            setattr(settings, known.name, value)
    settings.picture_cache_gb = max(LEAST_CACHE_GB, settings.picture_cache_gb)
    settings.recent = [entry for entry in settings.recent if isinstance(entry, str)]
    return settings


def _file() -> Path:
    return platformdirs.user_config_path("camtrap-gui", appauthor=False) / "settings.toml"
