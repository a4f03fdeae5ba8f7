"""Both themes can be read, and every arrow of a field has its picture."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImageReader

from camtrap_gui.colours import contrast
from camtrap_gui.ui import theme


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_that_words_can_be_read_on_every_ground(colours):
    def rgb(name):
        return QColor(name).getRgb()[:3]

    for ground in (colours.window, colours.surface, colours.raised, colours.selected):
        assert contrast(rgb(colours.text), rgb(ground)) >= 4.5
    for ground in (colours.window, colours.surface, colours.raised):
        assert contrast(rgb(colours.muted), rgb(ground)) >= 4.5
    assert contrast(rgb(colours.on_accent), rgb(colours.accent)) >= 4.5


@pytest.mark.parametrize("preference", ["light", "dark"])
def test_that_the_pictures_of_the_style_are_there(app, preference):
    try:
        theme.theme.apply(preference)
        named = re.findall(r'url\("([^"]+)"\)', app.styleSheet())
    finally:
        theme.theme.apply("light")
    assert named
    for path in named:
        assert Path(path).is_file()
        assert not QImageReader(path).read().isNull()
