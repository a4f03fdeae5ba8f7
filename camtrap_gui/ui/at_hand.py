"""What the label pad says about the pictures at hand: labels and who gave them, the proposal, the number keys."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from camtrap_gui.project import Project, review_rows, suggestions
from camtrap_gui.ui.review_keys import NUMBERS
from camtrap_gui.ui.viewer.shown import Region
from camtrap_gui.ui.widgets.label_pad import AtHand, LabelLine

LIKELIEST = 5
LOOKED_AT = 200
"""Of so many selected pictures it is told what they show; a longer selection is told by its first ones."""


def at_hand(project: Project, ids: Sequence[int], region: Region | None, recent: Sequence[str]) -> AtHand:
    """For one picture, one box of it, or many pictures."""
    if not ids:
        return AtHand()
    if len(ids) > 1:
        return _of_many(project, ids, recent)
    row = review_rows.rows(project, ids).get(ids[0])
    if row is None:
        return AtHand()
    labels = review_rows.labels(project, row.id)
    top = _top(project, row.id, region)
    only = labels[0] if len(labels) == 1 else None
    return AtHand(
        about="This box" if region is not None else "This picture",
        detail=" · ".join(part for part in (row.location, row.taken) if part),
        labels=tuple(LabelLine(one.species, _counted(one.species, one.count), provenance(one)) for one in labels),
        doubt=_doubt(project, row),
        accept=_accept(row, len(labels)),
        numbers=_numbers(top, recent),
        flagged=row.flagged,
        count=only.count if only else None,
        countable=only is not None and region is None,
    )  # fmt: skip


def provenance(label: review_rows.KnownLabel) -> str:
    """Who gave a label, when, and how sure a classifier was where one was agreed with."""
    who = {"import": "from the import", "folder": "from the name of the folder"}.get(
        label.author, label.author
    )
    parts = [who]
    if label.made:
        parts.append(f"{datetime.fromisoformat(label.made).astimezone():%d %b %Y %H:%M}")
    if label.confidence is not None:
        parts.append(f"suggested with {label.confidence:.0%}")
    if label.sequence_level:
        parts.append("said of the sequence")
    return ", ".join(parts)


def keep_places(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """The species used last, each at the number it had: who has learnt a key shall not lose it to the order of use."""
    new = [name for name in now if name not in before]
    kept = [name if name in now else new.pop(0) if new else "" for name in before]
    return [name for name in (*kept, *new) if name]


def _of_many(project: Project, ids: Sequence[int], recent: Sequence[str]) -> AtHand:
    rows = review_rows.rows(project, ids[:LOOKED_AT]).values()
    shown = Counter(row.words for row in rows if row.words)
    proposed = sum(1 for row in rows if row.source in ("model", "detector"))
    most = [name for name, _ in shown.most_common(LIKELIEST)]
    dots = " …" if len(ids) > LOOKED_AT else ""
    words = ", ".join(f"{name} {count:,}" for name, count in shown.most_common(LIKELIEST))
    single = [name for name in most if "," not in name and "×" not in name]
    return AtHand(
        about=f"{len(ids):,} pictures",
        detail=(words or "nothing said or proposed") + dots,
        accept=_accept_many(len(rows), proposed, most) + dots if most else "",
        numbers=_numbers([(name, None) for name in single], recent),
        flagged=any(row.flagged for row in rows),
    )


def _top(project: Project, image_id: int, region: Region | None) -> list[tuple[str, float | None]]:
    """The likeliest species of a box, or of all animals of a picture, each with its best share."""
    found = suggestions.of_image(project, image_id)
    if region is not None:
        found = {number: one for number, one in found.items() if region == ("detection", number)}
    best: dict[str, float] = {}
    for one in found.values():
        for name, share in one.top:
            best[name] = max(share, best.get(name, 0.0))
    return sorted(best.items(), key=lambda pair: -pair[1])[:LIKELIEST]  # type: ignore[return-value]


def _numbers(
    top: Sequence[tuple[str, float | None]], recent: Sequence[str]
) -> tuple[tuple[str, float | None], ...]:
    known = {name for name, _ in top}
    return (*top, *((name, None) for name in recent if name not in known))[:NUMBERS]


def _doubt(project: Project, row: review_rows.ReviewRow) -> str:
    """What classifiers that never saw this camera say against the label."""
    doubt = suggestions.doubt_of(project, row.id)
    if doubt is None or doubt.score <= 0 or row.reviewed:
        return ""
    return f"Looks like {doubt.species} ({doubt.confidence:.0%}), not {doubt.label} ({doubt.given:.0%})"


def _accept(row: review_rows.ReviewRow, labels: int) -> str:
    if labels:
        return "The label is right" if labels == 1 else "The labels are right"
    sure = f" {row.confidence:.0%}" if row.confidence is not None else ""
    return f"Accept: {row.words}{sure}" if row.words else ""


def _accept_many(count: int, proposed: int, most: Sequence[str]) -> str:
    if not proposed:
        return f"All {count:,} labels are right"
    return f"Accept: {most[0]}" if len(most) == 1 else f"Accept all {count:,}"


def _counted(species: str, count: int | None) -> str:
    return f"{count} × {species}" if count is not None and count > 1 else species
