"""Reading again what was written, as any other program would, and comparing the numbers."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from camtrap_gui.formats.camtrap_dp_reading import CamtrapDp
from camtrap_gui.formats.coco_camera_traps import Survey
from camtrap_gui.formats.megadetector_reading import ResultsFile
from camtrap_gui.problem import Problem


def read_again(form: str, target: Path, counts: Mapping[str, int]) -> str:
    """A sentence about what was read, '' for a format that is no single thing to be read.

    Raises Problem when it is not what ``counts``, the figures of the writer, say.
    """
    if form not in _READERS:
        return ""
    found = _READERS[form](target)
    wrong = [name for name, number in found.items() if counts[name] != number]
    if wrong:
        raise Problem(
            f"{target} was written, but has {found[wrong[0]]:,} {wrong[0]} where {counts[wrong[0]]:,} were written. Is the disk"
            " whole? Remove it and write it again."
        )
    return f"Read again: {', '.join(f'{number:,} {name}' for name, number in found.items())}, as written."


def _megadetector(target: Path) -> dict[str, int]:
    return {"images": sum(batch.count for batch in ResultsFile(target).batches())}


def _timelapse(target: Path) -> dict[str, int]:
    return {"recognised": _megadetector(target / "recognitions.json")["images"]}


def _camtrap_dp(target: Path) -> dict[str, int]:
    with closing(CamtrapDp(target)) as package:
        return {
            table: sum(1 for _ in package.rows(table)) for table in ("deployments", "media", "observations")
        }


def _coco_camera_traps(target: Path) -> dict[str, int]:
    survey = Survey(target)
    return {name: survey.count(name) for name in ("images", "annotations")}


_READERS: dict[str, Callable[[Path], dict[str, int]]] = {
    "megadetector": _megadetector,
    "timelapse": _timelapse,
    "camtrap-dp": _camtrap_dp,
    "coco-camera-traps": _coco_camera_traps,
}
