"""What comes with drops and pastes: files, and pictures as web browsers hand them over."""

import base64
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QBuffer, QMimeData, QUrl
from PySide6.QtGui import QImage

from camtrap_gui.remote_pictures import for_once, shown
from camtrap_gui.ui.widgets.drops import dropped_pictures, has_pictures


def dragged(
    *, urls: tuple[str, ...] = (), html: str = "", text: str = "", image: QImage | None = None
) -> QMimeData:
    data = QMimeData()
    if urls:
        data.setUrls([QUrl(url) for url in urls])
    if html:
        data.setHtml(html)
    if text:
        data.setText(text)
    if image is not None:
        data.setImageData(image)
    return data


def red() -> QImage:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(0xFFC00000)
    return image


def png() -> str:
    buffer = QBuffer()
    red().save(buffer, "PNG")  # type: ignore[call-overload]
    return base64.b64encode(buffer.data().data()).decode()


@pytest.mark.parametrize(
    ("data", "address"),
    [
        ({"urls": ("https://host/a%20b.jpg",)}, "https://host/a b.jpg"),
        ({"urls": ("https://host/a.jpg#middle",)}, "https://host/a.jpg"),
        ({"urls": ("https://host/a.jpg?u=http://x/y&w=2",)}, "https://host/a.jpg/?u=http:%2F%2Fx%2Fy&w=2"),
        (
            {"urls": ("https://host/page",), "html": '<a href="/page"><img alt="x" src="https://host/a.jpg?a=1&amp;b=2"></a>'},
            "https://host/a.jpg/?a=1&b=2",
        ),
        ({"text": "https://host/a.jpg"}, "https://host/a.jpg"),
    ],
)  # fmt: skip
def test_that_of_what_a_browser_gives_the_address_of_the_picture_is_taken(data, address, tmp_path):
    dropped = dragged(**data)
    assert has_pictures(dropped)
    [path] = dropped_pictures(dropped, tmp_path)
    assert shown(for_once(path)) == address


def test_that_a_picture_that_comes_itself_is_kept_whatever_its_address_says(app, tmp_path):
    inline = f'<img src="data:image/png;base64,{png()}">'
    for data in (
        dragged(image=red()),
        dragged(image=red(), urls=("https://host/..%2F..%2Fetc/..",)),
        dragged(image=red(), urls=("https://host/x/zebra 1.jpg?key=2",)),
        dragged(html=inline),
    ):
        [path] = dropped_pictures(data, tmp_path)
        assert path.parent.parent == tmp_path
        assert Image.open(path).convert("RGB").getpixel((5, 5)) == (0xC0, 0, 0)
    assert sorted(path.stem for path in tmp_path.rglob("*.png")) == [
        "picture",
        "picture",
        "picture",
        "zebra 1",
    ]


def test_that_files_of_this_computer_come_before_all_else_and_other_things_are_no_pictures(app, tmp_path):
    file = tmp_path / "a.jpg"
    assert dropped_pictures(
        dragged(urls=(QUrl.fromLocalFile(str(file)).toString(),), image=red()), tmp_path
    ) == [file]
    for data in (
        dragged(urls=("ftp://host/a.jpg", "javascript:alert(1)")),
        dragged(html='<img src="file:///etc/passwd">'),
        dragged(html='<img src="data:image/png;base64,!!">'),
        dragged(text="a sentence about https: and zebras"),
    ):
        assert dropped_pictures(data, tmp_path) == []
    assert list(tmp_path.rglob("*")) == [] and Path(tmp_path).is_dir()
