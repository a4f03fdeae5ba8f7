"""Folders of pictures: by species, or by what is on them (animals, people, vehicles, empty).

Pictures keep the path they have below their image folder. Nothing happens to the originals; those that cannot be read,
and those about which nothing is known, are left out and listed. ``files.csv`` lists every picture with its folder.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from camtrap_gui import files, parallel
from camtrap_gui.formats import tables
from camtrap_gui.jobs import Report
from camtrap_gui.pictures import Unreadable
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project
from camtrap_gui.project.observations import Observed, Rules
from camtrap_gui.remote_pictures import fetched_ahead, shown
from camtrap_gui.sharing import picture_files, telling
from camtrap_gui.sharing.file_names import namer

_SURE = 0.5
"""Least confidence of a suggestion that makes a species folder, as in MegaDetector's separate_detections_into_folders."""
_GROUPS = {"animal": "animals", "person": "people", "vehicle": "vehicles"}


@dataclass(frozen=True)
class How:
    """How pictures get there: copied, ``link``\\ ed, or ``only_list``\\ ed; ``blur`` people in copies."""

    link: bool = False
    only_list: bool = False
    blur: bool = False


@dataclass(frozen=True)
class Written:
    """Pictures in the folders (one with two species counts twice), blurred ones among them, and those left out."""

    pictures: int
    blurred: int
    left_out: int
    folders: tuple[tuple[str, int], ...]


def write_species(project: Project, target: Path, how: How, report: Report, rules: Rules) -> Written:
    """One folder for each species, as labelled, else as suggested; a picture of several species lies in each of them."""
    return _write(project, target, how, report, rules, _by_species)


def write_separate(project: Project, target: Path, how: How, report: Report, rules: Rules) -> Written:
    """Folders ``animals``, ``people``, ``vehicles``, ``animal_person`` and so on, and ``empty``.

    In ``animals`` there is a folder for each species, ``multiple`` for several and ``unclassified`` for none.
    """
    return _write(project, target, how, report, rules, _by_kind)


def _by_species(observed: Observed) -> list[str]:
    told = telling.tell(observed)
    sure = [one for one in told if one.source != "model" or (one.confidence or 0) >= _SURE]
    return list(dict.fromkeys(files.safe_name(one.species) for one in sure if one.species))


def _by_kind(observed: Observed) -> list[str]:
    told = telling.tell(observed)
    kinds = {one.kind for one in told}
    found = [kind for kind in _GROUPS if kind in kinds]
    if not found:
        return ["empty"] if "empty" in kinds else []
    if found != ["animal"]:
        return ["_".join(found) if len(found) > 1 else _GROUPS[found[0]]]
    sure = [one for one in told if one.species and (one.source != "model" or (one.confidence or 0) >= _SURE)]
    species = sorted({files.safe_name(one.species or "") for one in sure})
    return [f"animals/{species[0] if len(species) == 1 else 'multiple' if species else 'unclassified'}"]


@dataclass(frozen=True)
class _Job:
    """One picture and the folders it goes to. ``why`` it goes nowhere."""

    observed: Observed
    folders: list[str]
    boxes: list[tuple[float, float, float, float]]
    why: str = ""


def _write(
    project: Project,
    target: Path,
    how: How,
    report: Report,
    rules: Rules,
    folders_of: Callable[[Observed], list[str]],
) -> Written:
    picture_files.require_pictures(project)
    if how.blur and how.only_list:
        raise Problem("People can only be blurred in copies of pictures. Choose --pictures copy or link.")
    name_of = namer(project)
    counts: Counter[str] = Counter()
    blurred = left_out = 0
    with (
        files.new_folder(target) as folder,
        tables.writing(folder / "files.csv", ("folder", "file", "original")) as add,
        tables.writing(folder / "left_out.csv", ("original", "reason")) as leave,
    ):
        jobs = fetched_ahead(_jobs(project, how, report, rules, folders_of), partial(_file_needed, how))

        def work(job: _Job) -> tuple[_Job, list[tuple[str, Path]] | str]:
            return job, _place(job, folder, name_of(job.observed.image), how)

        # Copying is the disk's work, blurring that of all cores.
        placed = parallel.in_order(work, jobs) if how.blur else map(work, jobs)
        for job, made in placed:
            original = shown(job.observed.image.root / job.observed.image.path)
            if isinstance(made, str):
                left_out += 1
                leave((original, made))
                continue
            blurred += bool(job.boxes)
            for group, path in made:
                counts[group] += 1
                add((group, path.relative_to(folder).as_posix(), original))
        if not counts:
            raise Problem(
                "There is nothing to put into folders: no picture has a label, and no detector has seen any."
            )
    return Written(counts.total(), blurred, left_out, tuple(sorted(counts.items())))


def _jobs(
    project: Project, how: How, report: Report, rules: Rules, folders_of: Callable[[Observed], list[str]]
) -> Iterator[_Job]:
    people = picture_files.People(project) if how.blur else None
    for observed in telling.each(project, rules, report):
        boxes = people.of(observed) if people else []
        folders = folders_of(observed)
        why = observed.image.problem or ("" if folders else "nothing is known about it")
        if boxes is None:
            why = "nobody has looked whether there are people on it"
        yield _Job(observed, folders, boxes or [], why)


def _file_needed(how: How, job: _Job) -> Path:
    """The picture that is copied; an empty path where none is."""
    image = job.observed.image
    return Path() if how.only_list or job.why else image.root / image.path


def _place(job: _Job, folder: Path, name: str, how: How) -> list[tuple[str, Path]] | str:
    """The copies of a picture by folder, or why there are none."""
    if job.why:
        return job.why
    made = []
    path = picture_files.safe_path(name)
    if job.boxes:
        path = picture_files.blurred_name(path)
    try:
        source = job.observed.image.file
        for group in job.folders:
            below = folder / group
            if how.only_list:
                target = below / path
            elif job.boxes:
                target = picture_files.place_blurred(source, below, path, job.boxes)
            else:
                target = picture_files.place(source, below, path, how.link)
            made.append((group, target))
    except Interrupted:
        raise
    except (Unreadable, Problem) as reason:
        return str(reason)
    except OSError as error:
        return picture_files.why_not(error, job.observed.image.root)
    return made


def first_folders(written: Written, most: int = 12) -> str:
    """The folders with their numbers of pictures, in words."""
    more = len(written.folders) - most
    named = [f"{name} {number:,}" for name, number in written.folders[:most]]
    return ", ".join(named + [f"and {more:,} more"] * (more > 0))
