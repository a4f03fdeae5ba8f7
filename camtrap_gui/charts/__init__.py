"""Charts as matplotlib Figures, from plain numbers: the window shows them, the command line saves them.

Rows carry their own names and numbers, so there is nothing to look up in a legend and no axis to read off. A chart
grows with its rows instead of shrinking its text. Colours come from a theme, light or dark, and colour-blind people
can tell them apart.
"""

from camtrap_gui.charts.bars import counts, over_time
from camtrap_gui.charts.dots import reliability
from camtrap_gui.charts.matrix import confusion
from camtrap_gui.charts.paper import FORMATS, THEMES, Theme, Tip, save, tip
from camtrap_gui.charts.scores import Score, of_species, scores

__all__ = [
    "FORMATS",
    "THEMES",
    "Score",
    "Theme",
    "Tip",
    "confusion",
    "counts",
    "of_species",
    "over_time",
    "reliability",
    "save",
    "scores",
    "tip",
]
