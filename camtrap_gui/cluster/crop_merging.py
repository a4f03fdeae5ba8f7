"""Bringing what the shards of ``camtrap embed`` saw into a project's features.

What is there stays, so files can be merged again and again, as they come. Two machines may calculate a little
differently, so features are the same when they differ by no more than ``NEAR`` of their length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.cluster import crop_shard
from camtrap_gui.cluster.crop_shard import Page, Results
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.classifiers import backbones, features
from camtrap_gui.models.classifiers.features import FeatureStore
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_pages, problems

NEAR = 0.02
_MOST_NAMED = 20


@dataclass
class MergedCrops:
    """What the shards for one backbone, cut into ``shards``, have brought; ``folder`` is that of its features.

    Crops: ``new`` ones, ``known`` ones, ``conflicts`` (had other features, which stay), ``gone`` (are not in the project
    any more), ``unusable`` ones. ``left`` crops were looked at by no shard; they belong to the shards in ``missing``.
    """

    backbone: str
    input_size: int
    folder: str
    shards: int
    files: int = 0
    new: int = 0
    known: int = 0
    conflicts: int = 0
    gone: int = 0
    unusable: int = 0
    left: int = 0
    missing: tuple[int, ...] = ()

    def lines(self) -> list[str]:
        """What came in, then what is missing or wrong."""
        name = f"{self.backbone} at {self.input_size} pixels"
        lines = [
            f"{name}: {self.files:,} of {self.shards:,} shards, {self.new:,} new crops, {self.known:,} known before."
        ]
        if self.unusable:
            lines.append(f"  Crops that cannot be used: {self.unusable:,}.")
        if self.conflicts:
            lines.append(f"  Conflicts: {self.conflicts:,} crops had other features before, which stay.")
        if self.gone:
            lines.append(f"  Not in the project any more: {self.gone:,} crops.")
        if not self.left:
            return [*lines, f"  {name} has seen every crop."]
        if not self.missing:
            return [*lines, f"  Not looked at yet: {self.left:,} crops."]
        named = ", ".join(map(str, self.missing[:_MOST_NAMED]))
        more = len(self.missing) - _MOST_NAMED
        others = f" and {more:,} more" if more > 0 else ""
        return [
            *lines,
            f"  Not looked at yet: {self.left:,} crops, of the shards {named}{others}. Start those again.",
        ]


def merge(
    project: Project, paths: Sequence[Path], preview: bool, step: str, report: Report
) -> tuple[tuple[MergedCrops, ...], dict[str, str]]:
    """Bring in files, or see what they would bring; what they brought, and why some are refused. ``step`` gets the problems.

    A preview does not compare what is there with what would come.
    """
    merged: dict[tuple[str, int], MergedCrops] = {}
    refused: dict[str, str] = {}
    without: set[str] = set()
    _list_crops(project)
    for number, path in enumerate(paths):
        report(Progress(number, len(paths), path.name, "Merging crops"))
        try:
            with crop_shard.reading(path) as results:
                _check(project, results)
                about = results.about
                blank = MergedCrops(about.backbone, about.input_size, about.folder, about.shards)
                into = merged.setdefault((about.folder, about.shards), blank)
                without |= _bring_in(project, results, into, preview, step)
        except Problem as problem:
            refused[str(path)] = str(problem)
    for one in merged.values():
        _find_gaps(project, one, without, preview)
    return tuple(merged.values()), refused


def _list_crops(project: Project) -> None:
    """A table of hashes for this connection alone: there is no index to find crops by them."""
    project.db.execute("DROP TABLE IF EXISTS temp.crop_hashes")
    project.db.execute("CREATE TEMP TABLE crop_hashes (sha256 TEXT PRIMARY KEY, file TEXT) WITHOUT ROWID")
    project.db.execute("INSERT OR IGNORE INTO crop_hashes SELECT sha256, file FROM crops")


def _check(project: Project, results: Results) -> None:
    """Raises Problem when anything in a file is wrong, or when none of it is about a crop of this project."""
    about = results.about
    if backbones.get(about.backbone, about.input_size).features != about.features:
        raise Problem(f"{results.path} is not of the backbone {about.backbone} that this program knows.")
    found = False
    for page in results.pages():
        found = found or any(_file(project, sha256) for sha256 in (*page.sha256s, *page.unusable))
    if results.count() and not found:
        raise Problem(
            f"{results.path} is of another project: none of its {results.count():,} crops is in this one."
        )


def _bring_in(project: Project, results: Results, into: MergedCrops, preview: bool, step: str) -> set[str]:
    """Bring in a file; returns the hashes of the crops that cannot be used."""
    into.files += 1
    without: set[str] = set()
    store = None if preview else FeatureStore(_folder(project, into), results.about.features)
    for page in results.pages():
        here = np.array([_file(project, sha256) is not None for sha256 in page.sha256s], bool)
        into.gone += int((~here).sum())
        page = Page(
            [s for s, is_here in zip(page.sha256s, here, strict=True) if is_here],
            page.vectors[here],
            page.unusable,
        )
        known = _known(project, page, into, store)
        into.known += int(known.sum())
        into.new += int((~known).sum())
        if store is not None:
            store.add(
                [s for s, old in zip(page.sha256s, known, strict=True) if not old], page.vectors[~known]
            )
        without |= page.unusable.keys()
        bad = [(file, reason) for sha256, reason in page.unusable.items() if (file := _file(project, sha256))]
        into.unusable += len(bad)
        if bad and not preview:
            problems.add(project, step, bad)
    return without


def _known(project: Project, page: Page, into: MergedCrops, store: FeatureStore | None) -> NDArray[np.bool_]:
    """Which crops of a page there are features of; counts those that have others."""
    if store is None:
        there = features.peek(_folder(project, into), page.sha256s)
        return np.array([sha256 in there for sha256 in page.sha256s], bool)
    rows = store.rows(page.sha256s)
    known: NDArray[np.bool_] = rows >= 0
    before = store.vectors()[rows[known]].astype(np.float32)
    apart = np.linalg.norm(before - page.vectors[known], axis=1)
    conflicts = int((apart > NEAR * np.linalg.norm(before, axis=1) + 1e-3).sum())
    into.conflicts += conflicts
    into.known -= conflicts
    return known


def _find_gaps(project: Project, merged: MergedCrops, without: set[str], preview: bool) -> None:
    """Count the crops that nobody has looked at, and find the shards they belong to; a preview only counts them."""
    folder, missing = _folder(project, merged), set()
    width = backbones.get(merged.backbone, merged.input_size).features
    store = None if preview else FeatureStore(folder, width)
    for page in crop_pages.all_of(project):
        hashes = [crop.sha256 for crop in page if crop.sha256 not in without]
        if store is None:
            there = features.peek(folder, hashes)
            left = [sha256 for sha256 in hashes if sha256 not in there]
        else:
            left = [sha256 for sha256, row in zip(hashes, store.rows(hashes), strict=True) if row < 0]
        merged.left += len(left)
        missing |= {crop_shard.shard_of(sha256, merged.shards) for sha256 in left}
    if preview:
        merged.left, missing = max(0, merged.left - merged.new), set()
    merged.missing = tuple(sorted(missing))


def _folder(project: Project, merged: MergedCrops) -> Path:
    return project.folder / features.FOLDER / merged.folder


def _file(project: Project, sha256: str) -> str | None:
    row = project.db.execute("SELECT file FROM temp.crop_hashes WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else str(row[0])
