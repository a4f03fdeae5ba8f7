#!/usr/bin/env python3
"""Sets everything up and runs it: ``python3 packaging/run.py demo`` or ``python3 packaging/run.py test``.

Standard library only, Linux, macOS and Windows. Makes ``.venv`` beside this folder, installs the program with the
pinned versions of ``constraints.txt`` (with uv when it can be had, otherwise with pip), and then

  demo   fetches the default models, generates a demo survey in ``demo/``, goes the whole road with it, prints what
         was made, and opens the window on it (further arguments are passed on, e.g. ``--images 200``);
  test   runs every check and every test (further arguments go to pytest).

Both can be repeated at any time; what is there already is not made again.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
DEBIAN_PACKAGES = "libegl1 libgl1 libglib2.0-0 libxkbcommon0 libfontconfig1 libdbus-1-3"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def main(arguments: list[str]) -> int:
    commands = {"demo": demo, "test": test}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 2
    return commands[arguments[0]](arguments[1:])


def demo(arguments: list[str]) -> int:
    """The whole road on a generated survey."""
    install(())
    system_libraries()
    status = run(str(BIN / "camtrap"), "demo", str(ROOT / "demo"), *arguments)
    project = ROOT / "demo" / "project"
    if status == 0 and project.is_dir() and sys.stdout.isatty() and has_display():
        print("Opening the window. Close it to come back here.", flush=True)
        return run(str(BIN / "camtrap-gui"), str(project))
    return status


def test(arguments: list[str]) -> int:
    """Every check and every test; all of them run, and any failure fails the whole."""
    install(("test",))
    system_libraries()
    checks = [
        ("Style", (str(BIN / "ruff"), "check", ".")),
        ("Format", (str(BIN / "ruff"), "format", "--check", ".")),
        ("Types", (str(BIN / "mypy"),)),
        ("Layers", (str(BIN / "lint-imports"),)),
        ("Tests", (str(PYTHON), "-m", "pytest", "-n", "auto", "--dist", "worksteal", *arguments)),
    ]
    failed = []
    for name, command in checks:
        started = time.monotonic()
        print(f"== {name}", flush=True)
        if run(*command) != 0:
            failed.append(name)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    print(f"Failed: {', '.join(failed)}" if failed else "All checks and tests passed.")
    return 1 if failed else 0


def install(extras: tuple[str, ...]) -> None:
    """Make the virtual environment and install the program into it, unless nothing has changed since the last time."""
    wanted = hashlib.sha256()
    for file in (ROOT / "pyproject.toml", HERE / "constraints.txt"):
        wanted.update(file.read_bytes())
    stamp = VENV / f"installed-{'-'.join(extras) or 'base'}"
    if PYTHON.exists() and stamp.is_file() and stamp.read_text() == wanted.hexdigest():
        return
    interpreter = find_python()
    uv = find_uv()
    if not PYTHON.exists():
        make = [uv, "venv", "--seed", "--python", interpreter] if uv else [interpreter, "-m", "venv"]
        must([*make, str(VENV)], "The virtual environment could not be made.", mend_venv())
    what = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    tool = [uv, "pip", "install", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip", "install"]
    print("Installing the program and what it needs (a few minutes the first time) ...", flush=True)
    must(
        [*tool, "--quiet", "--constraint", str(HERE / "constraints.txt"), "--editable", what],
        "The installation failed.",
        "Is the network there, and is there 3 GB of room on the disk? The lines above say what was missing.",
    )
    stamp.write_text(wanted.hexdigest())


def has_display() -> bool:
    """Whether a window can be shown."""
    return not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def find_python() -> str:
    """An interpreter of a supported version: this one, or another on the PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for version in reversed(SUPPORTED):
        name = "python{}.{}".format(*version)
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found
    versions = ", ".join("{}.{}".format(*version) for version in SUPPORTED)
    stop(
        f"Python {platform.python_version()} cannot run the program; it needs one of {versions}. Install one of them and try again."
    )
    raise AssertionError


def find_uv() -> str | None:
    """uv on the PATH, or fetched with pip into the environment's own folder; None when it cannot be had."""
    found = shutil.which("uv")
    if found:
        return found
    private = VENV.parent / ".venv-tools"
    uv = private / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    if not uv.exists():
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        made = subprocess.run([find_python(), "-m", "venv", str(private)], **quiet).returncode == 0
        if made:
            subprocess.run([str(uv.with_name("python")), "-m", "pip", "install", "--quiet", "uv"], **quiet)
    return str(uv) if uv.exists() else None


def system_libraries() -> None:
    """See whether Qt can start; on Debian as root install the few libraries it needs, otherwise say what to do."""
    if not sys.platform.startswith("linux"):
        return
    probe = [str(PYTHON), "-c", "import PySide6.QtWidgets as w; w.QApplication([])"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    if subprocess.run(probe, env=environment, capture_output=True).returncode == 0:
        return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        print(f"Installing the system libraries of the window: {DEBIAN_PACKAGES}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([apt, "update", "-qq"], env=quiet, check=False)
        subprocess.run(
            [apt, "install", "-y", "-qq", "--no-install-recommends", *DEBIAN_PACKAGES.split()],
            env=quiet,
            check=False,
        )
    if subprocess.run(probe, env=environment, capture_output=True).returncode != 0:
        stop(
            f"The window needs a few system libraries. Install them, then try again:\n  sudo apt-get install {DEBIAN_PACKAGES}"
        )


def mend_venv() -> str:
    if Path("/etc/debian_version").exists():
        return "On Debian and Ubuntu: sudo apt-get install python3-venv"
    return "See the lines above."


def run(*command: str) -> int:
    """Run a command in the checkout, its output on this terminal, and return its exit status."""
    try:
        return subprocess.run(command, cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 130


def must(command: list[str], problem: str, mend: str) -> None:
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        stop(f"{problem} {mend}")


def stop(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    if sys.version_info < (3, 8):  # noqa: UP036 - old interpreters must get this far to say so
        sys.exit("Python 3.11 or newer is needed.")
    sys.exit(main(sys.argv[1:]))
