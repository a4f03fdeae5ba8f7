"""Authors of labels and boxes that are no persons."""

MODEL = "model"
"""Of labels that a classifier was sure enough of to need no look (``sure``). They are no truth to learn from."""

SOURCES = ("import", "folder")
"""Of those that came with the pictures."""

MACHINES = (*SOURCES, MODEL)


def is_author(author: str, value: str = "?") -> str:
    """The SQL condition that a label is of this author, whose name is bound to ``value``; labels that came with pictures
    are in no index of authors, and what is to be looked for in it must say so.
    """
    return f"author = {value}" + ("" if author in SOURCES else f" AND author NOT IN {SOURCES}")
