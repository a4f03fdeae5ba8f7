"""``camtrap copies``: what is kept on this computer of pictures that lie elsewhere. The work is done by ``picture_cache``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from camtrap_gui import settings
from camtrap_gui.jobs import Report
from camtrap_gui.picture_cache import GB, Cache
from camtrap_gui.problem import Problem

_ALMOST = 0.9


@dataclass(frozen=True)
class Kept:
    """How many pictures are kept, their bytes, and how many bytes they may take."""

    folder: Path
    pictures: int
    size: int
    most: int

    def text(self) -> str:
        """Three sentences at most."""
        size = f"{self.size / GB:,.1f} GB" if self.size >= GB else f"{self.size / 1_000_000:,.0f} MB"
        pictures = f"{self.pictures:,} picture{'' if self.pictures == 1 else 's'}"
        lines = [
            f"Copies of {pictures} that lie elsewhere take {size} in {self.folder}, of {self.most / GB:,.0f} GB they may."
        ]
        if self.size > _ALMOST * self.most:
            lines.append(
                "That is full: those used longest ago make room for new ones. If the same pictures are fetched again and"
                " again, allow more: camtrap copies limit GB"
            )
        return "\n".join(lines)


def add_commands(commands: cyclopts.App, report: Report) -> None:
    """Give ``camtrap copies`` its subcommands."""

    @commands.command(sort_key=0)
    def show() -> Kept:
        """Say how many pictures are kept, and how much room they take."""
        return _kept()

    @commands.command(sort_key=1)
    def limit(
        gb: Annotated[int, Parameter(help="How much room they may take, in GB.")],
        /,
    ) -> Kept:
        """Choose how much room copies may take. What is too much goes when the next picture comes."""
        if gb < settings.LEAST_CACHE_GB:
            raise Problem(f"Allow at least {settings.LEAST_CACHE_GB} GB.")
        chosen = settings.load()
        chosen.picture_cache_gb = gb
        chosen.save()
        return _kept()

    @commands.command(sort_key=2)
    def clear() -> Kept:
        """Remove all copies. Pictures are fetched again when they are needed."""
        Cache().clear()
        return _kept()


def _kept() -> Kept:
    cache = Cache()
    return Kept(cache.place, *cache.size(), cache.most)
