"""Words of a classifier that stand alone in a sequence give way; what people said never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.project import Project, decisions, observations, smoothing
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.observations import Rules
from camtrap_gui.project.smoothing import How, even_out
from tests import reviewable


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (["gnu", "gnu", "unknown"], ["gnu"] * 3),  # no species gives way to one said twice
        (["gnu", "Unknown"], ["gnu", "Unknown"]),  # but not to one said once
        (["gnu", "gnu", "animal", "animal"], ["gnu"] * 4),  # of equal numbers the species wins
        (
            ["gnu", "gnu", "animal", "animal", "blank", "animal"],
            ["gnu", "gnu", "animal", "animal", "blank", "animal"],
        ),
        (["gnu"] * 4 + ["lion"], ["gnu"] * 5),  # alone against four
        (["gnu"] * 3 + ["lion"], ["gnu"] * 3 + ["lion"]),
        (["gnu"] * 4 + ["lion"] * 2, ["gnu"] * 4 + ["lion"] * 2),
        (["gnu"] * 3 + ["blank", "lion"], ["gnu"] * 5),  # the first rule feeds the second
        (
            ["gnu", "gnu", "lion", "lion", "unknown"],
            ["gnu", "gnu", "lion", "lion", "unknown"],
        ),  # nobody prevails
        ([], []),
    ],
)
def test_that_the_rules_are_those_of_the_field(said, becomes):
    assert even_out(said) == becomes


@given(st.lists(st.sampled_from(["gnu", "lion", "zebra", "unknown", "blank"]), max_size=12))
def test_that_nothing_new_is_said_and_the_most_frequent_species_stays(said):
    evened = even_out(said)
    assert len(evened) == len(said) and set(evened) <= set(said)
    assert all(old == new or said.count(new) >= 2 for old, new in zip(said, evened, strict=True))


def test_that_a_sequence_overrules_one_picture_but_no_person(tmp_path):
    with Project.open(reviewable.make(tmp_path, 24)) as project:
        with project.write() as db:
            db.execute("UPDATE images SET sequence_id = 1")
            db.execute("UPDATE suggestions SET species_id = 1, top = '[[\"zebra\", 0.8]]'")
            db.execute(
                "UPDATE suggestions SET species_id = 2, top = '[[\"lion\", 0.9]]' WHERE detection_id IN (7, 8)"
            )
        decisions.label(project, [7], [Said("lion")], author="Ana")
        smoothed = smoothing.smooth(project)
        assert smoothed.changes == {8: "zebra"}
        assert smoothed.before["lion"] == 1 and "lion" not in smoothed.after
        assert "lion 1 → 0" in smoothed.text() and "changed 1 of" in smoothed.text()
        found = {one.image.id: one for one in observations.walk(project, Rules(overruled=smoothed.changes))}
        [region] = found[8].regions
        assert (region.species, region.source, region.species_confidence) == ("zebra", "model", 0.9)
        assert region.top == (("zebra", 0.9),)
        assert found[7].species == ("lion",)
        assert (
            project.db.execute("SELECT species_id FROM suggestions WHERE detection_id = 8").fetchone()[0] == 2
        )


def test_that_what_is_unsure_neither_counts_nor_changes(tmp_path):
    with Project.open(reviewable.make(tmp_path, 24)) as project:
        with project.write() as db:
            db.execute("UPDATE images SET sequence_id = 1")
            db.execute("UPDATE suggestions SET species_id = 1")
            db.execute("UPDATE suggestions SET species_id = 2, confidence = 0.4 WHERE detection_id = 8")
            db.execute("UPDATE suggestions SET species_id = 2 WHERE detection_id = 9")
            db.execute("UPDATE detections SET confidence = 0.14 WHERE id = 9")
        assert smoothing.smooth(project).changes == {}


def test_that_pictures_without_a_sequence_stand_alone(tmp_path):
    with Project.open(reviewable.make(tmp_path, 24)) as project:
        with project.write() as db:
            db.execute("UPDATE images SET sequence_id = NULL")
        smoothed = smoothing.smooth(project)
        assert smoothed.changes == {} and sum(smoothed.before.values()) > 10


def test_that_each_change_is_explained_by_picture_and_sequence(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        smoothed = smoothing.Smoothed({5: "lion", 2: "zebra"}, {}, {})
        changes = smoothing.explain(project, smoothed, 9)
        assert [(one.path, one.sequence, one.after) for one in changes] == [
            ("002.jpg", "1", "zebra"),
            ("005.jpg", "2", "lion"),
        ]
        assert changes[0].before == "gnu" and len(smoothing.explain(project, smoothed, 1)) == 1


LINEAGES = {
    "cats": ("mammalia", "carnivora", "felidae"),
    "panthera": ("mammalia", "carnivora", "felidae", "panthera"),
    "lion": ("mammalia", "carnivora", "felidae", "panthera", "leo"),
    "leopard": ("mammalia", "carnivora", "felidae", "panthera", "pardus"),
    "carnivore": ("mammalia", "carnivora"),
    "zebra": ("mammalia", "perissodactyla", "equidae", "equus", "quagga"),
}


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (["lion", "cats"], ["lion", "lion"]),
        (["cats", "zebra"], ["cats", "zebra"]),  # none of the cats was said
        (["lion", "leopard", "leopard", "cats"], ["lion", "leopard", "leopard", "leopard"]),
        (["panthera", "panthera", "panthera", "lion", "cats"], ["lion"] * 5),  # rank counts more than number
        (["cats"] * 4 + ["lion"], ["lion"] * 5),  # and is not overruled by its family
        (["zebra"] * 4 + ["lion"], ["zebra"] * 5),
    ],
)
def test_that_what_is_known_of_the_system_of_animals_counts(said, becomes):
    assert even_out(said, LINEAGES) == becomes


def test_that_other_numbers_make_other_rules():
    assert even_out(["gnu"] * 4 + ["lion"] * 2, how=How(alone=2)) == ["gnu"] * 6
    assert even_out(["gnu"] * 4 + ["lion"], how=How(least=5)) == ["gnu"] * 4 + ["lion"]
    assert even_out(["gnu", "gnu", "lion"], how=How(least=2)) == ["gnu"] * 3


@pytest.mark.parametrize(
    ("relatives", "said", "becomes"),
    [
        (0, ["lion", "lion", "leopard"], ["lion", "lion", "leopard"]),
        (1, ["lion", "lion", "leopard"], ["lion"] * 3),
        (1, ["lion", "leopard"], ["lion", "leopard"]),
        (1, ["lion"] * 3 + ["leopard"] * 2, ["lion"] * 3 + ["leopard"] * 2),
        (2, ["lion"] * 3 + ["leopard"] * 2, ["lion"] * 5),
        (
            2,
            ["lion", "lion", "zebra", "horse"],
            ["lion", "lion", "zebra", "horse"],
        ),  # horse: nothing is known
    ],
)
def test_that_relatives_give_way_only_if_asked_for(relatives, said, becomes):
    assert even_out(said, LINEAGES, smoothing.How(relatives=relatives)) == becomes
