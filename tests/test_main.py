"""What the two commands open."""

import sys

import pytest

from camtrap_gui import __main__


@pytest.fixture
def opened(monkeypatch):
    """Folders that a window was opened on; a screen is there."""
    shown = []
    monkeypatch.setattr(__main__, "show_window", lambda folder: shown.append(folder) or 0)
    monkeypatch.setattr(__main__, "has_display", lambda: True)
    monkeypatch.setattr(__main__, "_hush_libraries", lambda: None)  # it moves the streams of this process
    return shown


def run(monkeypatch, main, *arguments):
    monkeypatch.setattr(sys, "argv", ["camtrap", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_that_no_arguments_open_the_window(monkeypatch, opened):
    assert run(monkeypatch, __main__.main) == 0
    assert opened == [None]


def test_that_no_arguments_print_the_help_where_no_window_can_be_shown(monkeypatch, opened, capsys):
    monkeypatch.setattr(__main__, "has_display", lambda: False)
    assert run(monkeypatch, __main__.main) == 0
    assert not opened and "detect" in capsys.readouterr().out
    assert run(monkeypatch, __main__.main_window) == 2
    assert "no screen" in capsys.readouterr().err


def test_that_a_command_opens_no_window(monkeypatch, opened, capsys):
    assert run(monkeypatch, __main__.main, "detect", "--help") == 0
    assert not opened


def test_that_the_window_opens_on_a_project(monkeypatch, opened, tmp_path):
    assert run(monkeypatch, __main__.main_window, str(tmp_path)) == 0
    assert run(monkeypatch, __main__.main_window) == 0
    assert opened == [tmp_path, None]
    assert run(monkeypatch, __main__.main_window, "--help") == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_that_a_screen_is_found_on_linux(monkeypatch, name):
    for other in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(other, raising=False)
    assert not __main__.has_display()
    monkeypatch.setenv(name, "something")
    assert __main__.has_display()
