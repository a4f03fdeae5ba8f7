"""Pictures are read upright, in RGB and whole, or refused with a reason."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui.pictures import Unreadable, is_picture_name, read_header, read_upright


def gradient(width: int = 64, height: int = 32) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.dstack([columns * 3, rows * 5, rows + columns]).astype(np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_every_exif_orientation_is_turned_upright(tmp_path, orientation):
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    upright = gradient()
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(inverse[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    stored.save(path, exif=exif)
    assert np.array_equal(np.asarray(read_upright(path)), np.asarray(upright))
    header = read_header(path)
    assert (header.width, header.height) == upright.size


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P", "LA", "1", "I;16", "F"])
def test_that_every_mode_becomes_rgb(tmp_path, mode):
    image = (
        gradient().convert("L").convert("F").convert("I;16") if mode == "I;16" else gradient().convert(mode)
    )
    path = tmp_path / ("a.tif" if mode in ("CMYK", "F", "I;16") else "a.png")
    image.save(path)
    read = read_upright(path)
    assert read.mode == "RGB" and read.size == (64, 32)
    assert len(np.unique(np.asarray(read))) > 1


def test_that_the_time_is_the_cameras_own(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Reconyx\0"
    exif.get_ifd(0x8769)[0x9003] = "2019:05:07 03:34:21"
    gradient().save(tmp_path / "a.jpg", exif=exif)
    header = read_header(tmp_path / "a.jpg")
    assert header.taken is not None and header.taken.isoformat() == "2019-05-07T03:34:21"
    assert header.make == "Reconyx"


def test_that_bad_files_say_why(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"this is no picture" * 10)
    gradient(640, 480).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    for name, reason in {
        "empty": "empty",
        "text": "not a picture",
        "cut": "truncated",
        "none": "missing",
    }.items():
        for read in (read_header, read_upright):
            with pytest.raises(Unreadable, match=reason):
                read(tmp_path / f"{name}.jpg")


def test_that_a_small_picture_cut_off_anywhere_is_truncated_or_no_picture(tmp_path):
    gradient(16, 16).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    reasons = []
    for length in range(1, len(whole) - 20, 7):
        (tmp_path / "cut.jpg").write_bytes(whole[:length])
        with pytest.raises(Unreadable) as caught:
            read_header(tmp_path / "cut.jpg")
        reasons.append(str(caught.value))
    cut = "truncated: the file ends before the picture does"
    assert {reason.partition(":")[0] for reason in reasons} == {"truncated", "not a picture"}
    assert {reason for reason in reasons if reason.startswith("truncated")} == {cut}
    assert reasons.count(cut) > 0.8 * len(reasons)


def test_that_a_picture_of_a_billion_pixels_is_refused_before_it_is_decoded(tmp_path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    (tmp_path / "bomb.png").write_bytes(data)
    for read in (read_header, read_upright):
        with pytest.raises(Unreadable, match="too large"):
            read(tmp_path / "bomb.png")


def test_that_a_smaller_decode_never_goes_below_what_was_asked(tmp_path):
    gradient(1600, 1200).save(tmp_path / "a.jpg")
    smaller = read_upright(tmp_path / "a.jpg", at_least=640)
    assert 640 <= max(smaller.size) < 1600
    assert read_upright(tmp_path / "a.jpg").size == (1600, 1200)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_that_damaged_bytes_are_refused_or_read_but_never_crash(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    exif = Image.Exif()
    exif[0x010F] = "Make"
    gradient().save(path, exif=exif)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for read in (read_header, read_upright):
        try:
            read(path)
        except Unreadable as reason:
            assert str(reason)


def test_that_real_awkward_pictures_are_read_or_refused(testdata):
    folder = testdata / "images" / "awkward_files"
    rotated = folder / "african_elephants_with_exif_orientation.jpg"
    with Image.open(rotated) as stored:
        assert read_upright(rotated).size == (stored.height, stored.width)
    for name in ("bw", "cmyk"):
        assert read_upright(folder / f"african_elephants_{name}.jpg").mode == "RGB"
    with pytest.raises(Unreadable, match="truncated"):
        read_header(folder / "african_elephants_truncated_file.jpg")


def test_that_hidden_files_are_no_pictures():
    assert is_picture_name("CAM1/IMG_1.JPG")
    assert not is_picture_name("CAM1/._IMG_1.JPG")
    assert not is_picture_name("notes.txt")
