"""The command line: one subcommand per step, its flags read from the step's options.

``run`` is the entry point. Progress goes to the terminal as a bar with rate and time left, to a file or pipe as plain
lines, and with ``--json`` to stdout as one JSON object per line: ``{"progress": ...}`` while working and
``{"result": ...}`` or ``{"problem": ...}`` at the end.
"""

import dataclasses
import inspect
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Self, get_args, get_origin

import cyclopts
from cyclopts import Parameter

from camtrap_gui import __version__, mishaps, options
from camtrap_gui.jobs import Cancelled, Pace, Progress, Report, Result, to_plain
from camtrap_gui.problem import Problem
from camtrap_gui.steps import COMMANDS, Step, start

GROUPS = {
    "copies": "Show, bound and clear the copies of pictures that lie on servers and in clouds.",
    "labels": "Exchange, list, undo and make decisions about pictures; list queues.",
    "models": "List, install, add, remove and verify detectors and backbones.",
}
"""Commands with subcommands of their own, each in a module ``cli_...``."""

EXIT_MEND, EXIT_STOPPED, EXIT_DEFECT = 2, 130, 1
_PLAIN_LINE_EVERY_S = 2.0
_JSON_LINE_EVERY_S = 0.1


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line (without the program's name) and return its exit status."""
    arguments = list(arguments)
    as_json = "--json" in arguments[:1]
    if as_json:
        arguments = arguments[1:]
    speaker = _Json() if as_json else _Terminal() if sys.stderr.isatty() else _Lines()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        with speaker, _Stoppable():
            command, bound, _ = _app(arguments, speaker).parse_args(
                arguments or ["--help"], exit_on_error=False, print_error=False
            )
            result = command(*bound.args, **bound.kwargs)
            if result is not None:
                speaker.result(result)
        return 0
    except Problem as problem:
        speaker.problem(str(problem))
        return EXIT_MEND
    except cyclopts.CycloptsError as error:
        speaker.problem(f"{error}\nTry --help for the options.")
        return EXIT_MEND
    except (Cancelled, KeyboardInterrupt):
        speaker.problem("Stopped. The same command continues where it stopped.")
        return EXIT_STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_STOPPED
    except Exception as error:
        if (mishap := mishaps.problem_of(error)) is not None:
            speaker.problem(str(mishap))
            return EXIT_MEND
        logging.getLogger("camtrap").exception(
            "This is a defect of the program; please report it with the lines above."
        )
        speaker.problem(f"{type(error).__name__}: {error}")
        return EXIT_DEFECT


def _app(arguments: Sequence[str], report: Report) -> cyclopts.App:
    """The commands. Only the one that was asked for is given its flags, so that nothing else needs importing."""
    app = cyclopts.App(
        name="camtrap",
        help="From camera-trap pictures to a species classifier of your own. "
        "Put --json first for machine-readable output.",
        version=__version__,
        default_parameter=Parameter(negative=(), consume_multiple=True, show_default=_shown_default),
        help_format="plaintext",
    )
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for place, step in enumerate(COMMANDS):
        command = _step_command(step, report) if step.name == asked else _nothing
        app.command(command, name=step.name, help=step.help, sort_key=place)
    for name, text in GROUPS.items():
        group = cyclopts.App(name=name, help=text, sort_key=len(COMMANDS))
        if name == asked:
            import_module(f"camtrap_gui.cli_{name}").add_commands(group, report)
        app.command(group)
    return app


def _nothing() -> None:
    """Stands for a command whose flags nobody asked for."""


def _step_command(step: Step, report: Report) -> Callable[..., Result]:
    """A function for cyclopts: PROJECT and the step's options in, the step's result out."""

    def command(*given: Any, **named: Any) -> Result:
        values = inspect.signature(command).bind(*given, **named).arguments
        folder = values.pop("project", None)
        with mishaps.told(folder):
            return start(step, folder, step.module().Options(**values), report)

    parameters = parameters_of(step.module().Options)
    if step.project != "none":
        hint = Annotated[Path, Parameter(help="Project folder.")]
        parameters.insert(0, inspect.Parameter("project", inspect.Parameter.POSITIONAL_ONLY, annotation=hint))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def parameters_of(options_class: type) -> list[inspect.Parameter]:
    """The fields of an options dataclass as function parameters that cyclopts turns into arguments and flags."""
    return [_parameter(field) for field in options.fields(options_class)]


def _parameter(field: options.Field) -> inspect.Parameter:
    option = field.option
    about = Parameter(
        name=option.flag,
        help=option.help,
        choices=option.choices,
        validator=_bounds(option),
        negative=f"--no-{field.name.replace('_', '-')}" if field.default is True else (),
    )
    default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
    if option.positional and get_origin(field.type) is tuple:
        hint: Any = Annotated[get_args(field.type)[0], about]
        return inspect.Parameter(field.name, inspect.Parameter.VAR_POSITIONAL, annotation=hint)
    kind = inspect.Parameter.POSITIONAL_ONLY if option.positional else inspect.Parameter.KEYWORD_ONLY
    hint = Annotated[field.type, about]
    return inspect.Parameter(field.name, kind, default=default, annotation=hint)


def _shown_default(value: Any) -> str | None:
    """What the help says of a default: several as they are typed, nothing of an option that is off unless given."""
    if value is False or value in (None, "", ()):
        return None
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _bounds(option: options.Option) -> Callable[[Any, Any], None]:
    def check(_: Any, value: Any) -> None:
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, int | float) and not isinstance(number, bool):
                if option.low is not None and number < option.low:
                    raise ValueError(f"must be at least {option.low:g}")
                if option.high is not None and number > option.high:
                    raise ValueError(f"must be at most {option.high:g}")

    return check


class _Speaker:
    """Says what happens. Calling it with a Progress makes it a Report."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.quiet()

    def __call__(self, progress: Progress) -> None:
        raise NotImplementedError

    def quiet(self) -> None:
        """Take away what is only there while working."""

    def result(self, result: Result) -> None:
        self.quiet()
        print(result.text())

    def problem(self, sentence: str) -> None:
        self.quiet()
        print(sentence, file=sys.stderr)


class _Json(_Speaker):
    """One JSON object per line on stdout, at most ten progress lines a second, the last of each phase always."""

    def __init__(self) -> None:
        self._pace = Pace(_JSON_LINE_EVERY_S)

    def __call__(self, progress: Progress) -> None:
        if thinned := self._pace.thinned(progress):
            self._line("progress", to_plain(thinned))

    def result(self, result: Result) -> None:
        self._line("result", to_plain(result))

    def problem(self, sentence: str) -> None:
        self._line("problem", sentence)

    def _line(self, kind: str, value: Any) -> None:
        print(json.dumps({kind: value}, ensure_ascii=False), flush=True)


class _Lines(_Speaker):
    """Plain lines on stderr, for logs and pipes."""

    def __init__(self) -> None:
        self._pace = Pace(_PLAIN_LINE_EVERY_S)
        self._said = ""

    def __call__(self, progress: Progress) -> None:
        if self._pace.is_due(progress):
            said = _sentence(progress, self._pace.rate(progress))
            if said != self._said:  # what only waits says the same again and again
                print(said, file=sys.stderr, flush=True)
            self._said = said


class _Terminal(_Speaker):
    """A bar with rate and time left on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._phase: str | None = None
        self._pace = Pace(_JSON_LINE_EVERY_S)

    def __call__(self, progress: Progress) -> None:
        due = self._pace.is_due(progress)
        if self._bar is None or progress.phase != self._phase:
            self._start(progress)
        if due:
            rate = self._pace.rate(progress)
            self._bar.update(
                self._task,
                completed=progress.done,
                total=progress.total,
                note=_note(progress),
                rate=f"{rate:,.1f}/s" if rate else "",
            )

    def _start(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.quiet()
        self._phase = progress.phase
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
        )
        self._bar = Bar(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task(progress.phase or "Working", total=progress.total, note="", rate="")
        self._bar.start()

    def quiet(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _note(progress: Progress) -> str:
    values = "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in progress.values.items()
        if not isinstance(value, list | dict)  # those are for tables
    )
    return "  ".join(part for part in (progress.note, values) if part)


def _sentence(progress: Progress, rate: float) -> str:
    parts = [progress.phase or "Working"]
    if progress.done or progress.total is not None:
        parts.append(f"{progress.done:,}" + ("" if progress.total is None else f" of {progress.total:,}"))
    if rate:
        parts.append(f"{rate:,.1f}/s")
        if progress.total is not None and progress.done < progress.total:
            parts.append(f"{_duration((progress.total - progress.done) / rate)} left")
    if note := _note(progress):
        parts.append(note)
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02d} min"
        if hours
        else f"{minutes} min {seconds:02d} s"
        if minutes
        else f"{seconds} s"
    )


class _Stoppable:
    """Turns Ctrl-C and a polite kill into Cancelled at a safe place; a second Ctrl-C stops at once."""

    def __enter__(self) -> None:
        self._before = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[number] = signal.signal(number, self._stop)
            except ValueError:  # not in the main thread: the caller handles signals
                return

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @staticmethod
    def _stop(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Cancelled
