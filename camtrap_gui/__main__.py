"""``camtrap`` and ``camtrap-gui``: the window when called without arguments, otherwise the command line."""

import sys


def main() -> None:
    """Run the command line. The exit status is 0, 2 (the user can mend it), 130 (stopped) or 1 (a defect)."""
    from camtrap_gui.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
