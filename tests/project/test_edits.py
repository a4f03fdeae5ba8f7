"""Edits: any sequence of decisions can be taken back and made again, also after a restart."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.project import Project, edits
from camtrap_gui.project.edits import Change

SPECIES = 4
IMAGES = 3


def prepared(project: Project) -> Project:
    with project.write() as db:
        db.execute("INSERT INTO roots (path) VALUES ('somewhere')")
        db.executemany(
            "INSERT INTO species (name, position) VALUES (?, ?)",
            [(f"s{number}", number) for number in range(SPECIES)],
        )
        db.executemany(
            "INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)",
            [(f"i{number}", f"i{number}.jpg") for number in range(IMAGES)],
        )
        db.execute("INSERT INTO labels (image_id, species_id) VALUES (1, 1)")
    return project


def state(project: Project) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for table in ("labels", "images", "boxes")
        for row in project.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
    ]


def label(image: int, species: int, present: bool) -> Change:
    after = {"author": "Ana"} if present else None
    return Change("labels", {"image_id": image, "species_id": species}, after)


def test_that_an_edit_is_seen_at_once_and_remembers_its_author(project):
    prepared(project)
    edits.edit(project, "Label as s2", [label(1, 1, False), label(1, 3, True)], author="Ana")
    rows = project.db.execute("SELECT image_id, species_id, author FROM labels").fetchall()
    assert [tuple(row) for row in rows] == [(1, 3, "Ana")]
    (newest,) = edits.history(project)
    assert (newest.author, newest.note, newest.changes, newest.undone) == ("Ana", "Label as s2", 2, False)


def test_that_undo_works_after_a_restart(project):
    before = state(prepared(project))
    edits.edit(project, "Remove", [label(1, 1, False)])
    after = state(project)
    project.close()
    with Project.open(project.folder) as again:
        assert edits.undo(again) is not None
        assert state(again) == before
        assert edits.undo(again) is None
        assert edits.redo(again) is not None
        assert state(again) == after


def test_that_a_new_edit_drops_what_was_undone(project):
    prepared(project)
    edits.edit(project, "first", [label(1, 2, True)])
    edits.undo(project)
    edits.edit(project, "second", [label(1, 3, True)])
    assert edits.redo(project) is None
    assert [edit.note for edit in edits.history(project)] == ["second"]


def test_that_a_failing_edit_changes_nothing(project):
    before = state(prepared(project))
    try:
        edits.edit(project, "half", [label(1, 2, True), label(999, 1, True)])
    except Exception as error:
        assert "FOREIGN KEY" in str(error)
    else:
        raise AssertionError("a label of an unknown image was accepted")
    assert state(project) == before
    assert list(edits.history(project)) == []


changes = st.lists(
    st.builds(label, st.integers(1, IMAGES), st.integers(1, SPECIES), st.booleans()), min_size=1, max_size=5
)


@given(st.lists(changes, max_size=8), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_any_edits_undone_give_the_start_and_redone_the_end(tmp_path_factory, sequence, data):
    folder = tmp_path_factory.mktemp("edits") / "project"
    project = prepared(Project.create(folder))
    states = [state(project)]
    for group in sequence:
        edits.edit(project, "edit", group)
        states.append(state(project))
    for expected in reversed(states[:-1]):
        if data.draw(st.booleans()):
            project.close()
            project = Project.open(folder)
        assert edits.undo(project) is not None
        assert state(project) == expected
    assert edits.undo(project) is None
    for expected in states[1:]:
        assert edits.redo(project) is not None
        assert state(project) == expected
    project.close()
