"""Authors of labels and boxes that are no persons."""

MODEL = "model"
"""Of labels that a classifier was sure enough of to need no look (``sure``). They are no truth to learn from."""

MACHINES = ("import", "folder", MODEL)
