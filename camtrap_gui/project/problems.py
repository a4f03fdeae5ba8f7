"""What a step met and passed over that belongs to no image: a duplicate record, an unknown category, a path that leads
out of its folder. Each is a row with a subject and a reason, so that it can be counted and looked at.

A reason is a short phrase, the same for all of its kind; what differs stands in the subject or behind a colon.
"""

from collections.abc import Iterable, Iterator

from camtrap_gui.project import Project

_LONGEST = 300


def clear(project: Project, step: str) -> None:
    """Forget what the step met in its last run."""
    with project.write() as db:
        db.execute("DELETE FROM problems WHERE step = ?", (step,))


def add(project: Project, step: str, rows: Iterable[tuple[str, str]]) -> None:
    """Keep ``(subject, reason)`` pairs that the step met."""
    with project.write() as db:
        db.executemany(
            "INSERT INTO problems (step, subject, reason) VALUES (?, ?, ?)",
            ((step, subject[:_LONGEST], reason[:_LONGEST]) for subject, reason in rows),
        )


def of_step(project: Project, step: str) -> Iterator[tuple[str, str]]:
    """``(subject, reason)`` pairs of the step's last run, in the order they were met."""
    after = 0
    while rows := project.db.execute(
        "SELECT id, subject, reason FROM problems WHERE step = ? AND id > ? ORDER BY id LIMIT 1000",
        (step, after),
    ).fetchall():
        yield from ((row["subject"], row["reason"]) for row in rows)
        after = rows[-1]["id"]


def counts(project: Project, step: str) -> dict[str, int]:
    """How many of each kind the step's last run met, the most frequent first. A kind is a reason up to its colon."""
    rows = project.db.execute(
        f"""SELECT {_KIND.format("reason")} AS kind, count(*) FROM problems
            WHERE step = ? GROUP BY kind ORDER BY count(*) DESC, kind""",
        (step,),
    )
    return dict(rows.fetchall())


def examples(project: Project, step: str, kind: str, limit: int = 3) -> tuple[str, ...]:
    """The first few subjects of one kind that the step's last run met."""
    rows = project.db.execute(
        f"SELECT subject FROM problems WHERE step = ? AND {_KIND.format('reason')} = ? ORDER BY id LIMIT ?",
        (step, kind, limit),
    )
    return tuple(subject for (subject,) in rows)


def counts_of_images(project: Project) -> dict[str, int]:
    """How many pictures cannot be used, by kind of reason, the most frequent first."""
    rows = project.db.execute(
        f"""SELECT {_KIND.format("problem")} AS kind, count(*) FROM images
            WHERE problem IS NOT NULL GROUP BY kind ORDER BY count(*) DESC, kind"""
    )
    return dict(rows.fetchall())


def examples_of_images(project: Project, kind: str, limit: int = 3) -> tuple[str, ...]:
    """The paths of the first few pictures that cannot be used for reasons of one kind."""
    rows = project.db.execute(
        f"""SELECT path FROM images WHERE problem IS NOT NULL AND {_KIND.format("problem")} = ?
            ORDER BY id LIMIT ?""",
        (kind, limit),
    )
    return tuple(path for (path,) in rows)


_KIND = "substr({0}, 1, instr({0} || ':', ':') - 1)"
