"""Installing, adding or removing a model as a job of the window: what ``camtrap models`` does, with progress and cancel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.models import catalogue, recognition, store
from camtrap_gui.options import Option


@dataclass(frozen=True)
class Options:
    """One of three. What is added may be corrected (``recognition.Corrections``), and with ``preview`` is only looked at."""

    install: Annotated[str, Option("Fetch the model of this name.")] = ""
    add: Annotated[Path | None, Option("Copy this detector's file, or folder, into the store.")] = None
    remove: Annotated[str, Option("Delete the model of this name.")] = ""
    preview: Annotated[bool, Option("Only say what the file that is to be added is.")] = False
    backbone: Annotated[str, Option("What is added are the weights of this backbone.")] = ""
    name: Annotated[str, Option("What to call it; from the file's name otherwise.")] = ""
    layout: Annotated[
        str, Option("How an ONNX detector answers.", choices=("", *recognition.LAYOUTS), advanced=True)
    ] = ""
    input_size: Annotated[
        int, Option("Pixels at which an ONNX detector of any size sees a picture.", low=0, unit="px")
    ] = 0
    letterbox: Annotated[
        str, Option("Where an ONNX detector has a picture.", choices=("", *recognition.LETTERBOXES))
    ] = ""
    categories: Annotated[Mapping[str, str], Option("Its class numbers, from 1, and what they mean.")] = (
        field(default_factory=dict)
    )
    typical_threshold: Annotated[
        float | None, Option("Confidence from which a box counts as found.", low=0, high=1)
    ] = None
    conservative_threshold: Annotated[
        float | None, Option("Confidence down to which boxes are kept.", low=0, high=1)
    ] = None


@dataclass(frozen=True)
class Result:
    """The models that are there now, or are gone; or the one that was ``recognised``."""

    names: tuple[str, ...]
    said: str
    recognised: catalogue.Entry | None = None

    def text(self) -> str:
        """One sentence."""
        return self.said


def run(_: None, options: Options, report: Report) -> Result:
    """Do it. Raises Problem, with the store as it was, when it cannot be done."""
    if options.remove:
        store.remove(options.remove)
        return Result((options.remove,), f"{options.remove} is removed.")
    if options.add is not None:
        return _look_at(options.add, options) if options.preview else _add(options.add, options, report)
    there = tuple(entry.name for entry in store.install(options.install, report))
    return Result(there, f"{' and '.join(there)} can be used now.")


def _look_at(file: Path, options: Options) -> Result:
    found = store.describe(file, options.name, **_corrections(options))
    return Result((found.name,), " ".join(recognition.facts(found)), found)


def _add(file: Path, options: Options, report: Report) -> Result:
    if options.backbone:
        entry = store.add_weights(file, options.backbone)
        return Result((entry.name,), f"{entry.title} can be used now.")
    added = store.add(file, options.name, **_corrections(options))
    if added.kind == catalogue.BY_PACKAGE:
        store.install("megadetector", report)
    known = " ".join(recognition.facts(added))
    licence = "Its licence is not known to the program; ask its author."
    return Result((added.name,), f"{added.name} is added. {known} {licence}", added)


def _corrections(options: Options) -> recognition.Corrections:
    return {
        "typical_threshold": options.typical_threshold,
        "conservative_threshold": options.conservative_threshold,
        "categories": options.categories or None,
        "layout": options.layout,
        "input_size": options.input_size,
        "letterbox": options.letterbox,
    }
