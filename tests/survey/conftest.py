"""A small survey, made once for all tests that look at one."""

import pytest

from camtrap_gui import survey


@pytest.fixture(scope="session")
def small_survey(tmp_path_factory):
    """24 pictures of 12 cameras with seed 3."""
    return survey.generate(tmp_path_factory.mktemp("small") / "survey", 24, 3, lambda _: None)
