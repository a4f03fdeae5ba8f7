"""What happens in a survey: cameras, bursts, visitors, all from seed and number alone."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from camtrap_gui.survey.plan import Plan
from camtrap_gui.survey.species import ANIMALS, CATEGORIES


def all_shots(plan):
    return [shot for camera in plan.cameras() for shot in plan.shots(camera)]


@pytest.fixture(scope="module")
def shots():
    return all_shots(Plan(600, 0))


@pytest.mark.parametrize("images", [1, 2, 11, 12, 13, 100, 601, 5000])
def test_that_a_plan_has_exactly_the_pictures_asked_for(images):
    plan = Plan(images, 5)
    numbers = [camera.first + n for camera in plan.cameras() for n in range(camera.pictures)]
    assert numbers == list(range(images))
    assert len({camera.name for camera in plan.cameras()}) == len(plan.cameras()) >= min(images, 12)


def test_that_any_picture_can_be_asked_for_directly(shots):
    plan = Plan(600, 0)
    camera = plan.cameras()[7]
    assert plan.shot(camera, 11) == next(
        s for s in shots if s.camera == camera and s.index == camera.first + 11
    )


def test_that_seeds_make_different_surveys(shots):
    assert [s.labels for s in shots] != [s.labels for s in all_shots(Plan(600, 1))]


def test_that_no_two_pictures_share_a_file_and_large_cameras_fill_several_folders():
    plan = Plan(11_000, 0)
    assert len({shot.file for shot in all_shots(plan)}) == 11_000
    large = Plan(5_000_000, 0)
    assert large.shot(large.cameras()[0], 9_999).file.endswith("/101EK113/IMG_0001.JPG")


def test_that_bursts_are_three_frames_of_one_camera_seconds_apart(shots):
    bursts = defaultdict(list)
    for shot in shots:
        bursts[shot.sequence].append(shot)
    for frames in bursts.values():
        assert [f.frame for f in frames] == list(range(frames[0].frames)) and len(frames) == frames[
            0
        ].frames <= 3
        assert len({(f.camera.name, f.labels) for f in frames}) == 1
        assert all(0 < (b.taken - a.taken).total_seconds() <= 2 for a, b in pairwise(frames))
    assert sum(len(frames) == 3 for frames in bursts.values()) > 0.85 * len(bursts)


def test_that_time_goes_forward_at_every_camera(shots):
    for camera in {shot.camera for shot in shots}:
        times = [shot.taken for shot in shots if shot.camera == camera]
        assert times == sorted(times)


def test_that_about_half_is_empty_and_some_are_people_vehicles_and_pairs(shots):
    labels = Counter(name for shot in shots for name in shot.labels)
    assert 0.35 < labels["empty"] / len(shots) < 0.55
    assert labels["human"] >= 6 and labels["vehicle"] >= 6
    assert any(len(shot.labels) == 2 for shot in shots)
    assert 0.3 < sum(shot.night for shot in shots) / len(shots) < 0.65


def test_that_only_labelled_species_are_in_a_picture_and_every_label_is_seen_in_its_burst(shots):
    seen = defaultdict(set)
    for shot in shots:
        present = {visitor.species.name for visitor in shot.visitors}
        assert present <= set(shot.labels)
        seen[shot.sequence] |= present
    assert all(seen[shot.sequence] for shot in shots if shot.labels != ("empty",))
    assert any(not shot.visitors and shot.labels != ("empty",) for shot in shots), "labels belong to bursts"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_that_species_have_a_long_tail_and_the_common_ones_many_cameras(seed):
    plan = Plan(600, seed)
    cameras, pictures = defaultdict(set), Counter()
    for shot in all_shots(plan):
        for name in set(shot.labels) - {"empty", "human", "vehicle"}:
            cameras[name].add(shot.camera.name)
            pictures[name] += 1
    assert len(pictures) >= 12
    ranked = pictures.most_common()
    assert ranked[0][1] > 5 * ranked[-1][1]
    assert all(len(cameras[name]) >= 3 for name, _ in ranked[:5])
    assert min(map(len, cameras.values())) < 3, "some are too rare to be measured"


def test_that_cameras_differ_in_their_fauna(shots):
    fauna = defaultdict(set)
    for shot in shots:
        fauna[shot.camera.name] |= {v.species.name for v in shot.visitors}
    assert len({frozenset(names) for names in fauna.values()}) > 10
    for shot in shots:
        for visitor in shot.visitors:
            assert not visitor.species.habitats or shot.camera.habitat in visitor.species.habitats


def test_that_empty_is_category_zero_and_every_species_has_one():
    assert CATEGORIES[0] == "empty"
    assert len(set(CATEGORIES)) == len(CATEGORIES) == 3 + len(ANIMALS)
