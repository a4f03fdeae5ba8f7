"""The Python environment that the ``megadetector`` package is in, made when the first model that needs it is installed.

It has to be one of its own: the package holds protobuf below 3.20.2 (by way of ultralytics-yolov5), and TensorFlow needs a
much newer one, so pip can put the package beside this program nowhere. ``ultralytics`` and ``yolov9pip`` run those of the
published files that are YOLO11 and YOLOv9; the package finds them when they are there.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from camtrap_gui import files, paths
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem

REQUIREMENTS = ("megadetector>=10.0.28,<11", "ultralytics>=8.4,<9", "yolov9pip==0.0.4")
"""Tried with megadetector 10.0.28, ultralytics-yolov5 0.1.1, ultralytics 8.4.190, torch 2.15."""

SPACE = 8_000_000_000
"""Bytes that must be free. Up to 7 GB stay on Linux, where PyTorch brings what graphics cards need; elsewhere it is less."""

_WHOLE = "complete.txt"
_LOOK_EVERY_S = 0.2


def python() -> Path | None:
    """The Python that has the package; None where there is none yet.

    ``CAMTRAP_MEGADETECTOR`` names one that somebody has made: a Python, or the folder of an environment. Raises Problem
    when there is nothing at that place.
    """
    chosen = os.environ.get("CAMTRAP_MEGADETECTOR")
    if chosen:
        found = Path(chosen) if Path(chosen).is_file() else _python_of(Path(chosen))
        if not found.is_file():
            raise Problem(f"CAMTRAP_MEGADETECTOR names {chosen}, where there is no Python.")
        return found
    return _python_of(_folder()) if (_folder() / _WHOLE).is_file() else None


def make(report: Report) -> None:
    """Make the environment and install the package, unless there is one. Whoever calls holds the lock of the store.

    Raises Problem when there is no Python to make it with, no room, or pip cannot install; passes Cancelled on. What was not
    finished is not used, and made anew the next time.
    """
    if python() is not None:
        return
    folder = _folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(folder.parent).free
    if room < SPACE:
        raise Problem(
            f"What runs PyTorch files of MegaDetector needs {SPACE / 1e9:.0f} GB on the disk of {folder.parent} while it is "
            f"installed; there are {room / 1e9:.0f}. Make room, or move the models with CAMTRAP_MODELS."
        )
    try:
        _make_empty(folder)
        _install(folder, report)
        files.write_text(folder / _WHOLE, "\n".join(REQUIREMENTS) + "\n")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def how_to_make() -> str:
    """What to do where the package is missing."""
    return (
        "Install it: camtrap models install megadetector (several gigabytes). Or make an environment for it yourself, and "
        f"name its folder in CAMTRAP_MEGADETECTOR: python -m venv FOLDER, then pip install '{REQUIREMENTS[0]}' in it."
    )


def _folder() -> Path:
    return paths.models() / ".megadetector"


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make_empty(folder: Path) -> None:
    """An environment with pip and nothing else."""
    said = ""
    for command in _makers(folder):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            made = subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=600
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
            continue
        if made.returncode == 0 and _python_of(folder).is_file():
            return
        said = made.stderr.strip() or made.stdout.strip()
    raise Problem(
        "The environment for the megadetector package could not be made: there is no Python with venv on this computer. "
        f"{said[-500:]}"
    )


def _makers(folder: Path) -> Iterator[Sequence[str]]:
    pythons = [getattr(sys, "_base_executable", ""), sys.executable, shutil.which("python3") or ""]
    yield from ([one, "-m", "venv", str(folder)] for one in dict.fromkeys(pythons) if one)
    if uv := shutil.which("uv"):
        yield [uv, "venv", "--seed", str(folder)]


def _install(folder: Path, report: Report) -> None:
    log = folder / "pip.log"
    command = [
        str(_python_of(folder)), "-m", "pip", "install", *REQUIREMENTS,
        "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder
        )
        try:
            while process.poll() is None:
                report(Progress(0, None, _last_line(log), "Installing the megadetector package"))
                time.sleep(_LOOK_EVERY_S)
        finally:
            process.terminate()
            process.wait()
    if process.returncode != 0:
        raise Problem(_reason(log.read_text(encoding="utf-8", errors="replace")))


def _last_line(log: Path) -> str:
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - 2000))
        lines = said.read().decode("utf-8", "replace").splitlines()
    return next(
        (line.strip()[:80] for line in reversed(lines) if line[:1].isupper() and "WARNING" not in line), ""
    )


def _reason(log: str) -> str:
    """What pip complained about. One package of those below asks GitHub for a text while it is built."""
    if "raw.githubusercontent.com" in log or ("ultralytics-yolov5" in log and "urlopen error" in log):
        return (
            "The megadetector package could not be installed: ultralytics-yolov5, which it needs, asks "
            "raw.githubusercontent.com for a text while pip builds it, and that cannot be reached. Check the network "
            "connection and the proxy, then try again."
        )
    errors = [line.strip() for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-3:]
    return f"The megadetector package could not be installed. pip says: {' '.join(errors)[:700]}"
