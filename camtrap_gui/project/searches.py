"""Filters that a person wants to use again, by name."""

import msgspec

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse


def save_search(project: Project, name: str, chosen: browse.Filter) -> None:
    """Keep a filter under a name, in place of an earlier one of that name."""
    if not name.strip():
        raise Problem("A saved search needs a name.")
    with project.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO searches (name, filter) VALUES (?, ?)",
            (name.strip(), msgspec.json.encode(chosen).decode()),
        )


def searches(project: Project) -> dict[str, browse.Filter]:
    """The saved searches by name, sorted."""
    rows = project.db.execute("SELECT name, filter FROM searches ORDER BY name")
    return {name: msgspec.json.decode(text, type=browse.Filter) for name, text in rows}


def forget_search(project: Project, name: str) -> None:
    """Remove a saved search; nothing happens when there is none of that name."""
    with project.write() as db:
        db.execute("DELETE FROM searches WHERE name = ?", (name,))
