"""``camtrap labels``, as a user and a program see it."""

import csv
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from camtrap_gui.cli import run
from camtrap_gui.project import Project, decisions, images


@pytest.fixture
def anna(tmp_path):
    """A project folder with five pictures, the first three of one sequence; 1 is labelled zebra by the source."""
    folder = tmp_path / "anna"
    with Project.create(folder) as project, project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/disk/pictures')")
        db.execute("INSERT INTO species (id, name, position) VALUES (1, 'zebra', 0)")
        db.execute("INSERT INTO sequences (id, root_id, name) VALUES (1, 1, 's')")
        db.execute("INSERT INTO locations (id, name) VALUES (1, 'B03')")
        for number in range(1, 6):
            db.execute(
                "INSERT INTO images (id, key, root_id, path, sequence_id, location_id)"
                " VALUES (?1, 'key ' || ?1, 1, 'B/' || ?1 || '.jpg', ?2, 1)",
                (number, 1 if number <= 3 else None),
            )
        db.execute("INSERT INTO labels (image_id, species_id) VALUES (1, 1)")
    return folder


@pytest.fixture
def ben(anna, tmp_path):
    """A copy of it."""
    return shutil.copytree(anna, tmp_path / "ben")


def labels(capsys, *arguments: object) -> tuple[int, str, str]:
    code = run(["labels", *(str(argument) for argument in arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def of(folder, image_id):
    with Project.open(folder) as project:
        return [(one.species, one.count, one.author) for one in images.labels_of(project, image_id)]


def test_that_labels_are_set_undone_and_made_again(capsys, anna):
    code, out, _ = labels(
        capsys,
        "set",
        anna,
        "B/4.jpg",
        "key 5",
        "--new",
        "--species",
        "okapi",
        "--count",
        2,
        "--author",
        "eve",
    )
    assert (code, out) == (0, "2 images: okapi, 2 each\n")
    assert of(anna, 4) == of(anna, 5) == [("okapi", 2, "eve")]
    code, out, _ = labels(capsys, "undo", anna)
    assert code == 0
    assert out.startswith("Undone: 2 pictures: 2 okapi (eve, ")
    assert of(anna, 4) == []
    assert labels(capsys, "redo", anna)[1].startswith("Done again: 2 pictures: 2 okapi (eve, ")
    assert of(anna, 4) == [("okapi", 2, "eve")]
    assert labels(capsys, "redo", anna)[:2] == (0, "There is nothing to redo.\n")


def test_that_several_steps_are_taken_back_newest_first(capsys, anna):
    for species in ("lion", "gnu", "impala"):
        labels(capsys, "set", anna, "B/4.jpg", "--new", "--species", species)
    lines = labels(capsys, "undo", anna, "--steps", 2)[1].splitlines()
    assert [line.split(":")[2].split()[0] for line in lines] == ["impala", "gnu"]
    assert [name for name, *_ in of(anna, 4)] == ["lion"]
    assert len(labels(capsys, "undo", anna, "--steps", 9)[1].splitlines()) == 1


def test_that_a_label_can_be_of_the_whole_sequence(capsys, anna):
    assert (
        labels(capsys, "set", anna, "B/2.jpg", "--new", "--species", "lion", "gnu", "--sequence")[1]
        == "3 images: lion, gnu\n"
    )
    assert [name for name, *_ in of(anna, 3)] == ["lion", "gnu"]
    assert of(anna, 4) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["B/9.jpg", "--new", "--species", "lion"], "The project has no image called “B/9.jpg”"),
        (["--new", "--species", "lion"], "Name an image"),
        (["B/1.jpg", "--new", "--species", "lion", "gnu", "--count", "2"], "A count goes with one species"),
        (["B/1.jpg", "--new", "--species", "lion", "--count", "0"], "at least 1"),
        (["B/1.jpg", "--new", "--species", " "], "A species needs a name"),
    ],
)
def test_that_what_cannot_be_set_is_told(capsys, anna, arguments, sentence):
    code, _, err = labels(capsys, "set", anna, *arguments)
    assert code == 2
    assert sentence in err
    assert of(anna, 1) == [("zebra", None, "import")]


def test_that_a_mistyped_species_is_not_made(capsys, anna):
    code, _, err = labels(capsys, "set", anna, "B/1.jpg", "--species", "zebar")
    assert code == 2
    assert "There is no species “zebar”. Did you mean zebra?" in " ".join(err.split())
    assert of(anna, 1) == [("zebra", None, "import")]
    assert labels(capsys, "set", anna, "B/1.jpg", "--species", "blank")[0] == 0


def test_that_the_history_is_listed_newest_first_and_filtered(capsys, anna):
    assert labels(capsys, "history", anna)[1] == "No decision like that has been made.\n"
    for author, species in (("eve", "lion"), ("adam", "gnu"), ("eve", "gnu")):
        labels(capsys, "set", anna, "B/4.jpg", "--new", "--species", species, "--author", author)
    labels(capsys, "undo", anna)
    lines = labels(capsys, "history", anna)[1].splitlines()
    assert lines[0].split() == ["WHEN", "WHO", "ROWS", "WHAT"]
    assert [line.split()[2] for line in lines[1:]] == ["eve", "adam", "eve"]
    assert lines[1].endswith("1 picture: gnu (undone)")
    assert not lines[2].endswith("(undone)")
    assert len(labels(capsys, "history", anna, "--words", "GNU picture")[1].splitlines()) == 3
    assert len(labels(capsys, "history", anna, "--words", "gnu", "--author", "adam")[1].splitlines()) == 2
    assert len(labels(capsys, "history", anna, "--limit", 1)[1].splitlines()) == 2


def test_that_two_people_merge_their_decisions(capsys, anna, ben, tmp_path):
    labels(capsys, "set", anna, "B/1.jpg", "B/4.jpg", "--new", "--species", "lion", "--author", "anna")
    labels(capsys, "set", ben, "B/1.jpg", "--new", "--species", "gnu", "--count", 3, "--author", "ben")
    labels(capsys, "set", ben, "B/5.jpg", "--new", "--species", "gnu", "--author", "ben")
    with Project.open(anna) as project:
        project.db.execute("UPDATE images SET path = 'new.jpg' WHERE id = 5")
        decisions.label(project, [5], [decisions.Said("gnu")], "anna")
    file = tmp_path / "from anna.json"
    code, out, err = labels(capsys, "export", anna, file)
    assert (code, out) == (0, f"What was decided about 3 images is in {file}\n")
    assert "Writing" in err

    code, preview, _ = labels(capsys, "import", ben, file, "--preview")
    assert code == 0
    assert preview.splitlines()[-1] == "This was a preview: nothing has changed."
    assert of(ben, 4) == []

    code, out, _ = labels(
        capsys, "import", ben, file, "--table", tmp_path / "left over.csv", "--author", "ben"
    )
    assert code == 0
    assert out.splitlines() == preview.splitlines()[:-1]
    lines = out.splitlines()
    assert lines[0] == f"{file}: decisions about 3 images by anna"
    assert [line.split(None, 1) for line in lines[1:5]] == [
        ["1", "decided here as there now"],
        ["1", "flagged"],
        ["1", "conflicts"],
        ["1", "images that this project does not have"],
    ]
    assert "New species: lion" in lines
    [conflict] = [line for line in lines if "B/1.jpg" in line]
    assert "here 3 gnu [ben, " in conflict
    assert "there lion [anna, " in conflict
    assert "(open)" in conflict
    assert lines[-2:] == ["Not in this project:", "  new.jpg"]
    assert of(ben, 4) == [("lion", None, "anna")]
    with (tmp_path / "left over.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["image"], row["what"], row["here by"], row["there"]) for row in rows] == [
        ("B/1.jpg", "conflict, open", "ben", "lion"),
        ("new.jpg", "not in this project", "", ""),
    ]
    assert labels(capsys, "history", ben)[1].splitlines()[1].endswith("Merge decisions from from anna.json")
    assert labels(capsys, "queue", ben, "flagged")[1].splitlines()[0].split() == ["B/1.jpg", "gnu"]
    labels(capsys, "undo", ben)
    assert of(ben, 4) == []


def test_that_a_conflict_can_be_settled_at_once(capsys, anna, ben, tmp_path):
    labels(capsys, "set", ben, "B/1.jpg", "--new", "--species", "gnu", "--author", "ben")
    labels(capsys, "set", anna, "B/1.jpg", "--new", "--species", "lion", "--author", "anna")
    labels(capsys, "export", anna, tmp_path / "a.json")
    assert "(kept)" in labels(capsys, "import", ben, tmp_path / "a.json", "--on-conflict", "keep")[1]
    assert of(ben, 1) == [("gnu", None, "ben")]
    assert "(taken)" in labels(capsys, "import", ben, tmp_path / "a.json", "--on-conflict", "newer")[1]
    assert of(ben, 1) == [("lion", None, "anna")]


def test_that_only_recent_decisions_of_one_person_are_exported(capsys, anna, tmp_path):
    labels(capsys, "set", anna, "B/1.jpg", "--new", "--species", "gnu", "--author", "ben")
    labels(capsys, "set", anna, "B/2.jpg", "--new", "--species", "gnu", "--author", "anna")
    for arguments, count in (
        (["--author", "ben"], 1),
        (["--since", "2020-01-01"], 2),
        (["--since", f"{datetime.now(UTC).year + 1}-01-01"], 0),
        (["--since", "2020-01-01", "--author", "nobody"], 0),
    ):
        out = labels(capsys, "export", anna, tmp_path / "some.json", *arguments)[1]
        assert f"about {count} images" in out
    assert json.loads((tmp_path / "some.json").read_bytes())["about"]["author"] == "nobody"
    assert (
        labels(capsys, "import", anna, tmp_path / "some.json")[1].splitlines()[-1] == "Nothing has changed."
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"{}", "is no file of decisions: it has no “about”"),
        (b'{"images": [], "annotations": []}', "is no file of decisions"),
        (b"\x89PNG", "is not a JSON file"),
    ],
)
def test_that_a_file_that_is_none_is_refused(capsys, anna, tmp_path, content, sentence):
    file = tmp_path / "file.json"
    if content is not None:
        file.write_bytes(content)
    code, out, err = labels(capsys, "import", anna, file)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_that_a_queue_is_listed_with_what_accepting_would_say(capsys, anna):
    lines = labels(capsys, "queue", anna, "species:zebra")[1].splitlines()
    assert lines == ["B/1.jpg  zebra", "1 of 1 images of the queue species:zebra"]
    lines = labels(capsys, "queue", anna, "unreviewed", "--limit", 2)[1].splitlines()
    assert lines == ["B/1.jpg  zebra", "B/2.jpg  -", "2 of 5 images of the queue unreviewed"]
    labels(capsys, "set", anna, "B/1.jpg", "--new", "--species", "zebra")
    assert labels(capsys, "queue", anna, "location:B03", "--limit", 0)[1].startswith("0 of 4 images")
    assert labels(capsys, "queue", anna, "location:B03", "--limit", 0, "--reviewed")[1].startswith(
        "0 of 5 images"
    )
    assert "There is no queue “best”" in labels(capsys, "queue", anna, "best")[2]


def test_that_programs_get_every_result_as_json(anna, tmp_path):
    def call(*arguments):
        command = [sys.executable, "-m", "camtrap_gui", "--json", "labels", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])["result"]

    call("set", anna, "B/1.jpg", "--new", "--species", "gnu", "--author", "ben")
    [edit] = call("history", anna)["edits"]
    assert (edit["author"], edit["note"], edit["undone"]) == ("ben", "1 picture: gnu", False)
    assert call("export", anna, tmp_path / "a.json")["images"] == 1
    assert call("import", anna, tmp_path / "a.json", "--preview")["merged"]["same"] == 1
    assert call("queue", anna, "unreviewed")["images"] == 4


def test_that_species_get_their_place_in_the_system_of_animals(capsys, anna, tmp_path):
    assert run(["labels", "taxonomy", str(anna)]) == 0
    assert capsys.readouterr().out == "Not known: zebra\n"
    table = tmp_path / "taxonomy.csv"
    table.write_text("name,family,genus,species\nZebra,Equidae,Equus,quagga\n")
    assert run(["labels", "taxonomy", str(anna), str(table)]) == 0
    assert "Not known" in capsys.readouterr().out  # without class and order nobody can tell what is above it
    table.write_text(
        "name,class,order,family,genus,species\nZebra,Mammalia,Perissodactyla,Equidae,Equus,quagga\n"
    )
    assert run(["labels", "taxonomy", str(anna), str(table)]) == 0
    assert capsys.readouterr().out.startswith("zebra: Equus quagga (mammalia, ")
