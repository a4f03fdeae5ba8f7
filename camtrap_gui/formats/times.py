"""Reading the time of a picture, however the source writes it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

_DOTTED = re.compile(r"\d{1,2}\. ?\d{1,2}\. ?\d{2}")


def read_time(text: str) -> str | None:
    """A time of any usual form as ISO 8601 without a zone ("2013-07-18T06:26:14"), or None when it is none.

    A zone is dropped, not applied: what counts is the camera's own clock. With dots the day is first ("18.7.2013"), as
    wherever dates are written so; another form that leaves open which number is the month is read as in the United
    States, month first. A date without a time is midnight; a time without a date is refused.
    """
    try:
        if (
            len(text) == 19 and text[10] == " " and text[4] == text[7] == "-" and text[13] == text[16] == ":"
        ):  # the usual form, fast
            datetime.fromisoformat(text)
            return text.replace(" ", "T")
        text = text.strip()
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()
    except ValueError:
        return _read_exif(text) or _read_any(text)


def read_usual_times(texts: Sequence[str | None]) -> list[str] | None:
    """What ``read_time`` gives for each text, in a third of the time; None unless all are written "2013-07-18 06:26:14"."""
    given = [text for text in texts if text is not None]
    joined = "\n".join(given) + "\n"
    separators = ((4, "-"), (7, "-"), (10, " "), (13, ":"), (16, ":"), (19, "\n"))
    if any(joined[place::20] != character * len(texts) for place, character in separators):
        return None
    try:
        list(map(datetime.fromisoformat, given))
    except ValueError:
        return None
    return joined[:-1].replace(" ", "T").split("\n")


def read_moment(text: str) -> str | None:
    """A moment in ISO 8601 as text that sorts, in UTC; without a zone it is taken for UTC. None when it is none."""
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        return utc.isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None


def _read_exif(text: str) -> str | None:
    try:
        return datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None


def _read_any(text: str) -> str | None:
    if len(text) > 80 or sum(character.isdigit() for character in text) < 5:
        return None
    from dateutil import parser

    try:
        # What the text leaves out is filled in from the default: a date that is not all there shows up as two.
        times = {
            parser.parse(text, default=default, ignoretz=True, dayfirst=_DOTTED.match(text) is not None)
            for default in (datetime(2001, 1, 1), datetime(2002, 2, 2))
        }
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return times.pop().isoformat() if len(times) == 1 else None
