import pytest
from PIL import Image

from camtrap_gui.formats.picture_folder import FolderRule, Found, walk
from camtrap_gui.problem import Problem


def test_that_films_raw_pictures_and_broken_links_are_told_of(tmp_path):
    Image.new("L", (4, 3)).save(tmp_path / "a.jpg")
    for name in ("b.MP4", "c.nef", "d.txt", ".e.mov"):
        (tmp_path / name).write_bytes(b"something")
    (tmp_path / "f.jpg").symlink_to("nowhere.jpg")
    assert [*walk(tmp_path)] == [
        Found("a.jpg"),
        Found("b.MP4", "video"),
        Found("c.nef", "raw or HEIC picture"),
        Found("f.jpg", "link to a file that is not there"),
    ]


@pytest.mark.parametrize("text", ["location/species", "location", "/"])
def test_that_a_rule_without_braces_is_refused(text):
    with pytest.raises(Problem, match="with the braces"):
        FolderRule(text)


@pytest.mark.parametrize(
    ("text", "told"), [("", (None, None)), ("*", (None, None)), ("*/{species}", (None, "fox"))]
)
def test_that_a_rule_may_leave_out_what_folders_do_not_tell(text, told):
    assert FolderRule(text).read("A/fox/1.jpg") == told
