"""What a training says while it goes on: states and epochs as Progress."""

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.classifiers.learning import Epoch, State


class Watch:
    """Tells of one phase. ``per_epoch`` is how much is done in an epoch, ``best`` the macro-F1 reached before.

    ``remark`` is what else there is to say of now.
    """

    remark = ""

    def __init__(self, report: Report, phase: str, epochs: int, per_epoch: int, best: float = 0.0) -> None:
        self._report, self._phase, self._epochs = report, phase, epochs
        self._per_epoch = per_epoch
        self._values = {"best": best}

    def say(self, state: State) -> None:
        """A step was made."""
        done = (state.epoch - 1) * self._per_epoch + min(state.crops, self._per_epoch - 1)
        note = ", ".join(filter(None, (f"epoch {state.epoch} of {self._epochs}", self.remark)))
        values = {"loss": state.loss_sum / max(1, state.crops), **self._values}
        self._report(Progress(done, self._epochs * self._per_epoch, note, self._phase, values))

    def hear(self, epoch: Epoch) -> None:
        """An epoch has ended."""
        best = max(self._values["best"], epoch.macro_f1)
        self._values = {"accuracy": epoch.val_accuracy, "macro_f1": epoch.macro_f1, "best": best}

    def end(self) -> None:
        """The phase has ended, at the last epoch or before."""
        total = self._epochs * self._per_epoch
        self._report(Progress(total, total, "", self._phase, self._values))
