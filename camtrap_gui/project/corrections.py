"""How much people have decided since a run began to learn: what a new training would learn anew."""

from collections.abc import Iterable

from camtrap_gui.project import Project
from camtrap_gui.project.runs import Run

_TABLES = ("labels", "boxes", "detections")
"""What a decision about an image changes; a flag, or the name of a species, is nothing to learn from."""


class Corrections:
    """Counts images, reading every edit only once: cheap enough to be asked after every decision."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._images_of: dict[int, frozenset[int]] = {}

    def since(self, run: Run) -> int:
        """Images whose labels or boxes a person changed since the run was started; what was undone does not count."""
        edits = self._project.db.execute(
            "SELECT id FROM edits WHERE made > ? AND undone = 0", (run.started.isoformat(),)
        ).fetchall()
        return len(frozenset().union(*(self._images(edit_id) for (edit_id,) in edits)))

    def _images(self, edit_id: int) -> Iterable[int]:
        if edit_id not in self._images_of:
            rows = self._project.db.execute(
                "SELECT DISTINCT coalesce(json_extract(key, '$.image_id'), json_extract(after, '$.image_id'),"
                f" json_extract(before, '$.image_id')) FROM changes WHERE edit_id = ? AND \"table\" IN {_TABLES}",
                (edit_id,),
            )
            self._images_of[edit_id] = frozenset(image_id for (image_id,) in rows)
        return self._images_of[edit_id]


def corrections(project: Project, run: Run) -> int:
    """The same, asked once."""
    return Corrections(project).since(run)
