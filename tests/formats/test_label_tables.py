"""Tables of labels are read as people write them, whatever program and country they come from."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import tables
from camtrap_gui.formats.label_tables import LabelTable
from camtrap_gui.problem import Problem


@pytest.fixture
def table(tmp_path):
    def write(text, *told, encoding="utf-8"):
        path = tmp_path / "labels.csv"
        path.write_bytes(text.encode(encoding))
        return LabelTable(path, told)

    return write


def rows(found):
    return [(row.path, row.said, row.location, row.time) for row in found.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_that_any_delimiter_and_encoding_gives_the_same(table, encoding, delimiter):
    lines = [
        ["Datei,Name", "Art", "Standort"],
        ["a/1.jpg", "Löffelhund, groß; alt", "Tüpfel"],
        ["a\\2.jpg", 'the "big" one', "Köln\n2"],
    ]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    found = table(out.getvalue(), "file=Datei,Name", "species=Art,location=Standort", encoding=encoding)
    assert rows(found) == [
        ("a/1.jpg", (("Löffelhund, groß; alt", None),), "Tüpfel", None),
        ("a/2.jpg", (('the "big" one', None),), "Köln\n2", None),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # Timelapse
            "File,RelativePath,DateTime,DeleteFlag,Species,Count\nI.JPG,North\\cam 1,2024-05-01 10:00:00,false,fox,2\n",
            ("North/cam 1/I.JPG", (("fox", 2),), None, "2024-05-01 10:00:00"),
        ),
        (  # camtrapR
            '"Station","Species","DateTimeOriginal","Date","Time","Directory","FileName"\n'
            '"S1","PBE","2009-04-21 00:40:00","2009-04-21","00:40:00","C:/raw/S1","S1__1.JPG"\n',
            ("C:/raw/S1/S1__1.JPG", (("PBE", None),), "S1", "2009-04-21 00:40:00"),
        ),
        (  # what R writes where it knows nothing
            '"","file","species","n"\n"1","a.jpg",NA,NA\n',
            ("a.jpg", (), None, None),
        ),
        (  # Excel in Germany
            "sep=;\nfile_name;Scientific Name;date;time;site\na.jpg;Vulpes vulpes;01.07.2013;06:26;7\n",
            ("a.jpg", (("Vulpes vulpes", None),), "7", "01.07.2013 06:26"),
        ),
        (  # names of ranks are no names of species
            "filename,class,genus,species,common_name\na.jpg,Mammalia,Vulpes,vulpes,Red Fox\n",
            ("a.jpg", (("Red Fox", None),), None, None),
        ),
        (  # a path that is a folder, and one that is whole
            "path,filename,label\nNorth,a.jpg,NOTHING\n",
            ("North/a.jpg", (("empty", None),), None, None),
        ),
        ("path,filename,label\nNorth/a.jpg,a.jpg,gnu | lion\n", ("North/a.jpg", (("gnu", None), ("lion", None)), None, None)),
        ("file,species,count\na.jpg,\"gnu, lion\",\"3, 0\"\n", ("a.jpg", (("gnu", 3), ("lion", None)), None, None)),
        ("file,species,count\na.jpg,\"deer, red\",1.0\n", ("a.jpg", (("deer, red", 1),), None, None)),
    ],
)  # fmt: skip
def test_that_tables_of_the_field_are_understood(table, text, expected):
    assert rows(table(text)) == [expected]


def test_that_one_date_tells_whether_days_come_first(table):
    text = "file,species,datetime\na.jpg,fox,03/07/2013 06:26\nb.jpg,fox,{} 7:00\n"
    assert [row.time for row in table(text.format("18/07/2013")).rows()] == [
        "2013-07-03 06:26",
        "2013-07-18 7:00",
    ]
    assert next(row.time for row in table(text.format("7/18/2013")).rows()) == "2013-03-07 06:26"


@pytest.mark.parametrize(
    ("text", "told", "sentence"),
    [
        ("Foto,Art\n", (), r"name the pictures.*“Foto”, “Art”.*--csv-columns file=Photo"),
        ("file,Art\na,b\n", (), r"name the species.*“Art”.*--csv-columns species=Art"),
        ("", (), "first line must name the columns"),
        ("file,species\n", ("file=Bild",), "no column “Bild”.*“file”"),
        ("file,species\n", ("__class__=file",), "names no column"),
        ("file,species\n", ("species",), "names no column"),
    ],
)
def test_that_what_is_missing_is_named(table, text, told, sentence):
    with pytest.raises(Problem, match=sentence):
        table(text, *told)


def test_that_a_file_that_is_none_is_a_problem(tmp_path, table):
    with pytest.raises(Problem, match="cannot be read"):
        LabelTable(tmp_path / "gone.csv")
    with pytest.raises(Problem, match="Save its sheet as CSV"):
        table("PK\x03\x04")
    broken = table('file,species\na.jpg,"fox\n' + 30_000 * "b.jpg,fox\n")
    with pytest.raises(Problem, match="Save it again as CSV"):
        [*broken.rows()]


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
_NAME = _TEXT.filter(lambda text: text != "NA" and not set(text) & set("\\/|,"))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(_NAME, st.none() | st.tuples(_NAME, st.none() | st.integers(1, 10_000)), st.none() | _NAME),
        max_size=8,
    )
)
def test_that_what_is_written_comes_back(tmp_path, said):
    path = tmp_path / "written.csv"
    cells = [(file, *(known or (None, None)), place) for file, known, place in said]
    tables.write(path, ("file", "species", "count", "location"), cells)
    expected = [
        (file, ((" ".join(known[0].split()), known[1]),) if known else (), place)
        for file, known, place in said
    ]
    found = [(row.path, row.said, row.location) for row in LabelTable(path).rows()]
    assert [(a, [(n.replace("empty", ""), c) for n, c in b], d) for a, b, d in found] == [
        (a, [("" if n.casefold() in ("none", "nothing") else n.replace("empty", ""), c) for n, c in b], d)
        for a, b, d in expected
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from([b"file,species,count,date\n", b"", b"sep=;\n", b"\xff\xfe"]))
def test_that_no_content_upsets_it(tmp_path, content, head):
    path = tmp_path / "any.csv"
    path.write_bytes(head + content)
    try:
        assert all(isinstance(row.path, str) for row in LabelTable(path).rows())
    except Problem as problem:
        assert str(path) in str(problem)


def test_that_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(count):
        path = tmp_path / f"{count}.csv"
        line = "North/IMG_{}.JPG,red fox,North,2024-05-01 10:00:00,1\n"
        with path.open("w") as file:
            file.write("file,species,location,datetime,count\n")
            file.writelines(line.format(number) for number in range(count))
        tracemalloc.start()
        try:
            assert sum(1 for _ in LabelTable(path).rows()) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak(1_000)
    assert peak(100_000) < small + (3 << 20)
