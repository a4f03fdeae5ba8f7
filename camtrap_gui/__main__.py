"""``camtrap``: the window when called without arguments, otherwise the command line. ``camtrap-gui [PROJECT]``: the window."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run what the arguments ask for. The exit status is 0, 2 (the user can mend it), 130 (stopped) or 1 (a defect)."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--engine"]:
        from camtrap_gui import engine

        engine.main(*arguments[1:])
        return
    if not arguments and has_display():
        sys.exit(show_window(None))
    from camtrap_gui.cli import run

    _hush_libraries()
    sys.exit(run(arguments))


def main_window() -> None:
    """The window, on the project folder that is the only argument, if there is one."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--engine"]:
        main()
        return
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("Usage: camtrap-gui [PROJECT]\nFor everything else: camtrap --help", file=sys.stderr)
        sys.exit(2)
    if not has_display():
        print("There is no screen to show a window on. The command line: camtrap --help", file=sys.stderr)
        sys.exit(2)
    sys.exit(show_window(Path(arguments[0]) if arguments else None))


def show_window(folder: Path | None) -> int:
    """Show the window until it is closed; where Qt cannot be loaded, say what is missing."""
    try:
        from camtrap_gui.ui import app
    except ImportError as error:
        print(f"The window cannot be shown: {error}. The command line works: camtrap --help", file=sys.stderr)
        return 2
    return app.main(folder)


def has_display() -> bool:
    """Whether a window can be shown; on Linux that takes an X or Wayland display."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _hush_libraries() -> None:
    """Let this program speak on the terminal and native libraries, which do not mind Python's streams, into a log.

    TensorFlow greets on file descriptor 2 before any setting of its own is read.
    """
    from camtrap_gui import paths

    try:
        paths.logs().mkdir(parents=True, exist_ok=True)
        log = os.open(paths.logs() / "libraries.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        return
    terminal = os.dup(2)
    os.dup2(log, 2)
    sys.stderr = os.fdopen(
        terminal, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
    )


if __name__ == "__main__":
    main()
