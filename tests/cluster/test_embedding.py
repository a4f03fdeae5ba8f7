"""Crops looked at elsewhere: by a crew, in shards, here; the features are the same, and training finds them done."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.cluster import crop_shard, embedding, leasing
from camtrap_gui.cluster.ray_crew import Outcome
from camtrap_gui.cluster.ray_worker import Found
from camtrap_gui.cluster.workers import Place, Worker
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import store as models
from camtrap_gui.models.classifiers import backbones, features
from camtrap_gui.models.training import phases
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, problems
from camtrap_gui.steps import embed, merge, named, start, train
from tests import tiny

CROPS = {
    ("zebra", "train"): 20,
    ("gazelle", "train"): 14,
    ("zebra", "val"): 6,
    ("gazelle", "val"): 6,
    ("rhino", "test"): 4,
}
COUNT = sum(CROPS.values())
OPTIONS = embed.Options(backbone="tiny")


@pytest.fixture
def survey(tmp_path, tiny_models) -> Path:
    """A project with crops, and a backbone that is quick."""
    with Project.create(tmp_path / "survey") as project:
        tiny.add_crops(project, CROPS)
    return tmp_path / "survey"


@pytest.fixture
def wanted(survey, quiet) -> dict[str, np.ndarray]:
    """What one computer sees."""
    alone = survey.with_name("alone")
    shutil.copytree(survey, alone)
    with Project.open(alone) as project:
        result = embed.run(project, OPTIONS, quiet)
        assert (result.crops, result.seen, result.new, result.unusable) == (COUNT, COUNT, COUNT, {})
    return seen(alone)


def seen(folder: Path) -> dict[str, np.ndarray]:
    """The features of every crop of a project that has some, by hash."""
    with Project.open(folder) as project:
        store = features.store_of(folder, tiny.TINY)
        hashes = [row[0] for row in project.db.execute("SELECT sha256 FROM crops")]
        rows = store.rows(hashes)
        return {s: store.vectors()[row].copy() for s, row in zip(hashes, rows, strict=True) if row >= 0}


def assert_same(some: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> None:
    assert some.keys() == others.keys()
    for sha256, vector in some.items():
        np.testing.assert_allclose(vector, others[sha256], rtol=2e-3, atol=1e-3)


class Crew:
    """Workers in this process; ``dies`` says of which piece of work one dies."""

    def __init__(self, tool, dies=lambda worker, crops: False) -> None:
        self.workers = [Worker(n, None, Place(f"computer{n}", "", 0)) for n in (1, 2)]
        self.reasons, self.is_hopeless, self.dies, self.queue, self.shown = [], False, dies, [], []
        self.look = tool.load(tool.read, 1)

    def grow(self) -> None: ...

    def free(self) -> Worker | None:
        worker = min(self.workers, key=lambda worker: worker.in_hand)
        return worker if worker.in_hand < 2 else None

    def give(self, worker, piece, crops) -> None:
        worker.in_hand += 1
        self.queue.append((worker, piece, crops))

    def outcomes(self, timeout_s: float) -> list[Outcome]:
        if not self.queue:
            return []
        worker, piece, crops = self.queue.pop(0)
        worker.in_hand -= 1
        if self.dies(worker, crops):
            return [Outcome(piece, None, died=True)]
        self.shown += [crop.id for crop in crops]
        worker.done, worker.seconds = worker.done + len(crops), worker.seconds + 1
        return [Outcome(piece, Found(self.look(crops), 1.0))]


def task_of(project: Project) -> embedding.Embedding:
    store = features.store_of(project.folder, tiny.TINY)
    return embedding.Embedding(project, store, tiny.TINY, models.get("tiny"))


def leases_of(project: Project) -> int:
    return project.db.execute("SELECT count(*) FROM crop_leases").fetchone()[0]


def test_that_a_crew_sees_what_one_computer_sees_though_a_worker_dies(survey, wanted):
    lost: list[int] = []

    def dies_once(worker, crops):
        if lost or worker.number != 2 or not worker.done:
            return False
        lost.extend(crop.id for crop in crops)
        return True

    with Project.open(survey) as project:
        task = task_of(project)
        crew = Crew(task.tool, dies_once)
        kept = [one for batch in leasing.work(project, task, crew) for one in batch]
        assert task.total == COUNT == len(kept) and leases_of(project) == 0
    assert lost and sorted(crew.shown) == list(range(1, COUNT + 1))
    assert_same(seen(survey), wanted)


def test_that_a_crew_that_is_stopped_goes_on_with_what_is_left(survey, wanted):
    with Project.open(survey) as project:
        task = task_of(project)
        batches = leasing.work(project, task, Crew(task.tool))
        kept = 0
        while kept < 10:
            kept += len(next(batches))
        assert leases_of(project) > 0
        batches.close()
        assert leases_of(project) == 0 and len(seen(survey)) == kept
        again = task_of(project)
        crew = Crew(again.tool)
        list(leasing.work(project, again, crew))
        assert again.total == COUNT - kept == len(crew.shown)
    assert_same(seen(survey), wanted)


def test_that_crops_that_cannot_be_used_end_the_work_all_the_same(survey):
    with Project.open(survey) as project:
        (survey / "crops/zebra/00003.jpg").write_bytes(b"")
        task = task_of(project)
        kept = [
            one
            for batch in leasing.work(
                project, task, Crew(task.tool, lambda w, crops: any(c.id == 7 for c in crops))
            )
            for one in batch
        ]
        bad = {one.crop.path.name: one.problem for one in kept if one.problem}
    assert (
        bad.keys() == {"00003.jpg", "00007.jpg"}
        and "empty" in bad["00003.jpg"]
        and "deadly" in bad["00007.jpg"]
    )
    assert len(seen(survey)) == COUNT - 2


def test_that_what_was_seen_needs_no_second_look_and_bad_crops_are_named(survey, quiet):
    (survey / "crops/zebra/00005.jpg").unlink()

    def stop(progress):
        if progress.done >= 32:
            raise Cancelled

    with Project.open(survey) as project:
        with pytest.raises(Cancelled):
            embed.run(project, OPTIONS, stop)
        result = embed.run(project, OPTIONS, quiet)
        assert (result.new, result.seen) == (COUNT - 32, COUNT - 1) and list(result.unusable.values()) == [1]
        assert next(problems.of_step(project, "embed"))[0] == "zebra/00005.jpg"
        assert "missing" in result.text()


def test_that_training_finds_its_crops_looked_at(survey, wanted, quiet, monkeypatch):
    class Blind(features.Embedder):
        def __call__(self, images):
            raise AssertionError("it was seen before")

    shutil.copytree(survey.with_name("alone") / "features", survey / "features")
    monkeypatch.setattr(phases.features, "Embedder", Blind)
    with Project.open(survey) as project:
        result = train.run(project, train.Options(backbone="tiny", epochs=1), quiet)
    assert result.train_crops == 34 and result.unusable == 0


def test_that_without_options_it_is_what_training_and_review_look_with(installed_models, quiet):
    backbone, entry = embed._backbone(embed.Options(), quiet)
    assert backbone == backbones.usual() and entry == models.get(backbones.DEFAULT)


def look(folder: Path, shard: str, **options) -> embed.ShardResult:
    return start(
        named("embed"), folder, embed.Options(backbone="tiny", shard=shard, **options), lambda _: None
    )


def bring_together(folder: Path, *files: Path, preview: bool = False) -> merge.Result:
    return start(named("merge"), folder, merge.Options(files, preview), lambda _: None)


def test_that_shards_merged_are_what_one_computer_sees(survey, wanted):
    results = [look(survey, f"{number}/3") for number in (3, 1)]
    assert not (survey / "features").exists() and all(result.new for result in results)
    gaps = bring_together(survey, preview=True)
    assert not (survey / "features").exists() and gaps.crops[0].new == sum(result.new for result in results)
    (merged,) = bring_together(survey).crops
    assert merged.missing == (2,) and merged.left == COUNT - merged.new and merged.conflicts == 0
    last = look(survey, "2/3")
    assert last.new == merged.left and look(survey, "2/3").new == 0
    result = bring_together(survey)
    assert (result.crops[0].new, result.crops[0].known, result.crops[0].left) == (
        last.new,
        COUNT - last.new,
        0,
    )
    assert "has seen every crop" in result.text()
    assert_same(seen(survey), wanted)
    assert look(survey.with_name("alone"), "1/3").new == 0


def test_that_a_crop_that_one_shard_could_not_use_is_told_and_no_gap(survey):
    (survey / "crops/zebra/00003.jpg").write_bytes(b"")
    assert look(survey, "1/1").unusable == 1
    (merged,) = bring_together(survey).crops
    assert (merged.unusable, merged.left, merged.new) == (1, 0, COUNT - 1)
    with Project.open(survey) as project:
        assert [subject for subject, _ in problems.of_step(project, "merge")] == ["zebra/00003.jpg"]


def test_that_other_features_than_those_there_are_conflicts_and_stay_out(survey, wanted):
    file = look(survey, "1/1").file
    store = features.store_of(survey, tiny.TINY)
    sha256, vector = next(iter(wanted.items()))
    store.add([sha256], vector[None] + 1)
    (merged,) = bring_together(survey, file).crops
    assert (merged.conflicts, merged.known, merged.new) == (1, 0, COUNT - 1)
    np.testing.assert_array_equal(seen(survey)[sha256], vector + 1)


def test_that_a_strangers_file_of_crops_is_refused(survey, tmp_path):
    file = look(survey, "1/2").file
    with crop_shard.reading(file) as results:
        about = results.about
    for spoil in (
        "UPDATE crops SET vector = x'00'",
        "UPDATE crops SET vector = zeroblob(32) WHERE false; UPDATE crops SET sha256 = x'00' || sha256",
        "UPDATE crops SET vector = replace(hex(vector), '0', 'f')",
        "UPDATE about SET description = replace(description, 'tiny', '../x')",
        "UPDATE about SET description = replace(description, '\"features\":16', '\"features\":8')",
        "CREATE TABLE more (x)",
    ):
        copy = tmp_path / "copy.crops"
        shutil.copyfile(file, copy)
        spoiled(copy, spoil)
        with pytest.raises(Problem):
            bring_together(survey, copy)
    assert not (survey / "features").exists() and about.words.startswith("shard 1 of 2")
    with pytest.raises(Problem, match="begun as shard 1 of 2"):
        look(survey, "2/2", out=file)


def spoiled(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.executescript(script)


def test_that_a_project_without_crops_is_told_what_to_do(tmp_path, quiet):
    with Project.create(tmp_path / "new") as project, pytest.raises(Problem, match="camtrap crop"):
        embed.run(project, embed.Options(), quiet)
