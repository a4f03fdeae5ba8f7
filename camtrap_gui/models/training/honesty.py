"""Making a trained classifier's confidence honest when its training has ended, with what was said of crops not learnt from.

After a quick training these are all crops of the training, each asked of a head that had not met its camera
(``everything``). Otherwise they are the validation crops, which have chosen the best epoch, so that the classifier looks
a little better on them than on others. What comes of it is measured on the test cameras (``camtrap evaluate``:
calibration error, precision of what is accepted).
"""

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import calibration, temperature, thresholds, unknown
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.models.training import Training
from camtrap_gui.models.training.everything import UNSEEN
from camtrap_gui.project import acceptance, runs, training_data


def make_honest(training: Training) -> None:
    """Fit the temperature, the confidence from which answers need nobody to look at them, and that below which an animal
    may be of an unknown species; keep them in the bundle.

    Nothing is done where nothing was kept of crops that were not learnt from.
    """
    heard = _unseen(training)
    if heard is None:
        return
    ids, labels, logits = heard
    fitted = temperature.fit(logits, labels)
    shares = temperature.probabilities(logits, fitted)
    said = shares.argmax(1)
    _, places = np.unique(training_data.locations(training.project, ids), return_inverse=True)
    acceptance.keep_answers(training.run, thresholds.Answers(said, shares.max(1), said == labels, places))
    made = acceptance.make_thresholds(training.run, thresholds.PRECISION)
    bundle.revise(
        training.run.model,
        temperature=fitted,
        accepting=made.accepting if made else None,
        unknown_below=unknown.limit(shares.max(1)),
    )
    errors = [_error(temperature.probabilities(logits, each), labels, places) for each in (1.0, fitted)]
    figures = {
        "temperature": fitted,
        "calibration_error_before": errors[0],
        "calibration_error_after": errors[1],
    }
    runs.add_figures(training.project, training.run.id, figures)


def _unseen(training: Training) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]] | None:
    """Ids [N], classes [N] and logits [N, C] of crops, said by what had not learnt from them."""
    out_of_fold, validation = (training.run.folder / name for name in (UNSEEN, "validation.npz"))
    kept = out_of_fold if out_of_fold.is_file() else validation
    if not kept.is_file():  # the network is from before it was
        return None
    with np.load(kept, allow_pickle=False) as file:
        ids, labels, logits = (file[name] for name in ("ids", "labels", "logits"))
    learnt_from = kept is validation and np.isin(ids, training.train.ids).any()
    return None if learnt_from else (ids, labels, logits)


def _error(shares: NDArray[np.float32], labels: NDArray[np.integer], places: NDArray[np.integer]) -> float:
    return calibration.measure(shares.max(1).astype(float), shares.argmax(1) == labels, places).error
