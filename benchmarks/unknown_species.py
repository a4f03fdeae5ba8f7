"""Unknown species: how well a score tells animals of species that a classifier has not learnt from those it has.

    python -m benchmarks.unknown_species [--photos FOLDER] [--demo PROJECT] [--pictures 1800] [--least 25]

FOLDER holds one folder of pictures per species; PROJECT is a demo's project folder (default: a demo of so many pictures
is made). Crops are dealt into five folds, those of the demo by camera. One species after the other that has at least
``--least`` crops is left out of learning; the head of a quick training learns from three folds and is chosen by the
fourth. The table says how well a score tells its crops from those of the fifth fold: how often a pair is in the right
order (AUROC), how many unknown ones pass where 95 % of the known ones do, and, at the limit found on the fourth fold, how
many unknown ones are found and known ones kept. Means over the species; the worst AUROC beside it.
"""

from collections.abc import Callable, Iterator
from statistics import mean

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.confidence import Crops, Head, learn, parser_of, surveys
from camtrap_gui import unknown

Score = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Photos, then the demo; a table each, and JSON."""
    parser = parser_of(__doc__)
    parser.add_argument("--least", type=int, default=25)
    given = parser.parse_args()
    figures: dict[str, object] = {"benchmark": "unknown_species"}
    for name, some in surveys(given):
        figures |= {f"{name}_{key}": value for key, value in left_out(name, some, given.least).items()}
    print_json(figures)


def left_out(name: str, some: Crops, least: int) -> dict[str, float]:
    """How well each score tells crops of a species that was left out of learning."""
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    species = [label for label in np.unique(some.labels) if (some.labels == label).sum() >= least]
    for label in species:
        own, is_known = some.vectors[some.labels == label], some.labels != label
        train = ((some.folds > 1) & is_known).nonzero()[0]
        chosen = ((some.folds == 1) & is_known).nonzero()[0]
        head = learn(some, train, chosen)
        for method, score in scores(head, some.vectors[train], some.labels[train]):
            known = score(some.vectors[(some.folds == 0) & is_known])
            limit, foreign = unknown.limit(score(some.vectors[chosen])), score(own)
            found.setdefault(method, []).append(
                (
                    unknown.told_apart(known, foreign),
                    unknown.passed(known, foreign),
                    float((foreign < limit).mean()),
                    float((known >= limit).mean()),
                )
            )
    header = (f"{name}: {len(species)} species left out", "AUROC", "worst", "pass at 95 %", "found", "kept")
    rows = []
    for method, each in found.items():
        area, passed, seen, kept = (mean(column) for column in zip(*each, strict=True))
        rows.append((method, area, min(one[0] for one in each), passed, seen, kept))
    print(table(header, rows) + "\n", flush=True)
    return {f"auroc_{row[0].replace(' ', '_')}": float(row[1]) for row in rows}


def scores(head: Head, learnt: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, Score]]:
    """Methods by name, as functions of features [N, F] that are higher the likelier a species is known."""

    def logits(vectors: np.ndarray) -> np.ndarray:
        said: np.ndarray = head.logits(vectors)[:, head.met] / head.temperature
        return said

    def energy(vectors: np.ndarray) -> np.ndarray:
        said = logits(vectors)
        highest = said.max(1)
        made: np.ndarray = highest + np.log(np.exp(said - highest[:, None]).sum(1))
        return made

    means = np.stack([learnt[labels == label].mean(0) for label in head.met])
    spread = learnt - means[np.searchsorted(head.met, labels)]

    def confidence(vectors: np.ndarray) -> np.ndarray:
        sure: np.ndarray = head.shares(vectors).max(1)
        return sure

    def nearest(vectors: np.ndarray, among: np.ndarray = learnt) -> np.ndarray:
        like: np.ndarray = (_unit(vectors) @ _unit(among).T).max(1)
        return like

    within, overall = _distance(spread, means), _distance(learnt - learnt.mean(0), learnt.mean(0)[None])
    yield "confidence", confidence
    yield "highest logit", lambda vectors: logits(vectors).max(1)
    yield "energy", energy
    yield "likeness to the nearest crop", nearest
    yield "likeness to the nearest species", lambda vectors: nearest(vectors, means)
    yield "Mahalanobis", lambda vectors: -within(vectors)
    yield "Mahalanobis, relative", lambda vectors: overall(vectors) - within(vectors)
    yield "confidence x nearest crop", lambda vectors: confidence(vectors) * nearest(vectors)
    yield "confidence x nearest species", lambda vectors: confidence(vectors) * nearest(vectors, means)


def _unit(vectors: np.ndarray) -> np.ndarray:
    made: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return made


def _distance(spread: np.ndarray, means: np.ndarray, shrunk: float = 0.5) -> Score:
    """Squared Mahalanobis distance to the nearest mean, with the covariance of ``spread`` shrunk half to a sphere."""
    width = spread.shape[1]
    covariance = spread.T @ spread / len(spread)
    covariance = (1 - shrunk) * covariance + shrunk * np.trace(covariance) / width * np.eye(width)
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    centres = means @ factor

    def distance(vectors: np.ndarray) -> np.ndarray:
        moved = vectors @ factor
        every = (moved**2).sum(1)[:, None] - 2 * moved @ centres.T + (centres**2).sum(1)
        nearest: np.ndarray = every.min(1)
        return nearest

    return distance


if __name__ == "__main__":
    main()
