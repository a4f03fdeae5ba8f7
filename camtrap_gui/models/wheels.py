"""Fetching one wheel through pip as it is configured on this machine: index, mirror, proxy and cache are pip's business.

Nothing of the package is run or installed: only a wheel is accepted (never a source archive, which would be built), its
dependencies are left alone, and the caller checks its hash. Without a network, put the wheels into a folder and tell
pip about it (``PIP_FIND_LINKS=/that/folder PIP_NO_INDEX=1``).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem

_MB = 1_000_000
_LOOK_EVERY_S = 0.1


def fetch(package: str, version: str, size: int, folder: Path, report: Report) -> Path:
    """Download ``package==version`` into the empty folder and return the wheel. ``size`` in bytes is for the progress.

    pip's temporary files go into ``folder`` too, so removing it removes every trace. Raises Problem when there is no pip,
    no such wheel, or no network; passes Cancelled on after stopping pip.
    """
    command = [
        *_pip(), "download", f"{package}=={version}", "--dest", str(folder), "--no-deps", "--only-binary", ":all:",
        "--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
    ]  # fmt: skip
    log = folder / "pip.log"
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            while process.poll() is None:
                fetched = min(_bytes_below(folder) // _MB, size // _MB - 1)
                report(Progress(fetched, size // _MB, f"{package} {version}", "Downloading (MB)"))
                time.sleep(_LOOK_EVERY_S)
        finally:
            process.terminate()
            process.wait()
    wheels = list(folder.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise Problem(_reason(package, version, log.read_text(encoding="utf-8", errors="replace")))
    report(Progress(size // _MB, size // _MB, f"{package} {version}", "Downloading (MB)"))
    return wheels[0]


def _pip() -> list[str]:
    """The command that starts pip. Virtual environments made by uv have none: the Python they came from, or uv, has."""
    for candidate in _candidates():
        try:
            found = subprocess.run(
                [*candidate, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=120
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found.returncode == 0:
            return candidate
    raise Problem("The models come through pip, and there is no pip on this computer. Install pip or uv.")


def _candidates() -> Iterator[list[str]]:
    pythons = [getattr(sys, "_base_executable", "")]
    if not getattr(sys, "frozen", False):  # in a frozen application sys.executable is the application
        pythons.insert(0, sys.executable)
    # -P: a pip.py that lies in the current folder is not pip.
    yield from ([python, "-P", "-m", "pip"] for python in dict.fromkeys(pythons) if python)
    for name in ("pip3", "pip"):
        if program := shutil.which(name):
            yield [program]
    if uv := shutil.which("uv"):
        yield [uv, "tool", "run", "pip"]


def _bytes_below(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(where) / name).stat().st_size
            except OSError:  # pip has just moved it
                continue
    return total


def _reason(package: str, version: str, log: str) -> str:
    if "No space left" in log or "Errno 28" in log:
        return f"The disk is full: {package} {version} could not be downloaded. Make room and try again."
    network = ("Retrying (", "ConnectionError", "Max retries", "Could not fetch URL", "timed out")
    if any(word in log for word in network):
        return (
            f"{package} {version} could not be downloaded: pip cannot reach its package index. Check the network connection "
            "and pip's settings (pip config list), then try again."
        )
    if "No matching distribution" in log:
        return (
            f"pip finds no {package} {version}. Its package index does not have it: check pip's settings "
            "(pip config list)."
        )
    errors = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-1:]
    return f"pip could not download {package} {version}: {' '.join(errors)[:500]}"
