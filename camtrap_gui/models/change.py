"""Installing, adding or removing a model as a job of the window: what ``camtrap models`` does, with progress and cancel."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.models import recognition, store
from camtrap_gui.options import Option


@dataclass(frozen=True)
class Options:
    """One of three."""

    install: Annotated[str, Option("Fetch the model of this name.")] = ""
    add: Annotated[Path | None, Option("Copy this detector's file, or folder, into the store.")] = None
    remove: Annotated[str, Option("Delete the model of this name.")] = ""


@dataclass(frozen=True)
class Result:
    """The models that are there now, or are gone."""

    names: tuple[str, ...]
    said: str

    def text(self) -> str:
        """One sentence."""
        return self.said


def run(_: None, options: Options, report: Report) -> Result:
    """Do it. Raises Problem, with the store as it was, when it cannot be done."""
    if options.remove:
        store.remove(options.remove)
        return Result((options.remove,), f"{options.remove} is removed.")
    if options.add is not None:
        added = store.add(options.add)
        known = " ".join(recognition.facts(added))
        said = (
            f"{added.name} is added. {known} What is wrong of this can be said with: camtrap models add --help. Its licence is "
            "not known to the program; ask its author."
        )
        return Result((added.name,), said)
    there = tuple(entry.name for entry in store.install(options.install, report))
    return Result(there, f"{' and '.join(there)} can be used now.")
