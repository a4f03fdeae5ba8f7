"""Find out which pictures to look at first: what teaches most, what is alike, which labels may be wrong.

Every animal that the detector found is looked at once, by the backbone and by the current classifier if there is one.
From what they see come suggestions, an order that teaches most first and an order of likeness. Then the labels of all
crops are checked by classifiers that have not seen their cameras. A review that was stopped or killed is taken up again
by the same command, and only what is new is looked at the next time.
"""

from dataclasses import dataclass, field
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.project import Project, detections, problems, runs
from camtrap_gui.project.runs import Run


@dataclass(frozen=True)
class Options:
    run: Annotated[str, Option("Training run whose classifier is asked; the current one unless given.")] = ""
    fresh: Annotated[
        bool, Option("Look at every animal again, also where nothing has changed.", advanced=True)
    ] = False
    seed: Annotated[int, Option("Start of the random choices.", low=0, high=2**31 - 1, advanced=True)] = 0


@dataclass(frozen=True)
class Result:
    """``looked_at`` animals are new of ``animals`` in all, seen by the classifier of ``run`` ('' where there is none).

    ``checked`` labels were checked, ``doubted`` of them contradicted. ``unusable`` pictures and crops are among the
    problems of this step. ``queues`` are the images left in each queue, by its title.
    """

    run: str
    animals: int
    looked_at: int
    checked: int
    doubted: int
    unusable: int
    queues: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """What was done, and the queues with counts."""
        by = f"by the classifier of run {self.run}" if self.run else "without a classifier: there is none yet"
        lines = [
            f"Looked at {self.looked_at:,} new of {self.animals:,} animals, {by}."
            if self.animals
            else "No animals to look at: no detector has found any yet (camtrap detect).",
            f"Checked {self.checked:,} labels: {self.doubted:,} look like another species."
            if self.checked
            else "No labels to check: that takes crops of two species from two places (camtrap crop).",
        ]
        if self.unusable:
            lines.append(
                f"{self.unusable:,} pictures or crops could not be used; see the problems of this step."
            )
        widest = max(map(len, self.queues), default=0)
        lines += ["Images left in the queues:"]
        lines += [f"  {title:{widest}} {count:>9,}" for title, count in self.queues.items()]
        lines += ["List one, such as the least sure: camtrap labels queue PROJECT least-sure"]
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Look at what is new, then put all in order. Raises Problem for an unknown run, or without the backbone's weights."""
    from camtrap_gui.models import reviewing
    from camtrap_gui.project import doubts, queues, suggestions

    trained = _classifier(project, options.run)
    detector = detections.latest_detector(project)
    if options.fresh:
        suggestions.forget(project)
    suggestions.prune(project, detector)
    problems.clear(project, "review")
    labelled = doubts.labelled(project, least_groups=5)
    review = checked = None
    if detector is not None or len(labelled.ids):
        review = reviewing.Review(project, trained, options.seed, report)
        if detector is not None:
            review.look(detector)
        known, rows = review.known(detector)
        checked = review.check(labelled)
        review.put_in_order(known, rows, checked)
    titles = {kind.name: kind.title for kind in queues.KINDS}
    return Result(
        run=trained.id if trained else "",
        animals=suggestions.count(project),
        looked_at=review.looked_at if review else 0,
        checked=checked.count if checked else 0,
        doubted=checked.doubted if checked else 0,
        unusable=review.unusable if review else 0,
        queues={titles[name]: count for name, count in queues.counts(project).items()},
    )


def _classifier(project: Project, run_id: str) -> Run | None:
    """The run asked for, else the current one; None where none has a classifier."""
    if run_id:
        return runs.choose(project, run_id)
    return runs.current(project) if any(run.has_model for run in runs.all_of(project)) else None
