"""The figures of every epoch of a run, as its training writes them down: also while it is still going on."""

from dataclasses import dataclass

import msgspec

from camtrap_gui.project.runs import Run

FILE = "metrics.jsonl"


@dataclass(frozen=True)
class Epoch:
    """One epoch of one phase (stage). Loss and accuracy are of the training crops, the others of the validation crops.

    ``epoch`` counts from 1 within its phase. ``is_best`` says that its network was the best of the run so far.
    """

    phase: str
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    macro_f1: float
    is_best: bool


def of_run(run: Run) -> list[Epoch]:
    """The epochs so far, in order; none before the first has ended. A line that is still being written is left out."""
    try:
        lines = (run.folder / FILE).read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    epochs = []
    for line in lines:
        try:
            epochs.append(msgspec.json.decode(line, type=Epoch))
        except msgspec.DecodeError:  # cut short by a kill; written again when the run goes on
            continue
    return epochs


def best(epochs: list[Epoch]) -> Epoch | None:
    """The epoch whose network the run keeps."""
    return next((epoch for epoch in reversed(epochs) if epoch.is_best), None)
