"""``camtrap`` and ``camtrap-gui``: the window when called without arguments, otherwise the command line."""

import sys


def main() -> None:
    """Run what the arguments ask for. The exit status is 0, 2 (the user can mend it), 130 (stopped) or 1 (a defect)."""
    arguments = sys.argv[1:]
    if arguments == ["--engine"]:
        from camtrap_gui import engine

        engine.main()
        return
    from camtrap_gui.cli import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
