"""Looking at crops with a backbone, in a process that is killed: here, and in a shard."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.cluster import crop_shard
from camtrap_gui.models.classifiers import features
from camtrap_gui.project import Project
from camtrap_gui.steps import embed, merge, named, start
from tests import tiny

ROOT = Path(__file__).parent.parent.parent
COUNT, BATCH = 640, 32
pytestmark = [
    pytest.mark.usefixtures("tiny_models"),
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
]


@pytest.fixture
def survey(project) -> Path:
    tiny.add_crops(project, {("zebra", "train"): COUNT - 40, ("gazelle", "test"): 40})
    project.close()
    return project.folder


def killed(survey: Path, *more: str) -> int:
    """Kill the command when it has said that it has seen some crops; returns how many it said."""
    command = [sys.executable, "-m", "tests.tiny", "--json", "embed", str(survey), "--backbone", "tiny"]
    process = subprocess.Popen(
        [*command, *more], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    said = 0
    for line in process.stdout:
        progress = json.loads(line).get("progress", {})
        if progress.get("phase") == embed.PHASE:
            said = progress["done"]
            if said >= 2 * BATCH:
                process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return said


def look(survey: Path, **options: object) -> embed.Result | embed.ShardResult:
    return start(named("embed"), survey, embed.Options(backbone="tiny", **options), lambda _: None)


def seen(survey: Path) -> tuple[list[str], np.ndarray]:
    """The hashes of the crops that there are features of, and the features; those of nothing else are kept."""
    with Project.open(survey) as project:
        store = features.store_of(survey, tiny.TINY)
        hashes = np.array([row[0] for row in project.db.execute("SELECT sha256 FROM crops ORDER BY id")])
        rows = store.rows(hashes)
    assert len(store.vectors()) >= rows.max() + 1 == (rows >= 0).sum()
    return hashes[rows >= 0].tolist(), store.vectors()[rows[rows >= 0]]


def assert_as_undisturbed(survey: Path) -> None:
    alone = survey.with_name("undisturbed")
    shutil.copytree(survey, alone, ignore=shutil.ignore_patterns(features.FOLDER, "shards"))
    assert look(alone).new == COUNT
    (hashes, vectors), (wanted, undisturbed) = seen(survey), seen(alone)
    assert hashes == wanted and len(set(hashes)) == COUNT
    np.testing.assert_allclose(vectors, undisturbed, rtol=2e-3, atol=1e-3)


def test_that_a_killed_look_goes_on_and_ends_as_an_undisturbed_one(survey):
    said = killed(survey)
    kept = len(seen(survey)[0])
    assert said <= kept < COUNT
    result = look(survey)
    assert (result.new, result.seen) == (COUNT - kept, COUNT)
    assert_as_undisturbed(survey)


def test_that_a_killed_shard_of_crops_goes_on_and_ends_as_an_undisturbed_one(survey, tmp_path):
    file = tmp_path / "one.crops"
    said = killed(survey, "--shard", "1/1", "--out", str(file))
    with crop_shard.reading(file) as results:
        kept = results.count()
    assert said <= kept < COUNT and not (survey / features.FOLDER).exists()
    result = look(survey, shard="1/1", out=file)
    assert (result.new, result.seen) == (COUNT - kept, COUNT)
    start(named("merge"), survey, merge.Options((file,)), lambda _: None)
    assert_as_undisturbed(survey)
