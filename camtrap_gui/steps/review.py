"""Find out which pictures are worth a look first: what teaches most, what is alike, which labels may be wrong."""

from dataclasses import dataclass, field
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.project import Project, detections, queues, suggestions


@dataclass(frozen=True)
class Options:
    run: Annotated[str, Option("Training run whose classifier is asked; the current one unless given.")] = ""
    fresh: Annotated[bool, Option("Look at every animal again, also at those looked at before.")] = False
    seed: Annotated[int, Option("Start of the random choices.", low=0, high=2**31 - 1, advanced=True)] = 0


@dataclass(frozen=True)
class Result:
    """``queues`` are the images in each queue that needs no name."""

    queues: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The queues with counts."""
        return "\n".join(f"{name:12} {count:>9,}" for name, count in self.queues.items())


def run(project: Project, options: Options, report: Report) -> Result:
    """Look at what is new, and put all in order."""
    detector = detections.latest_detector(project)
    suggestions.prune(project, detector)
    return Result(queues.counts(project))
