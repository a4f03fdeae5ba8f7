"""What a preview of a merge says of the files that other computers have made (``steps.merge``)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from camtrap_gui.ui.widgets.headline import Figure
from camtrap_gui.ui.widgets.number_table import Value

Found = Mapping[str, Any]
_MOST_NAMED = 12


def figures(found: Found) -> list[Figure]:
    """How many parts and pictures there are."""
    merged, parts, crops = found["merged"], found["parts"], found["crops"]
    if not merged:
        return _figures_of_crops(crops)
    of = sum(one["shards"] for one in merged)
    names = ("seen", "new", "known", "mended", "conflicts")
    number = {name: sum(part[name] for part in parts) for name in names}
    there = len({(part["detector"], part["shard"], part["shards"]) for part in parts})
    known = f"{number['known']:,} are here already" if number["known"] else ""
    mended = f"{number['mended']:,} could not be read here" if number["mended"] else ""
    return [
        Figure(f"{there:,} of {of:,}", "parts"),
        Figure(f"{number['seen']:,}", "pictures looked at", known),
        Figure(f"{number['new'] + number['mended']:,}", "would come in", mended),
        Figure(f"{number['conflicts']:,}" if number["conflicts"] else "–", "found differently"),
    ]


def told(found: Found) -> str:
    """By which detectors, and what is left to be looked at."""
    lines = []
    for sha256, unseen in found["unseen"].items():
        name = next(one["detector"] for one in found["merged"] if one["sha256"] == sha256)
        left = (
            f"{_pictures(unseen)} would still be left." if unseen else "With it every picture is looked at."
        )
        lines.append(f"Found by {name}. {left}")
    for one in found["crops"]:
        left = (
            f"{_many(one['left'], 'crop')} would still be left."
            if one["left"]
            else "With it every crop is looked at."
        )
        lines.append(f"Seen by {one['backbone']} at {one['input_size']} pixels. {left}")
    return "\n".join(lines)


def warnings(found: Found) -> list[str]:
    """What is missing or wrong."""
    lines = []
    for one in found["merged"]:
        if missing := one["missing"]:
            lines.append(f"No file of part {_named(missing)} of {one['shards']:,}")
        for part, left in one["unfinished"].items():
            lines.append(
                f"Part {part} is not finished: {_pictures(left)} left; its line, given again, goes on"
            )
        if one["conflicts"]:
            lines.append(f"{_pictures(one['conflicts'])} found differently before: the first answer stays")
        if one["gone"]:
            lines.append(f"Passed over: {_pictures(one['gone'])} not in this project any more")
    for one in found["crops"]:
        if one["missing"]:
            lines.append(f"No whole file of part {_named(one['missing'])} of {one['shards']:,}")
        lines += [f"Passed over: {_many(one['gone'], 'crop')} not in this project any more"] * bool(
            one["gone"]
        )
        lines += [f"{_many(one['unusable'], 'crop')} cannot be used"] * bool(one["unusable"])
    return lines + [f"Not merged: {reason}" for reason in found["refused"].values()]


def table(found: Found) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
    """A line for each file."""
    columns = ("File", "Part", "State", "Looked at", "New", "Known", "Different")
    rows: list[tuple[Value, ...]] = [
        (
            part["file"],
            f"{part['shard']} of {part['shards']}",
            f"{part['unseen']:,} left" if part["unseen"] else "complete",
            part["seen"],
            part["new"] + part["mended"],
            part["known"],
            part["conflicts"],
        )
        for part in sorted(found["parts"], key=lambda part: (part["detector"], part["shards"], part["shard"]))
    ]
    refused = [(Path(name).name, "", "not merged", None, None, None, None) for name in found["refused"]]
    return columns, rows + refused


def _figures_of_crops(crops: Sequence[Mapping[str, Any]]) -> list[Figure]:
    known = sum(one["known"] for one in crops)
    return [
        Figure(f"{sum(one['files'] for one in crops):,} of {sum(one['shards'] for one in crops):,}", "parts"),
        Figure(
            f"{sum(one['new'] for one in crops):,}",
            "crops would come in",
            f"{known:,} are here already" * bool(known),
        ),
    ]


def _named(parts: Sequence[int]) -> str:
    more = f" and {len(parts) - _MOST_NAMED:,} more" if len(parts) > _MOST_NAMED else ""
    return ", ".join(map(str, parts[:_MOST_NAMED])) + more


def _pictures(number: int) -> str:
    return _many(number, "picture")


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"
