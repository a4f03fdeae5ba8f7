"""What a run's classifier said of crops it had not learnt from, and which of its answers need nobody to look at them.

Both lie in the run's folder: ``answers.npz`` from its training (one entry for each crop that was asked about),
``thresholds.json`` made from it for the precision that is wanted.
"""

import zipfile

import msgspec
import numpy as np

from camtrap_gui.files import replacing, write_text
from camtrap_gui.project import Project, runs
from camtrap_gui.project.runs import Run
from camtrap_gui.thresholds import Accepting, Answers, Thresholds, fit

ANSWERS, THRESHOLDS = "answers.npz", "thresholds.json"


def keep_answers(run: Run, answers: Answers) -> None:
    """Keep what the finished classifier says of crops it has not learnt from."""
    with replacing(run.folder / ANSWERS) as beside, beside.open("wb") as file:
        np.savez(
            file,
            said=answers.said,
            confidence=answers.confidence,
            correct=answers.correct,
            location=answers.location,
        )


def answers(run: Run) -> Answers | None:
    """What was kept; None for a run from before it was, or without crops kept from learning."""
    try:
        with np.load(run.folder / ANSWERS, allow_pickle=False) as file:
            return Answers(file["said"], file["confidence"], file["correct"], file["location"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def heard_on(run: Run) -> str:
    """On which crops was found how far the run's confidence can be trusted, to follow "on"; '' where that is not known."""
    known = answers(run)
    if known is None:
        return ""
    cameras = len(set(known.location.tolist()))
    at = f"{cameras:,} camera{'' if cameras == 1 else 's'}"
    if run.learnt_from_validation:
        return f"{len(known.said):,} crops of {at}, each asked of a layer that learnt in the same way from other cameras"
    return f"{len(known.said):,} validation crops of {at}, which have also chosen the best epoch"


def make_thresholds(run: Run, precision: float) -> Thresholds | None:
    """Make and keep the thresholds of a run for a wanted precision; None where no answers were kept."""
    known = answers(run)
    if known is None:
        return None
    made = fit(known, run.classes, precision)
    text = msgspec.json.format(msgspec.json.encode(made), indent=1).decode()
    write_text(run.folder / THRESHOLDS, text + "\n")
    return made


def thresholds(run: Run) -> Thresholds | None:
    """The thresholds that were made last; None where there are none."""
    try:
        return msgspec.json.decode((run.folder / THRESHOLDS).read_bytes(), type=Thresholds)
    except (OSError, msgspec.DecodeError):
        return None


def accepting_now(project: Project, run: Run) -> Accepting | None:
    """The thresholds of a run in the names that its species have now.

    Species that were merged since are accepted from the highest of their thresholds on, and not at all where one has none.
    """
    made = thresholds(run)
    if made is None:
        return None
    least: dict[str, float] = {}
    for name, now in zip(run.classes, runs.names_of_now(project, run), strict=True):
        own = made.accepting.least.get(name, float("inf"))
        least[now] = max(own, least.get(now, own))
    return Accepting(made.precision, {name: own for name, own in least.items() if own <= 1})
