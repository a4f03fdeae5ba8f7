"""Measuring a million predictions: reading them, and all figures with their intervals over cameras.

    python -m benchmarks.evaluation [--crops 1000000] [--locations 225] [--classes 61] [--naive 3]

The predictions are made up: species live at some cameras only, and cameras differ in how hard they are. "Read" is what
``camtrap evaluate`` does with predictions that are in the project, its list as CSV included. "Measured" is everything
that is computed of them: a thousand draws of cameras for every figure of the whole, of 61 species, of sequences, of
day and night. Naively each draw is put together crop by crop and measured anew, for the figures of the whole and of the
species alone; ``--naive`` of the thousand draws are done so, as often as they fit, and the rest is extrapolated. The
two must agree on these draws.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui import evaluation, metrics, resampling
from camtrap_gui.evaluation import TOP, Light, Said
from camtrap_gui.evaluation.counts import count
from camtrap_gui.project import Project
from camtrap_gui.project.runs import start
from camtrap_gui.steps import evaluate


def main() -> None:
    """A table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=int, default=1_000_000)
    parser.add_argument("--locations", type=int, default=225)
    parser.add_argument("--classes", type=int, default=61)
    parser.add_argument("--naive", type=int, default=3)
    given = parser.parse_args()
    said = made_up(given.crops, given.locations, given.classes)
    measured, naive = Stopwatch("measured"), Stopwatch("naive")
    before = peak_mib()
    with measured.round(given.crops):
        figures = evaluation.measure(said)
    grown = peak_mib() - before
    counts = counted(said)
    with Stopwatch("drawn").round(1):
        began = time.perf_counter()
        counts.figures()
        drawn_s = time.perf_counter() - began
    with naive.round(given.naive):
        rounds = naively(said, given.naive)
    assert np.allclose(rounds, quickly(said, given.naive)), "the two ways disagree"
    naive_s = naive.seconds[0] / given.naive * resampling.ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        read = Stopwatch("read")
        with Project.create(Path(folder) / "project") as project:
            run_id = fill(project, said)
            kept = peak_mib()
            with read.round(given.crops):
                again = read_as_evaluate(project, run_id)
            read_mib = peak_mib() - kept
        assert (again.truth == said.truth).all() and (again.ranked == said.ranked).all()
    rows = [
        ("read and listed", read.seconds[0], read.rate, read_mib),
        ("measured, all figures", measured.seconds[0], measured.rate, grown),
        ("  of it the draws of the whole", drawn_s, given.crops / drawn_s, ""),
        ("naively, whole and species", naive_s, given.crops / naive_s, ""),
    ]
    print(table(("", "seconds", "crops/s", "MiB more at the peak"), rows))
    print(f"The draws alone: {naive_s / drawn_s:,.0f} times as fast as naively.")
    print_json(
        {
            "benchmark": "evaluation",
            "crops": given.crops,
            "locations": given.locations,
            "classes": given.classes,
            "read_s": read.seconds[0],
            "measure_s": measured.seconds[0],
            "measure_mib": grown,
            "naive_s": naive_s,
            "draws_times_naive": naive_s / drawn_s,
            "whole_times_naive": naive_s / measured.seconds[0],
            "interval_width": None if figures.interval is None else figures.interval[1] - figures.interval[0],
        }
    )


def made_up(crops: int, locations: int, classes: int, seed: int = 0) -> Said:
    """What a classifier that is right in some 80 % might have said, in sequences of three, by day and by night."""
    random = np.random.default_rng(seed)
    location = np.repeat(random.integers(0, locations, -(-crops // 3)), 3)[:crops]
    likely = np.cumsum(random.dirichlet(np.full(classes, 0.1), locations), axis=1)
    spot = np.repeat(random.random(-(-crops // 3)), 3)[:crops]
    truth = np.empty(crops, np.int32)
    for place in range(locations):
        here = location == place
        truth[here] = np.minimum(np.searchsorted(likely[place], spot[here]), classes - 1)
    hard = random.beta(8, 2, locations)[location]
    first = np.where(random.random(crops) < hard, truth, random.integers(0, classes, crops))
    ranked = ((first[:, None] + np.arange(TOP) * 7) % classes).astype(np.int32)
    scores = np.sort(random.random((crops, TOP), np.float32), axis=1)[:, ::-1]
    scores /= scores.sum(axis=1, keepdims=True)
    return Said(
        [f"species {n}" for n in range(classes)],
        [f"camera {n:03}" for n in range(locations)],
        truth,
        ranked,
        scores[:, 0].astype(float),
        location,
        scores,
        np.arange(crops) // 3,
        np.where(random.random(crops) < 0.4, Light.NIGHT, Light.DAY).astype(np.int8),
    )


def counted(said: Said) -> evaluation.counts.Counts:
    """What figures are computed from."""
    in_top = (said.ranked == said.truth[:, None]).any(axis=1)
    return count(said.truth, said.ranked[:, 0], in_top, said.location, len(said.classes))


def quickly(said: Said, rounds: int) -> np.ndarray:
    """Accuracy, macro-F1 and recalls of the first rounds, from sums over locations."""
    counts = counted(said)
    sums = next(iter(resampling.drawn(counts.sums, rounds)))
    support, predicted, hits = (sums[:, n * counts.classes : (n + 1) * counts.classes] for n in range(3))
    figures = metrics.agreement(hits, support, predicted)
    whole = hits.sum(axis=1) / support.sum(axis=1), metrics.macros(figures.f1, support)
    return np.nan_to_num(np.column_stack([*whole, figures.recall]))


def naively(said: Said, rounds: int) -> np.ndarray:
    """The same from the crops of every draw."""
    random = np.random.default_rng(0)
    order = np.argsort(said.location, kind="stable")
    of_location = np.split(order, np.cumsum(np.bincount(said.location))[:-1])
    locations = len(of_location)
    found = []
    for often in random.multinomial(locations, np.full(locations, 1 / locations), rounds):
        drawn = [crops for crops, times in zip(of_location, often, strict=True) for _ in range(times)]
        which = np.concatenate(drawn)
        confusion = said.confusion(which)
        recalls = metrics.per_class(confusion).recall
        accuracy = metrics.top_k_accuracy(said.truth[which], said.ranked[which], 1)
        found.append([accuracy, metrics.macro_f1(confusion), *recalls])
    return np.nan_to_num(np.array(found))


def fill(project: Project, said: Said) -> str:
    """A project whose test crops are these, with the predictions of a run."""
    run = start(project, "quick", "efficientnet-lite0", {}, {"classes": said.classes, "data_hash": ""}, {})
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            ((n + 1, name, n) for n, name in enumerate(said.classes)),
        )
        assert said.sequence is not None and said.scores is not None and said.light is not None
        sequences, lights = said.sequence.tolist(), said.light.tolist()
        truth, places = said.truth.tolist(), said.location.tolist()
        db.executemany(
            "INSERT INTO sequences (id, root_id, name) VALUES (?, 1, ?)",
            ((n + 1, str(n)) for n in range(sequences[-1] + 1)),
        )
        db.executemany(
            "INSERT INTO images (id, key, root_id, path, sequence_id, taken) VALUES (?1, ?1, 1, ?1, ?2, ?3)",
            (
                (n + 1, sequence + 1, f"2024-05-01T{12 if light == Light.DAY else 22}:00:00")
                for n, (sequence, light) in enumerate(zip(sequences, lights, strict=True))
            ),
        )
        db.executemany(
            "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " VALUES (?1, ?1, ?2, ?3, 'test', ?4, 0, 0, 9, 9, '')",
            (
                (n + 1, truth[n] + 1, said.locations[places[n]], f"{said.classes[truth[n]]}/{n}.jpg")
                for n in range(len(truth))
            ),
        )
        guesses = zip(said.ranked.tolist(), said.scores.tolist(), strict=True)
        db.executemany(
            "INSERT INTO predictions (run_id, crop_id, species_id, confidence, top) VALUES (?, ?, ?, ?, ?)",
            (
                (
                    *(run.id, n + 1, ranked[0] + 1, scores[0]),
                    json.dumps([(said.classes[g], s) for g, s in zip(ranked, scores, strict=True)]),
                )
                for n, (ranked, scores) in enumerate(guesses)
            ),
        )
    return run.id


def read_as_evaluate(project: Project, run_id: str) -> Said:
    """What the step reads, with its list of predictions."""
    from camtrap_gui.project import runs

    return evaluate.read_and_list(
        project, runs.get(project, run_id), "test", project.folder / "evaluation", lambda _: None
    )


def peak_mib() -> float:
    """The most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
