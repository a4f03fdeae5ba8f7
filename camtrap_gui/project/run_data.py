"""What a run was trained on, crop by crop, and how to train it again: for a methods section, and for whoever doubts it.

``crops.csv.gz`` in the run's folder lists every crop of the training with its part, file, species, camera and SHA-256;
``command.txt`` is the command line that does the same again.
"""

import csv
import gzip
import io
import shlex
from collections.abc import Iterator
from typing import Any

from camtrap_gui.files import replacing, write_text
from camtrap_gui.options import fields
from camtrap_gui.project import Project
from camtrap_gui.project.runs import Run
from camtrap_gui.project.training_data import Selection, TrainingData

CROPS, COMMAND = "crops.csv.gz", "command.txt"
COLUMNS = ("part", "file", "species", "location", "sha256")


def write_crops(project: Project, run: Run, data: TrainingData) -> None:
    """List the crops that a run learns from (part "train") and is chosen by ("validation")."""
    with (
        replacing(run.folder / CROPS) as beside,
        beside.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,  # equal lists are equal files
        io.TextIOWrapper(packed, "utf-8", newline="") as text,
    ):
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        for part, selection in (("train", data.train), ("validation", data.validation)):
            rows.writerows((part, *row) for row in _rows(project, selection))


def read_crops(run: Run) -> Iterator[dict[str, str]]:
    """The crops of a run, by column. Raises OSError where the list is not there or damaged."""
    with gzip.open(run.folder / CROPS, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def write_command(run: Run, step: str, options: Any) -> None:
    """Keep the command that trains the same again."""
    words = ["camtrap", step, "PROJECT", *flags(options), "--fresh"]
    write_text(run.folder / COMMAND, shlex.join(words) + "\n")


def flags(options: Any) -> list[str]:
    """The flags by which a step has these options; those that are as by default are left out."""
    found: list[str] = []
    for field in fields(type(options)):
        value = getattr(options, field.name)
        if value == field.default:
            continue
        flag = "--" + (field.option.flag or field.name).replace("_", "-")
        if isinstance(value, bool):
            found.append(flag if value else flag.replace("--", "--no-", 1))
        elif isinstance(value, tuple):
            found += [word for each in value for word in (flag, str(each))]
        else:
            found += [flag, str(value)]
    return found


def _rows(project: Project, selection: Selection) -> Iterator[tuple[str, ...]]:
    from camtrap_gui.project import numbers  # here, because --help has no time for NumPy

    is_chosen = numbers.marks(int(selection.ids.max(initial=0)), selection.ids)
    query = (
        "SELECT crops.id, crops.file, species.name, crops.location, crops.sha256"
        " FROM crops JOIN species ON species.id = crops.species_id ORDER BY crops.id"
    )
    rows = project.db.execute(query)
    return (tuple(row)[1:] for row in rows if row[0] < len(is_chosen) and is_chosen[row[0]])
