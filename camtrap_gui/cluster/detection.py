"""Looking for animals in images as a task for a crew: images are leased, boxes come back."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from camtrap_gui.cluster import shipping
from camtrap_gui.cluster.tasks import Files, Look
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.project import Project, detections, leases
from camtrap_gui.project.detections import Seen, UnseenImage


@dataclass(frozen=True)
class DetectorTool:
    """A detector."""

    entry: Entry

    def read(self) -> Files:
        return shipping.read(self.entry)

    def load(self, fetch: Callable[[], Files], threads: int) -> Look:
        from camtrap_gui.models import looking

        detector = shipping.detector(self.entry, fetch)

        def look(images: Sequence[UnseenImage]) -> list[Seen]:
            with closing(looking.look(detector, images, threads)) as batches:
                return [one for batch in batches for one in batch]

        return look


class Detecting:
    """The images that a detector has not seen, ``number`` being the detector's in the project."""

    def __init__(self, project: Project, number: int, entry: Entry) -> None:
        self.tool = DetectorTool(entry)
        self.total = detections.count_unseen(project, number)
        self._project, self._number = project, number

    def lease(self, holder: str, after: int, size: int) -> leases.Lease[UnseenImage] | None:
        return leases.give_images(self._project, self._number, holder, after, size)

    def keep(self, lease_id: int, answers: Sequence[Seen], is_over: bool) -> None:
        leases.keep(self._project, self._number, lease_id, answers, is_over)

    def failed(self, item: UnseenImage, reason: str) -> Seen:
        return Seen(item.id, (), reason)

    def is_over(self) -> bool:
        return detections.count_unseen(self._project, self._number) == 0
