"""Where species stand in the system of animals: read from tables, kept with the project, told to others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.formats import taxonomy_table
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, species_names, taxonomy

LION = ("mammalia", "carnivora", "felidae", "panthera", "leo")
_word = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "p") as project:
        with project.write() as db:
            for name in ("lion", "Felidae", "zebra"):
                species_names.make(db, name)
        yield project


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mammalia;carnivora;felidae;panthera;leo", LION),
        ("3d1b1a;mammalia;carnivora;felidae;panthera;leo;lion", LION),
        ("Mammalia;Carnivora;Felidae;Panthera;Panthera leo", LION),
        ("x;mammalia;carnivora;felidae;;;cat family", LION[:3]),
        (";;;;;;blank", ()),
        ("1;2;3;4;5;6;7;8;9", ()),
        ("", ()),
    ],
)
def test_that_a_lineage_is_read_as_others_write_it(text, expected):
    assert taxonomy.parse(text) == expected


@given(st.lists(_word, min_size=1, max_size=5), st.integers(0, 6))
def test_that_only_what_begins_alike_and_goes_on_is_below(names, length):
    place = tuple(names)
    higher = place[:length]
    assert taxonomy.is_above(higher, place) == (0 < length < len(place))
    assert not taxonomy.is_above((*higher, "other"), (*higher, "another", "one"))


def test_that_science_has_two_words_for_a_species_and_one_for_all_above():
    assert [taxonomy.scientific_name(LION[:rank]) for rank in (0, 3, 4, 5)] == [
        "",
        "Felidae",
        "Panthera",
        "Panthera leo",
    ]


def test_that_a_table_is_learnt_for_the_species_of_the_project(project, tmp_path):
    table = tmp_path / "taxonomy.csv"
    table.write_text(
        "query,scientific_name,class,order,family,genus,species\n"
        "lion,panthera leo,mammalia,carnivora,felidae,panthera,panthera leo\n"
        "felidae,felidae,mammalia,carnivora,felidae,,\n"
        "okapi,okapia johnstoni,mammalia,artiodactyla,giraffidae,okapia,okapia johnstoni\n"
    )
    learnt = taxonomy.learn(project, taxonomy_table.read(table))
    assert learnt == ({"lion": LION, "Felidae": LION[:3]}, ["zebra"])
    kept = taxonomy.learn(project, {"lion": ("aves",)}, anew=False)
    assert kept.known["lion"] == LION
    assert taxonomy.learn(project, {"lion": ("aves",)}).known["lion"] == ("aves",)


def test_that_a_class_list_of_speciesnet_is_read(tmp_path):
    table = tmp_path / "labels.txt"
    table.write_text(
        "a1;mammalia;carnivora;felidae;panthera;leo;lion\nb2;mammalia;carnivora;felidae;;;cat family\n"
    )
    found = taxonomy_table.read(table)
    assert found["lion"] == found["Panthera leo"] == LION and found["cat family"] == LION[:3]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"name\nlion\n", b"\xff\xfe\x00", b"x" * 200_000])
def test_that_something_else_is_refused_in_words(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"table"):
        taxonomy_table.read(path)
