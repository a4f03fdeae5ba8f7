"""Bring together what shards have found (``camtrap detect --shard``) and seen (``camtrap embed --shard``).

What is there already stays, so files can be merged again and again, as they come. Afterwards the project is as if one
machine had looked at all of it; what is missing for that is said.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, gathered, problems
from camtrap_gui.project.gathered import Images

if TYPE_CHECKING:
    from camtrap_gui.cluster.crop_merging import MergedCrops
    from camtrap_gui.cluster.shard_file import About, Results

STEP = "merge"
_EXAMPLES = 5
_MOST_NAMED = 20


@dataclass(frozen=True)
class Options:
    files: Annotated[
        tuple[Path, ...],
        Option(
            "Files of shards (.shard, .crops); without any, those in the project's folder “shards”.",
            positional=True,
        ),
    ] = ()
    preview: Annotated[bool, Option("Say what would come in, and change nothing.")] = False


@dataclass
class Part:
    """What one file has brought: the ``shard``-th of ``shards``, of which ``seen`` images and not ``unseen`` ones.

    The other numbers are as in ``Merged``.
    """

    file: str
    detector: str
    shard: int
    shards: int
    seen: int
    unseen: int
    new: int = 0
    known: int = 0
    mended: int = 0
    conflicts: int = 0
    gone: int = 0


@dataclass
class Merged:
    """What the shards of one detector, cut into ``shards``, have brought.

    ``missing`` shards have no file here although images of theirs are unseen; ``unfinished`` ones have so many images
    to see still. Images: ``new`` ones, ``known`` ones (they had this answer), ``mended`` ones (were unreadable
    before), ``conflicts`` (had another answer, which stays), ``gone`` (are not in the project any more).
    """

    detector: str
    sha256: str
    shards: int
    files: int = 0
    missing: tuple[int, ...] = ()
    unfinished: dict[int, int] = field(default_factory=dict)
    new: int = 0
    known: int = 0
    mended: int = 0
    conflicts: int = 0
    gone: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came in, or would, by detector and by file. ``unseen`` images are left for each detector; ``refused`` files
    have a reason. ``crops`` is what came by backbone."""

    merged: tuple[Merged, ...]
    unseen: dict[str, int]
    refused: dict[str, str]
    parts: tuple[Part, ...] = ()
    preview: bool = False
    crops: tuple["MergedCrops", ...] = ()

    def text(self) -> str:
        """What came in first, then what is missing or wrong."""
        lines = []
        for one in self.merged:
            lines += _lines(one)
        for sha256, count in self.unseen.items():
            name = next(one.detector for one in self.merged if one.sha256 == sha256)
            lines.append(
                f"{name}: {count:,} images have been looked at by no shard yet."
                if count
                else f"{name} has seen every image."
            )
        if len(self.unseen) > 1:
            names = ", ".join(f"{one.detector} ({one.sha256[:12]})" for one in self.merged)
            lines.append(f"The files are of different detectors, each kept by itself: {names}.")
        for of_crops in self.crops:
            lines += of_crops.lines()
        lines += [f"Not merged: {reason}" for reason in self.refused.values()]
        if self.preview:
            lines.append("This was a preview: nothing was changed.")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Bring in the files. Raises Problem when there are none, or when none of them can be used."""
    from camtrap_gui.cluster import shards
    from camtrap_gui.cluster.crop_shard import ENDING, files_of

    paths = options.files or (*shards.files_of(project.folder), *files_of(project.folder))
    if not paths:
        raise Problem(
            f"There are no files of shards in {project.folder / shards.FOLDER}. Make them (camtrap detect PROJECT"
            " --shard 1/16), or say where they are: camtrap merge PROJECT FILES"
        )
    of_crops = [path for path in paths if path.suffix == ENDING]
    images = Images(project)
    abouts, refused = _look([path for path in paths if path not in of_crops], images, report)
    if not options.preview and (abouts or of_crops):
        problems.clear(project, STEP)
    crops, refused_too = _merge_crops(project, of_crops, options, report)
    refused |= refused_too
    if not abouts and not crops:
        raise Problem("\n".join(refused.values()))
    preview = gathered.Preview(project) if options.preview else None
    merged: dict[tuple[str, int], Merged] = {}
    parts = []
    for path, about in _rarest_first(abouts):
        key = (about.detector.sha256, about.shards)
        into = merged.setdefault(key, Merged(about.detector.name, *key))
        parts.append(_bring_in(project, path, about, images, into, preview, report))
    return Result(
        merged=tuple(_with_gaps(project, one, abouts) for one in merged.values()),
        unseen=_unseen(project, list(merged.values()), options.preview),
        refused=refused,
        parts=tuple(parts),
        preview=options.preview,
        crops=crops,
    )


def _merge_crops(
    project: Project, paths: Sequence[Path], options: Options, report: Report
) -> tuple[tuple["MergedCrops", ...], dict[str, str]]:
    if not paths:  # the modules for crops need not be loaded
        return (), {}
    from camtrap_gui.cluster import crop_merging

    return crop_merging.merge(project, paths, options.preview, STEP, report)


def _look(
    paths: Sequence[Path], images: Images, report: Report
) -> tuple[dict[Path, "About"], dict[str, str]]:
    """What the files are that can be used, each read to its end, and why the others cannot."""
    from camtrap_gui.cluster import shard_file

    abouts, refused = {}, {}
    for number, path in enumerate(paths):
        report(Progress(number, len(paths), path.name, "Looking"))
        try:
            with shard_file.reading(path) as results:
                _check(results, images)
                abouts[path] = results.about
        except Problem as problem:
            refused[str(path)] = str(problem)
    return abouts, refused


def _check(results: "Results", images: Images) -> None:
    """Raises Problem when any answer is wrong, or when none is about an image of this project."""
    fits = sum(
        images.number(answer.root, answer.path) is not None for page in results.answers() for answer in page
    )
    if results.seen and not fits:
        raise Problem(
            f"{results.path} is of another project: none of its {results.seen:,} images is in this one."
        )


def _rarest_first(abouts: dict[Path, "About"]) -> list[tuple[Path, "About"]]:
    """Files by detector, that of most files last, as the one registered last is the one crops are made by."""
    count: dict[str, int] = defaultdict(int)
    for about in abouts.values():
        count[about.detector.sha256] += 1
    return sorted(abouts.items(), key=lambda item: (count[item[1].detector.sha256], item[1].detector.sha256))


def _bring_in(
    project: Project,
    path: Path,
    about: "About",
    images: Images,
    into: Merged,
    preview: gathered.Preview | None,
    report: Report,
) -> Part:
    from camtrap_gui.cluster import shard_file

    sha256 = about.detector.sha256
    if preview is None:
        number = detections.register(project, detections.detector_by_hash(project, sha256) or about.detector)
    with shard_file.reading(path) as results:
        part = Part(path.name, about.detector.name, about.shard, about.shards, results.seen, results.unseen)
        into.files += 1
        if results.unseen:
            into.unfinished[about.shard] = results.unseen
        done = 0
        report(Progress(done, results.seen, path.name, f"Shard {about.shard}"))
        for page in results.answers():
            added = (
                preview.add(sha256, images, page) if preview else gathered.add(project, number, images, page)
            )
            _count(added, part, into)
            for kind, found in (("conflicts", added.conflicts), ("gone", added.gone)):
                examples = into.examples.setdefault(kind, [])
                examples += found[: _EXAMPLES - len(examples)]
                if preview is None:
                    problems.add(project, STEP, ((name, _REASONS[kind]) for name in found))
            done += len(page)
            report(Progress(done, results.seen, path.name, f"Shard {about.shard}"))
    return part


def _count(added: gathered.Added, part: Part, into: Merged) -> None:
    numbers = {"new": added.new, "known": added.known, "mended": added.mended}
    numbers |= {"conflicts": len(added.conflicts), "gone": len(added.gone)}
    for name, number in numbers.items():
        for one in (part, into):
            setattr(one, name, getattr(one, name) + number)


_REASONS = {"conflicts": "two shards have found different things", "gone": "not in the project any more"}


def _with_gaps(project: Project, merged: Merged, abouts: dict[Path, "About"]) -> Merged:
    """The same with the shards that are missing: an image of theirs is unseen, and there is no file of theirs."""
    from camtrap_gui.cluster.shards import shard_of

    there = {
        about.shard
        for about in abouts.values()
        if (about.detector.sha256, about.shards) == (merged.sha256, merged.shards)
    }
    missing = set(range(1, merged.shards + 1)) - there
    empty = set(missing)
    for page in detections.unseen(project, _number(project, merged.sha256), batch=5000):
        if not empty:
            break
        empty -= {shard_of(image.path, merged.shards) for image in page}
    merged.missing = tuple(sorted(missing - empty))
    return merged


def _unseen(project: Project, merged: Sequence[Merged], preview: bool) -> dict[str, int]:
    """How many images each detector has not seen; after a preview, would not have seen."""
    left = {one.sha256: detections.count_unseen(project, _number(project, one.sha256)) for one in merged}
    for one in merged if preview else ():
        left[one.sha256] = max(0, left[one.sha256] - one.new)
    return left


def _number(project: Project, sha256: str) -> int:
    """Of a detector; one that none has where the project does not know it, as in a preview."""
    known = detections.detector_by_hash(project, sha256)
    return known.id if known is not None else 0


def _lines(one: Merged) -> list[str]:
    lines = [
        f"{one.detector}: {one.files:,} of {one.shards:,} shards, {one.new:,} new images, {one.known:,} known before."
    ]
    if one.mended:
        lines.append(f"  Could not be read before and has been now: {one.mended:,}.")
    if one.missing:
        named = ", ".join(map(str, one.missing[:_MOST_NAMED]))
        more = len(one.missing) - _MOST_NAMED
        lines.append(f"  Missing shards: {named}{f' and {more:,} more' if more > 0 else ''}.")
    for shard, count in sorted(one.unfinished.items())[:_MOST_NAMED]:
        lines.append(f"  Shard {shard} is not finished: {count:,} images. Start it again.")
    if one.conflicts:
        lines.append(
            f"  Conflicts: {one.conflicts:,} images had another answer of this detector before, which stays:"
            f" {_printable(one.examples['conflicts'])}"
        )
    if one.gone:
        lines.append(
            f"  Not in the project any more: {one.gone:,} images: {_printable(one.examples['gone'])}"
        )
    return lines


def _printable(names: Sequence[str]) -> str:
    return ", ".join(
        "".join(character if character.isprintable() else "?" for character in name[:200]) for name in names
    )
