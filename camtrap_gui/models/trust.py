"""How far a run's confidence can be trusted on crops it has not seen: what is accepted, what is taken to be unknown."""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from camtrap_gui import files, thresholds
from camtrap_gui.evaluation import Said
from camtrap_gui.jobs import to_plain
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, acceptance, evaluations
from camtrap_gui.project.runs import Run
from camtrap_gui.thresholds import Answers, Measured


def measured(project: Project, run: Run, split: str, precision: float | None, said: Said) -> Measured | None:
    """What the run's thresholds do on the test crops, which is kept with the evaluation; None for other splits, or
    without thresholds.

    A ``precision`` makes new ones, from the answers kept of the training. Raises Problem where there are none.
    """
    if precision is not None:
        made = acceptance.make_thresholds(run, precision)
        if made is None:
            raise Problem(
                f"Run {run.id} kept no answers on crops it had not learnt from, so nothing tells how sure is sure enough."
                " Train again: camtrap train --fresh."
            )
        bundle.revise(run.model, accepting=made.accepting)
    accepting = acceptance.accepting_now(project, run)
    if accepting is None or split != "test":
        return None
    guess = said.ranked[:, 0]
    answers = Answers(guess, said.confidence, guess == said.truth, said.location)
    found = thresholds.measure(answers, said.classes, accepting)
    plain = json.dumps(to_plain(found), indent=1, ensure_ascii=False) + "\n"
    files.write_text(evaluations.folder(run, "test") / evaluations.ACCEPTANCE, plain)
    return found


def notes(run: Run, said: Said, trained_on: Sequence[int]) -> Iterator[str]:
    """What confidence was made honest with, and how many crops were taken to be perhaps of species the classifier does
    not know. ``trained_on`` are the training crops of each class."""
    if heard_on := acceptance.heard_on(run):
        yield f"Confidence was calibrated on {heard_on}."
    _, below = bundle.judging(run.model)
    if not below:
        return
    marked = said.confidence < below
    is_foreign = np.asarray(trained_on)[said.truth] == 0
    note = (
        f"Less sure than {below:.0%}, so perhaps of a species it does not know: {int((marked & ~is_foreign).sum()):,} of"
        f" {int((~is_foreign).sum()):,} crops of species it has learnt"
    )
    if is_foreign.any():
        note += f", {int((marked & is_foreign).sum()):,} of {int(is_foreign.sum()):,} of species it has not"
    yield f"{note}."
