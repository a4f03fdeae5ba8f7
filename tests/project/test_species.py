"""The species list: searching it, other names, renaming, merging; and that imports know what became of a name."""

import json

import pytest
from PIL import Image

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, crops, decisions, edits, images, species
from camtrap_gui.project.browse import Filter
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import dataset
from tests import decided


@pytest.fixture
def survey(tmp_path):
    with decided.make(tmp_path / "survey") as project:
        yield project


def test_that_the_list_tells_names_other_names_and_images(survey):
    species.add_alias(survey, "zebra", "Equus quagga")
    assert [(each.name, each.aliases, each.images) for each in species.all_of(survey)] == [
        ("zebra", ("Equus quagga",), 4),
        ("lion", (), 2),
        ("blank", (), 0),
    ]


def test_that_a_merged_species_is_in_no_class_list_but_its_name_still_means_something(survey):
    species.merge(survey, "zebra", "lion")
    assert crops.classes(survey) == images.species(survey) == ("lion", "blank")
    assert crops.species_places(survey) == {2: 0, 3: 1}
    assert set(decided.crops(survey).values()) == {"lion"}
    assert decided.labels(survey, 8) == {"lion": 2}
    assert images.images_per_species(survey) == {"lion": 5, "blank": 0}
    assert species.resolve(survey, "Zebra") == species.resolve(survey, "lion") == 2
    assert list(browse.ids(survey, Filter(species="zebra"))) == list(
        browse.ids(survey, Filter(species="lion"))
    )
    assert sum(crops.counts(survey)["train"]) == 7


def test_that_what_was_merged_into_a_merged_species_goes_along(survey):
    species.add(survey, "big cat")
    species.merge(survey, "zebra", "lion")
    species.merge(survey, "lion", "big cat")
    assert species.resolve(survey, "zebra") == species.resolve(survey, "big cat")
    for _ in range(3):
        edits.undo(survey)
    assert species.resolve(survey, "zebra") == 1


def test_that_a_renamed_species_is_found_by_its_old_name(survey):
    species.rename(survey, "lion", "Panthera leo")
    assert species.resolve(survey, "lion") == species.resolve(survey, "panthera LEO") == 2
    assert crops.classes(survey) == ("zebra", "Panthera leo", "blank")
    species.rename(survey, "lion", "lion")
    assert [(each.name, each.aliases) for each in species.all_of(survey)][1] == ("lion", ("Panthera leo",))


def test_that_a_name_means_one_species_only(survey):
    with pytest.raises(Problem, match="Merge"):
        species.rename(survey, "lion", "Zebra")
    with pytest.raises(Problem, match="already"):
        species.add_alias(survey, "lion", "zebra")
    with pytest.raises(Problem, match="already"):
        species.add(survey, " ZEBRA ")
    with pytest.raises(Problem, match="same species"):
        species.merge(survey, "lion", "LION")
    with pytest.raises(Problem, match="no species “wolf”"):
        species.merge(survey, "wolf", "lion")
    with pytest.raises(Problem, match="needs a name"):
        species.add(survey, " ")
    assert list(edits.history(survey)) == []


def test_that_another_name_can_be_taken_back(survey):
    species.add_alias(survey, "lion", "simba")
    species.remove_alias(survey, "SIMBA")
    assert species.resolve(survey, "simba") is None
    with pytest.raises(Problem, match="no other name"):
        species.remove_alias(survey, "simba")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["grey wolf", "zebra", "lion", "blank", "red fox", "fox", "mountain lion"]),
        ("fo", ["fox", "red fox"]),
        ("li", ["lion", "mountain lion"]),
        ("m li", ["mountain lion"]),
        ("ml", ["mountain lion"]),
        ("puma", ["mountain lion"]),
        ("zbr", ["zebra"]),
        ("WOLF", ["grey wolf"]),
        ("xyz", []),
    ],
)
def test_that_a_few_letters_find_a_species(survey, typed, found):
    for name in ("red fox", "fox", "grey wolf", "mountain lion"):
        species.add(survey, name)
    species.add_alias(survey, "mountain lion", "puma")
    assert species.search(survey, typed, recent=["grey wolf"]) == found
    assert species.search(survey, typed, most=1) == species.search(survey, typed)[:1]


def source(folder, *names):
    """A COCO Camera Traps file of three pictures, each of the first species, the last one of all."""
    folder.mkdir(exist_ok=True)
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(b"")
    file = folder / "source.json"
    file.write_text(
        json.dumps(
            {
                "images": [{"id": str(n), "file_name": f"{n}.jpg", "location": f"L{n}"} for n in range(3)],
                "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
                "annotations": [
                    {"id": str(n), "image_id": str(n), "category_id": 0, "count": 1} for n in range(3)
                ]
                + [
                    {"id": f"more {n}", "image_id": "2", "category_id": n, "count": 1, "bbox": [1, 1, 5, 5]}
                    for n in range(1, len(names))
                ],
            }
        )
    )
    return file


def bring_in(project: Project, file, quiet):
    dataset.run(project, dataset.Options(json=file, skip_check=True), quiet)


def test_that_bringing_the_source_in_again_brings_no_old_species_back(project, tmp_path, quiet):
    file = source(tmp_path / "pictures", "fox", "vulpes")
    for picture in range(3):
        Image.new("RGB", (20, 20)).save(tmp_path / "pictures" / f"{picture}.jpg")
    bring_in(project, file, quiet)
    species.merge(project, "vulpes", "fox")
    species.rename(project, "fox", "red fox")
    said = [decided.labels(project, number) for number in (1, 2, 3)]
    boxes = [tuple(row) for row in project.db.execute("SELECT * FROM boxes")]
    assert said == [{"red fox": 1}, {"red fox": 1}, {"red fox": 2}]
    bring_in(project, file, quiet)
    assert [decided.labels(project, number) for number in (1, 2, 3)] == said
    assert [tuple(row) for row in project.db.execute("SELECT * FROM boxes")] == boxes
    assert images.species(project) == ("red fox",)
    edits.undo(project)
    edits.undo(project)
    assert images.species(project) == ("fox", "vulpes")
    assert decided.labels(project, 3)["fox"] == 1


def test_that_a_species_an_import_uses_stays_when_its_making_is_undone(project, tmp_path, quiet):
    species.add(project, "fox")
    bring_in(project, source(tmp_path / "pictures", "fox"), quiet)
    edits.undo(project)
    assert images.images_per_species(project) == {"fox": 3}


def test_that_an_import_ends_what_can_be_redone_as_it_may_take_its_numbers(project, tmp_path, quiet):
    species.add(project, "otter")
    edits.undo(project)
    bring_in(project, source(tmp_path / "pictures", "fox"), quiet)
    assert edits.redo(project) is None
    assert images.species(project) == ("fox",)


def test_that_bringing_the_source_in_again_leaves_alone_what_people_said(project, tmp_path, quiet):
    file = source(tmp_path / "pictures", "fox", "vulpes")
    for picture in range(3):
        Image.new("RGB", (20, 20)).save(tmp_path / "pictures" / f"{picture}.jpg")
    bring_in(project, file, quiet)
    decisions.label(project, [1], [Said("otter", 2)], author="Ana")
    decisions.flag(project, [2], True)
    decisions.draw_box(project, 2, (0.1, 0.1, 0.5, 0.5), "otter", author="Ana")
    decisions.delete_box(project, 3, ("box", 1))
    before = decided.state(project)
    bring_in(project, file, quiet)
    assert decided.state(project) == before
    for _ in range(4):
        edits.undo(project)
    assert [decided.labels(project, number) for number in (1, 2)] == [{"fox": 1}, {"fox": 1}]
    assert [box.id for box in images.boxes_of(project, 3)] == [1]
