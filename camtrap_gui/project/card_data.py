"""When the pictures of the data set were taken, for the card of a classifier."""

from camtrap_gui.project import Project


def dates(project: Project) -> dict[str, tuple[str, str]]:
    """The days of the first and the last picture of each split, as the cameras' clocks said ("2024-05-31")."""
    rows = project.db.execute(
        "SELECT split, min(substr(taken, 1, 10)), max(substr(taken, 1, 10))"
        " FROM crops JOIN images ON images.id = crops.image_id WHERE taken IS NOT NULL GROUP BY split"
    )
    return {split: (first, last) for split, first, last in rows}
