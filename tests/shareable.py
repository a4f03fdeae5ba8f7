"""A survey to be written for other programs: reviewable, with a person's decisions and what only a machine saw."""

from pathlib import Path

from camtrap_gui.project import Project, decisions
from camtrap_gui.project.decisions import Said
from tests import reviewable

PLACES = "location,latitude,longitude\nB03,-2.5,34.8\nC11,-2.25,35\n"


def make(folder: Path) -> Project:
    """An open project; ``coordinates.csv`` beside it says where its cameras stood.

    Images 1 to 5: a gnu that the source named, three lions that Ana counted, an empty picture, a zebra she found and
    one she drew, a person she labelled beside the animal of the detector. The rest only machines saw.
    """
    project = Project.open(reviewable.make(folder))
    (folder / "coordinates.csv").write_text(PLACES)
    decisions.label(project, [2], [Said("lion", 3)], author="Ana")
    decisions.label(project, [3], [Said("empty")], author="Ana")
    decisions.draw_box(project, 4, (0.1, 0.1, 0.2, 0.2), "zebra", author="Ana")
    decisions.label(project, [5], [Said("human")], author="Ana")
    return project
