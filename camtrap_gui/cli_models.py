"""``camtrap models``: the installed models, and those that can be had. The work is done by ``models.store``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from camtrap_gui import paths
from camtrap_gui.jobs import Report
from camtrap_gui.models import recognition, store
from camtrap_gui.models.catalogue import Entry, ExportOffer, Offer, parse_categories
from camtrap_gui.problem import Problem


@dataclass(frozen=True)
class Model:
    """A line of the list. ``size`` is in bytes: of the installed file, or of what would be downloaded."""

    name: str
    installed: bool
    has_to_be_exported: bool
    role: str
    kind: str
    size: int
    licence: str
    typical_threshold: float | None
    conservative_threshold: float | None
    title: str
    doubt: str

    @classmethod
    def of(cls, model: Entry | Offer) -> "Model":
        """The line about an installed model or one that can be installed."""
        return cls(
            model.name,
            isinstance(model, Entry),
            isinstance(model, ExportOffer),
            model.role,
            model.kind,
            model.size,
            model.licence,
            model.typical_threshold,
            model.conservative_threshold,
            model.title,
            model.doubt if isinstance(model, Offer) else "",
        )


@dataclass(frozen=True)
class Listing:
    """Installed models, then those that can be installed, then those that have to be exported."""

    folder: Path
    models: tuple[Model, ...]

    def text(self) -> str:
        """A table with a line per model."""
        head = ("NAME", "STATE", "ROLE", "SIZE", "THRESHOLD", "LICENCE", "WHAT IT IS")
        rows = [head, *(_row(model) for model in self.models)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        if any(model.has_to_be_exported for model in self.models):
            lines += ["", "How one is exported is told by: camtrap models install NAME"]
        return "\n".join(line.rstrip() for line in [*lines, "", f"Installed models are in {self.folder}"])


@dataclass(frozen=True)
class Ready:
    """Models that are now installed and have the right hash."""

    models: tuple[Entry, ...]

    def text(self) -> str:
        """A line per model, saying where its licence is."""
        if not self.models:
            return "What runs the PyTorch files of MegaDetector is installed."
        return "\n".join(
            f"{entry.name} is installed: {_megabytes(entry.size)}, licence {entry.licence} "
            f"({entry.path.with_name(store.LICENCE)}), SHA-256 {entry.sha256}"
            for entry in self.models
        )


@dataclass(frozen=True)
class Added:
    """A detector's file that is now in the store, and what it was recognised as."""

    model: Entry

    def text(self) -> str:
        """That it is there, what was recognised, and how to say that it is something else."""
        entry = self.model
        return "\n".join(
            [
                f"{entry.name} is installed: {_megabytes(entry.size)}, SHA-256 {entry.sha256}",
                *(f"  {fact}" for fact in recognition.facts(entry)),
                "If something of this is wrong, add the file again and say what is right: camtrap models add --help",
            ]
        )


@dataclass(frozen=True)
class Removed:
    """The model that is gone."""

    name: str

    def text(self) -> str:
        """One sentence."""
        return f"{self.name} is removed."


@dataclass(frozen=True)
class Verified:
    """Models whose files were read and have the hashes they were installed with."""

    models: tuple[str, ...]

    def text(self) -> str:
        """One sentence."""
        if not self.models:
            return "No model is installed."
        return f"{len(self.models)} installed, all whole: {', '.join(self.models)}."


def add_commands(commands: cyclopts.App, report: Report) -> None:
    """Give ``camtrap models`` its subcommands, speaking through ``report``."""

    @commands.command(name="list", sort_key=0)
    def list_() -> Listing:
        """Show the installed models and those that can be installed."""
        return Listing(paths.models(), tuple(map(Model.of, store.known())))

    @commands.command(sort_key=1)
    def install(
        name: Annotated[
            str,
            Parameter(
                help="A name of the list, or “default”: what every step uses by itself; or “megadetector”: the package "
                "that runs PyTorch files of MegaDetector."
            ),
        ],
        /,
    ) -> Ready:
        """Fetch a model, check it, and keep it."""
        return Ready(tuple(store.install(name, report)))

    @commands.command(sort_key=2)
    def add(
        file: Annotated[
            Path,
            Parameter(
                help="A detector: an ONNX file, a frozen TensorFlow graph (.pb), a SavedModel (folder or .zip), or a "
                "published MegaDetector (.pt). Or the weights of a backbone: .h5 of Keras, .npz, .pth or .tar.gz."
            ),
        ],
        /,
        *,
        name: Annotated[
            str | None, Parameter(help="What to call it; from the file's name otherwise.")
        ] = None,
        backbone: Annotated[
            str | None, Parameter(help="The backbone of the list whose weights the file holds.")
        ] = None,
        typical_threshold: Annotated[
            float | None, Parameter(help="Confidence from which a box counts as found.")
        ] = None,
        conservative_threshold: Annotated[
            float | None, Parameter(help="Confidence down to which boxes are kept.")
        ] = None,
        categories: Annotated[
            tuple[str, ...] | None,
            Parameter(help="Its class numbers, the first being 1, such as 1=animal 2=person 3=vehicle."),
        ] = None,
        layout: Annotated[
            Literal["yolov5", "yolov8", "end-to-end", "rtdetr"] | None,
            Parameter(help="How an ONNX detector answers."),
        ] = None,
        input_size: Annotated[
            int | None, Parameter(help="Pixels at which an ONNX detector of any size sees a picture.")
        ] = None,
        letterbox: Annotated[
            Literal["centre", "corner", "stretched"] | None,
            Parameter(
                help="How an ONNX detector has a picture: in the centre of a grey square (YOLOv5 to YOLO11, "
                "MegaDetector), in the upper left corner of a black one (YOLOX), or stretched to a square (RT-DETR)."
            ),
        ] = None,
    ) -> Added | Ready:
        """Copy a file of yours into the store: a detector, or with --backbone the weights of a backbone."""
        if backbone:
            return Ready((store.add_weights(file, backbone),))
        entry = store.add(
            file,
            name or "",
            typical_threshold=typical_threshold,
            conservative_threshold=conservative_threshold,
            categories=parse_categories(categories or ()),
            layout=layout or "",
            input_size=input_size or 0,
            letterbox=letterbox or "",
        )
        return Added(entry)

    @commands.command(sort_key=3)
    def remove(name: Annotated[str, Parameter(help="An installed model.")], /) -> Removed:
        """Delete an installed model."""
        store.remove(name)
        return Removed(name)

    @commands.command(sort_key=4)
    def verify() -> Verified:
        """Read every installed file anew and compare its hash. Exits with 2 when one is damaged."""
        checked = store.verify()
        if bad := [f"“{check.name}”: {check.reason}" for check in checked if not check.ok]:
            raise Problem(f"{len(bad)} of {len(checked)} models cannot be used.\n" + "\n".join(bad))
        return Verified(tuple(check.name for check in checked))


def _row(model: Model) -> tuple[str, ...]:
    threshold = "" if model.typical_threshold is None else f"{model.typical_threshold:g}"
    if model.conservative_threshold is not None:
        threshold += f" / {model.conservative_threshold:g}"
    return (
        model.name,
        "installed" if model.installed else "to export" if model.has_to_be_exported else "available",
        model.role,
        _megabytes(model.size) if model.size else "?",
        threshold,
        model.licence,
        f"{model.title}; {model.doubt}" if model.doubt else model.title,
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
