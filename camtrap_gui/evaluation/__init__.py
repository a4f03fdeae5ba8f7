"""The figures of a classifier on one split, from what it said about each crop.

``Gathering`` takes in what was said, crop by crop; ``measure`` makes all figures of it, with their intervals over
locations: overall, per species, per location, per sequence, by day and by night. ``notes`` says what they do not tell.
Plain data, so that a step can store it, a panel show it and a program read it. What cannot be known is None.
"""

from camtrap_gui.evaluation.figures import DayNight, Evaluation, OfClass, OfLocation, Part, Sequences
from camtrap_gui.evaluation.leakage import Leakage
from camtrap_gui.evaluation.light import Light
from camtrap_gui.evaluation.measuring import measure, part_of
from camtrap_gui.evaluation.notes import FEW_LOCATIONS, notes
from camtrap_gui.evaluation.said import TOP, Gathering, Said
from camtrap_gui.evaluation.text import about_light, about_sequences, parts, table

__all__ = [
    "FEW_LOCATIONS",
    "TOP",
    "DayNight",
    "Evaluation",
    "Gathering",
    "Leakage",
    "Light",
    "OfClass",
    "OfLocation",
    "Part",
    "Said",
    "Sequences",
    "about_light",
    "about_sequences",
    "measure",
    "notes",
    "part_of",
    "parts",
    "table",
]
