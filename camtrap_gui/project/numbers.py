"""Ids out of the database by the million: numpy arrays and one mark per possible id, not a Python object each."""

from collections.abc import Sequence

import numpy as np

from camtrap_gui.project import Project


def column(project: Project, query: str, *values: object) -> np.ndarray:
    """The whole numbers that a query gives as ``id``, in its order."""
    return columns(project, ("id",), query, *values)[0]


def columns(project: Project, names: Sequence[str], query: str, *values: object) -> list[np.ndarray]:
    """Columns of whole numbers, none NULL, that a query gives under these names, in its order.

    They come as one text each: a million Python objects take three times as long. SQLite keeps the order of a
    subquery for group_concat.
    """
    wanted = ", ".join(f"group_concat({name})" for name in names)
    row = project.db.execute(f"SELECT {wanted} FROM ({query})", values).fetchone()
    return [np.fromstring(text or "", np.int64, sep=",") for text in row]


def marks(highest: int, ids: np.ndarray) -> np.ndarray:
    """For every number from 0 to ``highest`` whether it is among ``ids``; larger ids are passed over."""
    found = np.zeros(highest + 1, bool)
    found[ids[ids <= highest]] = True
    return found


def marked(project: Project, highest: int, query: str, *values: object) -> np.ndarray:
    """For every number from 0 to ``highest`` whether a query gives it as ``id``."""
    return marks(highest, column(project, query, *values))
