"""A card as a page and as Markdown. The words are in ``resources/model_card``; what comes from the project is escaped."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from camtrap_gui import paths
from camtrap_gui.files import write_text
from camtrap_gui.formats.classifier_exports import FORMATS
from camtrap_gui.model_card import PAGE, TEXT
from camtrap_gui.model_card.facts import Card
from camtrap_gui.model_card.usage import EXAMPLES
from camtrap_gui.resampling import Interval

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")
_SHARE = re.compile(r"(\d)%")
_LINE_ENDS = re.compile(r"\s+")


def write(folder: Path, card: Card) -> None:
    """Write both files into the folder."""
    examples = {
        FORMATS[name].title: code
        for name, code in EXAMPLES.items()
        if name == "bundle" or any(file.title == FORMATS[name].title for file in card.files)
    }
    for name, template in ((PAGE, "page.html"), (TEXT, "text.md")):
        made = _environment(escape=name == PAGE).get_template(template).render(card=card, examples=examples)
        write_text(folder / name, made)


def _environment(escape: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.resources() / "model_card"),
        autoescape=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "share": share,
        "between": between,
        "number": number,
        "md": markdown,
        "words": words,
        "listed": listed,
        "said": said,
    }
    return environment


def share(value: float | None, digits: int = 1) -> str:
    """A share 0..1 as "76.0 %"."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def between(interval: Interval | None, digits: int = 0) -> str:
    """An interval of shares as "69–80 %", '' for none."""
    return "" if interval is None else f"{100 * interval[0]:.{digits}f}–{100 * interval[1]:.{digits}f} %"


def number(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def listed(names: list[str], most: int = 40) -> str:
    """Names in a sentence."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def said(sentence: str) -> str:
    """A sentence from elsewhere, its shares written as those of the tables: "76 %"."""
    return _SHARE.sub(r"\1 %", sentence)


def words(value: Any) -> str:
    """Whatever a run has noted, in one line: lists and tables too."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {words(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(words, value))
    return str(value)


def markdown(value: Any) -> str:
    """Text that means nothing to Markdown: one line, special characters escaped."""
    return _SPECIAL.sub(r"\\\1", _LINE_ENDS.sub(" ", str(value)).strip())
