"""What a source says that cannot be used: kept in the project, counted, never an error of the import."""

from collections.abc import Iterable

from camtrap_gui.formats.coco_records import Refused
from camtrap_gui.project import Project, problems

_BATCH = 1000


class Doubts:
    """What a step passes over, as ``problems`` of the project, a thousand at a time. Flush it at the end."""

    def __init__(self, project: Project, step: str) -> None:
        self._project = project
        self._step = step
        self._waiting: list[tuple[str, str]] = []

    def __call__(self, subject: str, reason: str) -> None:
        self._waiting.append((subject, reason))
        if len(self._waiting) >= _BATCH:
            self.flush()

    def extend(self, refused: Iterable[Refused]) -> None:
        for one in refused:
            self(one.subject, one.reason)

    def flush(self) -> None:
        problems.add(self._project, self._step, self._waiting)
        self._waiting.clear()

    def __str__(self) -> str:
        """What was passed over so far, to be put behind a statement."""
        self.flush()
        counts = problems.counts(self._project, self._step)
        listed = ", ".join(f"{reason} {number:,}" for reason, number in counts.items())
        return f" ({listed})" if listed else ""
