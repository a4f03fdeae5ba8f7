"""Pictures with boxes for training detectors elsewhere: COCO, YOLO or Pascal VOC.

Pictures are those with boxes and those known to be empty; where something is on a picture but it is not known where, or
an animal has no name although classes are species, the picture is left out and listed, as a detector would learn that
there is nothing. Splits are the project's: a picture goes where its crops went, else where its camera's crops went.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from camtrap_gui import files, parallel
from camtrap_gui.formats import coco_boxes, pascal_voc, tables, yolo_boxes
from camtrap_gui.geometry import Box
from camtrap_gui.jobs import Report
from camtrap_gui.pictures import Unreadable, read_header
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.observations import Observed, Region, Rules
from camtrap_gui.remote_pictures import fetched_ahead, shown
from camtrap_gui.sharing import picture_files, telling
from camtrap_gui.sharing.file_names import namer

_CATEGORIES = ("animal", "person", "vehicle")


@dataclass(frozen=True)
class How:
    """``boxes`` of 'people', 'detector' or 'both'; ``classes`` are 'species' or 'category'; pictures as in ``folders``."""

    boxes: str = "both"
    classes: str = "species"
    link: bool = False
    only_list: bool = False
    blur: bool = False


@dataclass(frozen=True)
class Written:
    """Pictures, boxes on them, pictures with blurred people, and pictures left out."""

    pictures: int
    boxes: int
    blurred: int
    left_out: int


@dataclass(frozen=True)
class _Entry:
    """A picture of the set. ``boxes`` are class number, box and confidence (None: somebody drew it)."""

    observed: Observed
    split: str
    path: str
    boxes: list[tuple[int, Box, float | None]]
    blur: list[Box]
    why: str = ""


def write(project: Project, target: Path, form: str, how: How, report: Report, rules: Rules) -> Written:
    """Write a set of the form 'coco', 'yolo' or 'pascal-voc' into a new folder. Raises Problem when it would be empty."""
    picture_files.require_pictures(project)
    if how.only_list and (form == "yolo" or how.blur):
        raise Problem(
            "YOLO, and blurring people, need pictures in the folder. Choose --pictures copy or link."
        )
    chosen = _Chosen(project, how)
    pictures = boxes = blurred = left_out = 0
    with files.new_folder(target) as folder, ExitStack() as open_files:
        leave = open_files.enter_context(tables.writing(folder / "left_out.csv", ("original", "reason")))
        files.write_text(
            folder / "classes.txt", "".join(f"{' '.join(name.split())}\n" for name in chosen.classes)
        )
        output = _OUTPUTS[form](folder, chosen.classes, open_files)
        entries = fetched_ahead(chosen.entries(report, rules), partial(_file_needed, how))

        def work(entry: _Entry) -> tuple[_Entry, tuple[Path, tuple[int, int]] | str]:
            return entry, _place(entry, folder / output.pictures(entry.split), how)

        for entry, made in parallel.in_order(work, entries) if how.blur else map(work, entries):
            why = made if isinstance(made, str) else output.add(entry, *made)
            if why:
                left_out += 1
                image = entry.observed.image
                leave((shown(image.root / image.path), why))
                continue
            pictures += 1
            boxes += len(entry.boxes)
            blurred += bool(entry.blur)
        if not boxes:
            raise Problem(
                "There are no boxes to write with these options. Detect first (camtrap detect), or draw some."
            )
        output.end()
    return Written(pictures, boxes, blurred, left_out)


class _Chosen:
    """Which pictures and boxes belong to the set, by which names and in which split."""

    def __init__(self, project: Project, how: How) -> None:
        self._project, self._how = project, how
        self._name_of = namer(project)
        self._root_ids = {path: number for number, path in images.roots(project).items()}
        self.classes = _classes(project, how.classes)
        self._number_of = {name: number for number, name in enumerate(self.classes)}
        self._word = {
            kind: next(n for n in self.classes if telling.kind_of(n, "") == kind) for kind in _CATEGORIES[1:]
        }
        rows = project.db.execute(
            "SELECT locations.name, min(split), max(split) FROM crops JOIN images ON images.id = image_id"
            " JOIN locations ON locations.id = location_id GROUP BY location_id"
        )
        self._split_at = {name: first for name, first, last in rows if first == last}
        self.is_split = project.db.execute("SELECT EXISTS (SELECT 1 FROM crops)").fetchone()[0]

    def entries(self, report: Report, rules: Rules) -> Iterator[_Entry]:
        people = picture_files.People(self._project) if self._how.blur else None
        for observed in telling.each(self._project, rules, report):
            blur = people.of(observed) if people else []
            found = self._boxes(observed)
            why = observed.image.problem or (found if isinstance(found, str) else "")
            if blur is None:
                why = "nobody has looked whether there are people on it"
            boxes = [] if isinstance(found, str) else found
            path = self._path(observed.image)
            path = picture_files.blurred_name(path) if blur else path
            yield _Entry(observed, self._split(observed.image), path, boxes, blur or [], why)

    def _boxes(self, observed: Observed) -> list[tuple[int, Box, float | None]] | str:
        regions = [one for one in observed.regions if self._how.boxes != "people" or one.kind == "box"]
        if not regions:
            is_empty = {one.kind for one in telling.tell(observed)} == {"empty"}
            by_person = bool(observed.labels) or self._how.boxes != "people"
            return [] if is_empty and by_person else "no box says where on it something is"
        found = []
        for region in regions:
            name = self._class(region)
            if name is None:
                return "nobody has named the animal in one of its boxes"
            found.append(
                (self._number_of[name], region.box, region.confidence if region.kind == "detection" else None)
            )
        return found

    def _class(self, region: Region) -> str | None:
        if self._how.classes == "category":
            return region.category if region.category in self._number_of else None
        if region.species in self._number_of:
            return region.species
        return self._word.get(region.category)

    def _split(self, image: images.Image) -> str:
        if not self.is_split:
            return "all"
        row = self._project.db.execute(
            "SELECT split FROM crops WHERE image_id = ? LIMIT 1", (image.id,)
        ).fetchone()
        return str(row[0]) if row else self._split_at.get(image.location or "", "train")

    def _path(self, image: images.Image) -> str:
        # Labels are called after the picture without its ending, so that a.jpg and a.png would share one.
        path = picture_files.safe_path(self._name_of(image).lstrip("/"))
        stem = image.path.rpartition(".")[0] or image.path
        twin = self._project.db.execute(
            "SELECT 1 FROM images WHERE root_id = ? AND path > ? AND path < ? AND id != ? LIMIT 1",
            (self._root_ids[image.root], f"{stem}.", f"{stem}/", image.id),
        ).fetchone()
        pure = PurePosixPath(path)
        return str(pure.with_name(f"{pure.stem}_{pure.suffix[1:]}{pure.suffix}")) if twin else path


def _classes(project: Project, kind: str) -> tuple[str, ...]:
    if kind == "category":
        rows = project.db.execute("SELECT DISTINCT category FROM detections ORDER BY category")
        return tuple(dict.fromkeys([*_CATEGORIES, *(category for (category,) in rows)]))
    species = [name for name in images.species(project) if telling.kind_of(name) not in ("empty", "unknown")]
    kinds = {telling.kind_of(name) for name in species}
    return (*species, *(word for word in _CATEGORIES[1:] if word not in kinds))


def _file_needed(how: How, entry: _Entry) -> Path:
    """The picture that is copied; an empty path where none is."""
    image = entry.observed.image
    return Path() if how.only_list or entry.why else image.root / image.path


def _place(entry: _Entry, folder: Path, how: How) -> tuple[Path, tuple[int, int]] | str:
    """Where the picture lies now, and its size; or why it does not."""
    if entry.why:
        return entry.why
    image = entry.observed.image
    try:
        source = image.file
        size = (image.width, image.height)
        if not image.width or not image.height:
            header = read_header(source)
            size = (header.width, header.height)
        if how.only_list:
            path = folder / entry.path
        elif entry.blur:
            path = picture_files.place_blurred(source, folder, entry.path, entry.blur)
        else:
            path = picture_files.place(source, folder, entry.path, how.link)
        assert size[0] and size[1]
        return path, (size[0], size[1])
    except Interrupted:
        raise
    except (Unreadable, Problem) as reason:
        return str(reason)
    except OSError as error:
        return picture_files.why_not(error, image.root)


class _Coco:
    """``train.json`` and so on, pictures in ``images``."""

    def __init__(self, folder: Path, classes: tuple[str, ...], open_files: ExitStack) -> None:
        self._folder, self._classes, self._open_files = folder, classes, open_files
        self._adders: dict[str, Callable[[dict[str, Any], coco_boxes.Boxes], None]] = {}

    def pictures(self, split: str) -> str:
        return "images"

    def add(self, entry: _Entry, path: Path, size: tuple[int, int]) -> str:
        if entry.split not in self._adders:
            writing: AbstractContextManager[Any] = coco_boxes.writing(
                self._folder / f"{entry.split}.json", self._classes
            )
            self._adders[entry.split] = self._open_files.enter_context(writing)
        image = entry.observed.image
        record = {
            "id": image.id,
            "file_name": path.relative_to(self._folder / "images").as_posix(),
            "width": size[0],
            "height": size[1],
            "location": image.location,
            "seq_id": image.sequence,
            "datetime": image.taken,
        }
        self._adders[entry.split](
            {name: value for name, value in record.items() if value is not None}, entry.boxes
        )
        return ""

    def end(self) -> None:
        pass


class _Yolo:
    """``images/train``, ``labels/train`` and so on, and ``data.yaml``."""

    def __init__(self, folder: Path, classes: tuple[str, ...], open_files: ExitStack) -> None:
        self._folder, self._classes = folder, classes
        self._splits: dict[str, None] = {}

    def pictures(self, split: str) -> str:
        return f"images/{split}"

    def add(self, entry: _Entry, path: Path, size: tuple[int, int]) -> str:
        self._splits[entry.split] = None
        below = path.relative_to(self._folder / "images").with_suffix(".txt")
        text = yolo_boxes.label_text((number, box) for number, box, _ in entry.boxes)
        return _write_label(self._folder / "labels" / below, text, path)

    def end(self) -> None:
        files.write_text(self._folder / "data.yaml", yolo_boxes.data_yaml(self._classes, list(self._splits)))


class _Voc:
    """``JPEGImages``, ``Annotations``, and the lists of the splits in ``ImageSets/Main``."""

    def __init__(self, folder: Path, classes: tuple[str, ...], open_files: ExitStack) -> None:
        self._folder, self._classes, self._open_files = folder, classes, open_files
        self._lists: dict[str, Any] = {}

    def pictures(self, split: str) -> str:
        return "JPEGImages"

    def add(self, entry: _Entry, path: Path, size: tuple[int, int]) -> str:
        below = path.relative_to(self._folder / "JPEGImages")
        boxes = ((self._classes[number], box) for number, box, _ in entry.boxes)
        text = pascal_voc.annotation("JPEGImages", below.as_posix(), size, boxes)
        why = _write_label(self._folder / "Annotations" / below.with_suffix(".xml"), text, path)
        if not why:
            if entry.split not in self._lists:
                place = self._folder / "ImageSets" / "Main" / f"{entry.split}.txt"
                place.parent.mkdir(parents=True, exist_ok=True)
                self._lists[entry.split] = self._open_files.enter_context(
                    place.open("w", encoding="utf-8", newline="\n")
                )
            self._lists[entry.split].write(f"{below.with_suffix('').as_posix()}\n")
        return why

    def end(self) -> None:
        pass


_OUTPUTS: dict[str, Any] = {"coco": _Coco, "yolo": _Yolo, "pascal-voc": _Voc}


def _write_label(path: Path, text: str, picture: Path) -> str:
    """Write the label of a picture; "" or why it cannot be, and the picture is gone again then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        picture.unlink(missing_ok=True)
        return "another picture has the same name but for its ending"
    return ""
