"""Files are written whole or not at all, and no path leads out of its folder."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.files import inside, new_folder, replacing, safe_name, sha256_of, write_text
from camtrap_gui.problem import Problem


def test_that_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "report.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), replacing(target) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_that_written_files_are_readable_by_others(tmp_path):
    write_text(tmp_path / "a.txt", "text\n")
    (tmp_path / "b.txt").write_text("text\n")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode
    assert sha256_of(tmp_path / "a.txt") == sha256_of(tmp_path / "b.txt")


@pytest.mark.parametrize(
    "path",
    [
        "../x.jpg",
        "a/../../x.jpg",
        "/etc/passwd",
        "C:\\x.jpg",
        "C:x.jpg",
        "\\\\server\\x.jpg",
        "a\0b",
        "",
        "..\\x.jpg",
    ],
)
def test_that_paths_leading_out_are_refused(tmp_path, path):
    with pytest.raises(Problem):
        inside(tmp_path, path)


def test_that_a_link_leading_out_is_refused_and_one_inside_is_not(tmp_path):
    root = tmp_path / "root"
    (root / "camera").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "linked").symlink_to(root / "camera")
    with pytest.raises(Problem):
        inside(root, "out.jpg")
    assert inside(root, "linked/a.jpg") == root / "linked" / "a.jpg"


def test_that_backslashes_of_windows_files_are_understood(tmp_path):
    assert inside(tmp_path, "cam1\\IMG_1.JPG") == tmp_path / "cam1" / "IMG_1.JPG"


@given(st.text(max_size=200))
def test_that_any_label_becomes_one_safe_folder_name(text):
    name = safe_name(text)
    assert name not in ("", ".", "..")
    assert len(PurePosixPath(name).parts) == 1
    assert not name.startswith(".") and not name.endswith((".", " "))
    assert not set(name) & set('<>:"/\\|?*\0')
    assert name.lower().split(".")[0] not in {"con", "nul", "aux", "com1", "lpt9"}
    assert safe_name(name) == name


def test_that_a_new_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "made"
    (tmp_path / ".made.unfinished-old").mkdir()  # as a killed program leaves it
    with pytest.raises(RuntimeError), new_folder(target) as beside:
        (beside / "half").write_text("x")
        assert not target.exists()
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with new_folder(target) as beside:
        (beside / "whole").write_text("x")
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "whole"]
    with pytest.raises(Problem, match="not overwritten"), new_folder(target):
        pass
