"""Pictures from a folder and all folders below it, whose names may say location and species."""

from itertools import islice
from pathlib import Path

from camtrap_gui import remote_pictures
from camtrap_gui.formats.picture_folder import FolderRule, usual_rule, walk
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.image_roots import keep_rule, root_for, rule_of
from camtrap_gui.project.incoming import Incoming, NewImage
from camtrap_gui.project.source_names import add_species, sort_species
from camtrap_gui.sources.doubts import Doubts
from camtrap_gui.sources.files_on_disk import existing

_BATCH = 1000
_SAMPLE = 100


def bring_in(project: Project, folder: Path, said: str, doubts: Doubts, report: Report) -> Incoming:
    """The pictures below ``folder``, its folders called as ``said``, if nothing as the last time or as usual.

    Raises Problem when there is none that can be used.
    """
    folder = existing(folder)
    told = said or rule_of(project.db, folder)
    rule = FolderRule(told) if told else usual_rule(folder)
    sample = [(found.path, found.path) for found in islice(walk(folder), _SAMPLE) if not found.refused]
    incoming = Incoming(project.db, root_for(project.db, folder, sample), "folder", doubts)
    if said:
        keep_rule(project.db, incoming.root_id, said)
    known = images.species(project)
    found, done = walk(folder), 0
    while batch := [*islice(found, _BATCH)]:
        described: dict[str, str] = {}
        new = []
        for picture in batch:
            if picture.refused:
                doubts(picture.path, picture.refused)
                continue
            location, species = rule.read(picture.path)
            new.append(NewImage(picture.path, picture.path, location))
            if species:
                described[picture.path] = species
        incoming.add_images(new)
        image_ids = dict(zip(described, incoming.ids_of([*described]), strict=True))
        ids = add_species(project.db, sorted(set(described.values())))
        labels = [
            (image_id, ids[species])
            for path, species in described.items()
            if (image_id := image_ids[path]) and image_id not in incoming.left_alone
        ]
        incoming.add_labels(
            [image_id for image_id, _ in labels],
            [species_id for _, species_id in labels],
            [None] * len(labels),
            [0] * len(labels),
        )
        done += len(batch)
        report(Progress(done, None, batch[-1].path, "Searching"))
    sort_species(project.db, set(images.species(project)) - set(known))
    doubts.flush()
    if not incoming.met:
        raise Problem(f"There is no picture in {remote_pictures.shown(folder)} that can be used{doubts}.")
    return incoming
