"""Data from LILA (lila.science): what the tutorial calls copying data, without the copying of everything.

All lies in the one folder that is named: the metadata of the data set as LILA has it, a small COCO Camera Traps JSON of
what was chosen, and the pictures under the names they have there. Each part is fetched once and goes on where it
stopped. The rest of the import is that of any COCO Camera Traps file.
"""

import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from camtrap_gui import downloads, files
from camtrap_gui.formats.coco_camera_traps import Survey
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, problems
from camtrap_gui.sources import lila_choice, lila_index, lila_pictures
from camtrap_gui.sources.doubts import Doubts
from camtrap_gui.sources.lila_choice import Choice
from camtrap_gui.sources.lila_index import CLOUDS, DataSet

_PIECE = 1 << 22


@dataclass(frozen=True)
class Here:
    """What is in the folder now. ``source`` is the JSON of what was chosen: ``chosen`` pictures ``of`` how many.

    ``to_come`` pictures of about ``megabytes`` (None: nobody says) are not there yet; ``missing`` ones cannot be had, by
    reason. ``offered``: LILA has results of MegaDetector; ``results`` is their file, where they were asked for.
    """

    name: str
    source: Path
    chosen: int
    of: int
    to_come: int
    megabytes: int | None
    missing: Mapping[str, int]
    offered: bool
    results: Path | None = None

    def text(self) -> str:
        """What there is and what is to come."""
        lines = [f"{self.name} of LILA: {self.chosen:,} of {self.of:,} pictures chosen."]
        if self.to_come:
            size = "of a size nobody says" if self.megabytes is None else f"about {self.megabytes:,} MB"
            lines.append(f"To be downloaded: {self.to_come:,} pictures, {size}.")
        if self.missing:
            listed = ", ".join(f"{reason} {count:,}" for reason, count in self.missing.items())
            lines.append(f"Could not be had: {listed}. Pictures of people are not published.")
        if self.offered and self.results is None:
            lines.append("LILA has results of MegaDetector for it: --lila-results brings them in.")
        return "\n".join(lines)


def prepare(
    name: str, folder: Path, choice: Choice, cloud: str, results: bool, pictures: bool, report: Report
) -> Here:
    """Have the chosen part of a data set in ``folder``; without ``pictures``, only what is known about it.

    ``cloud`` is asked first. Raises Problem when there is no such data set, when nothing of it is chosen, or when it
    cannot be downloaded.
    """
    data_set, metadata = metadata_of(name, folder, cloud, report)
    source = folder / f"{files.safe_name(data_set.short_name)} chosen.json"
    chosen = lila_choice.choose(metadata, choice, source, report)
    survey, bases = Survey(source), _first(data_set.images, cloud)
    missing: Mapping[str, int] = {}
    if pictures:
        missing = dict(lila_pictures.fetch(survey, bases, folder, report).left_out)
        expected = lila_pictures.Estimate(0, chosen.pictures, 0)
    else:
        expected = lila_pictures.estimate(survey, bases, folder)
    return Here(
        data_set.name,
        source,
        chosen.pictures,
        chosen.of,
        expected.to_come,
        None if expected.size is None else -(-expected.size // 1_000_000),
        missing,
        bool(data_set.results),
        _results(folder, data_set, report) if results and pictures else None,
    )


def metadata_of(name: str, folder: Path, cloud: str, report: Report) -> tuple[DataSet, Path]:
    """A data set, and what is known about its pictures as a file in the folder, downloaded once. Raises Problem."""
    data_set = lila_index.named(name, report)
    return data_set, _file(folder, data_set, data_set.metadata, cloud, report)


def bring_in_results(project: Project, here: Here, report: Report) -> int:
    """Take over what MegaDetector found in the pictures of the project; how many they are."""
    from camtrap_gui.formats.megadetector_reading import ResultsFile
    from camtrap_gui.sources import results

    assert here.results is not None
    file = ResultsFile(here.results)
    looked = results.look(project, file, here.source.parent, name="", lowest=None, report=report)
    problems.clear(project, "results")
    return results.bring_in(project, file, looked, _Doubts(project, "results"), report).images


class _Doubts(Doubts):
    """The results are those of the whole data set: that most of its pictures were not chosen is nothing to doubt."""

    def __call__(self, subject: str, reason: str) -> None:
        from camtrap_gui.sources import results

        if reason != results.NOT_HERE:
            super().__call__(subject, reason)


def _results(folder: Path, data_set: DataSet, report: Report) -> Path:
    """The best results of MegaDetector there are, as a JSON."""
    if not data_set.results:
        raise Problem(
            f"LILA has no results of MegaDetector for {data_set.name}. Start without --lila-results."
        )
    address = data_set.results[0]
    fetched = _file(folder, data_set, {"": address}, "", report)
    return fetched if fetched.suffix.lower() != ".zip" else _unpacked(fetched, report)


def _file(folder: Path, data_set: DataSet, addresses: Mapping[str, str], cloud: str, report: Report) -> Path:
    """A file about the data set, in the folder. One that is there is whole."""
    ordered = _first(addresses, cloud)
    name = files.safe_name(PurePosixPath(urlsplit(ordered[0]).path).name, f"{data_set.short_name}.json")
    target = folder / name
    if not target.is_file():
        downloads.fetch(ordered, target, None, None, report)
    return target


def _unpacked(archive: Path, report: Report) -> Path:
    """The one JSON in a zip, beside it. It is searched at random places, which a packed one does not allow."""
    target = archive.with_suffix("")
    if target.suffix.lower() != ".json":
        target = target.with_name(f"{target.name}.json")
    if target.is_file():
        return target
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if member.filename.lower().endswith(".json")]
            if len(members) != 1:
                raise Problem(f"{archive} should hold one JSON and holds {len(members)}.")
            size = members[0].file_size
            if size > shutil.disk_usage(archive.parent).free:
                raise Problem(
                    f"{archive} needs {size / 1e6:,.0f} MB unpacked, and its disk has not so much left."
                )
            with (
                packed.open(members[0]) as inside,
                files.replacing(target) as beside,
                beside.open("wb") as out,
            ):
                while (piece := inside.read(_PIECE)) and out.tell() <= size:
                    out.write(piece)
                    report(
                        Progress(out.tell() // 1_000_000, size // 1_000_000, target.name, "Unpacking (MB)")
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Problem(f"{archive} is damaged ({error}). Delete it and start again.") from error
    return target


def _first(addresses: Mapping[str, str], cloud: str) -> list[str]:
    """The addresses, that of ``cloud`` first."""
    known = [one for one in (cloud, *CLOUDS, "") if one in addresses]
    return [addresses[one] for one in dict.fromkeys(known)]
