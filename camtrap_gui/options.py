"""What a step's options say about themselves.

A step declares its options once, as a frozen dataclass whose fields are ``Annotated[type, Option(...)]``. The command
line builds its flags from them and the window its forms, so both always offer the same values with the same words.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Option:
    """One option in words: ``help`` is the flag's help and the form's tooltip.

    ``positional`` fields are given without a flag. ``low`` and ``high`` are inclusive bounds. ``choices`` are the
    allowed texts. ``unit`` is shown behind the number. ``advanced`` options hide behind a fold in the window.
    ``flag`` overrides the name on the command line. ``folder`` paths are those of folders.
    ``lowest`` is what the lowest number means, where it means more than itself. ``group`` is what the window's fold
    gathers advanced options under; ``label`` is the field's name there, where that of the flag would not be understood. ``decimals`` are those of a number with a point.
    """

    help: str
    positional: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    unit: str = ""
    advanced: bool = False
    flag: str | None = None
    folder: bool = False
    lowest: str = ""
    group: str = ""
    label: str = ""
    decimals: int = 2


@dataclass(frozen=True)
class Field:
    """An option together with its name, bare type and default (``dataclasses.MISSING`` where it must be given)."""

    name: str
    type: Any
    default: Any
    option: Option


def fields(options: type) -> Iterator[Field]:
    """The options of a dataclass, in order. Fields without an ``Option`` are private and left out."""
    hints = get_type_hints(options, include_extras=True)
    for field in dataclasses.fields(options):
        hint = hints[field.name]
        for extra in getattr(hint, "__metadata__", ()):
            if isinstance(extra, Option):
                default = field.default
                if field.default_factory is not dataclasses.MISSING:
                    default = field.default_factory()
                yield Field(field.name, hint.__origin__, default, extra)
