import pytest
from PIL import Image

from camtrap_gui.formats.chosen_pictures import ChosenPictures
from camtrap_gui.problem import Problem


@pytest.fixture
def survey(tmp_path):
    for name in ("b.jpg", "a/z.JPG", "a/c/x.png", "a/notes.txt", "a/z_detections.jpg", ".hidden/h.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"x")
    return tmp_path


def names(*paths):
    chosen = ChosenPictures(paths)
    return [chosen.name_of(path) for path in chosen]


def test_that_a_folder_gives_all_pictures_below_it_but_not_our_own_copies(survey):
    assert names(survey) == ["b.jpg", "a/z.JPG", "a/c/x.png"]


def test_that_nothing_is_taken_twice(survey):
    assert names(survey / "a", survey / "a" / "c", survey / "a" / "z.JPG") == ["z.JPG", "c/x.png"]


def test_that_names_of_files_from_several_folders_start_at_their_common_one(survey):
    assert names(survey / "b.jpg", survey / "a" / "c") == ["b.jpg", "a/c/x.png"]


def test_that_a_file_named_by_itself_is_taken_whatever_it_is_called(survey):
    assert names(survey / "a" / "z_detections.jpg", survey / "a" / "notes.txt") == [
        "notes.txt",
        "z_detections.jpg",
    ]


def test_that_the_same_choice_can_be_read_again(survey):
    chosen = ChosenPictures([survey])
    assert list(chosen) == list(chosen)


def test_that_a_link_out_of_the_folder_is_passed_over_with_a_reason(survey, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "o.jpg"
    Image.new("RGB", (4, 4)).save(outside)
    (survey / "a" / "link.jpg").symlink_to(outside)
    assert [one.name for one in ChosenPictures([survey]).everything() if one.refused] == ["a/link.jpg"]
    assert "a/link.jpg" not in names(survey)


@pytest.mark.parametrize("chosen", [[], ["nowhere"]])
def test_that_choosing_nothing_or_something_missing_is_a_problem(survey, chosen):
    with pytest.raises(Problem):
        ChosenPictures([survey / name for name in chosen])
