"""Paths of a source stay below their root."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui.project.image_roots import are_clean, clean_path

PATHS = st.lists(
    st.text(st.sampled_from("ab./\\:é\0"), min_size=1, max_size=8) | st.just("S1/B04/a.JPG"),
    min_size=1,
    max_size=4,
)


@given(PATHS)
def test_that_paths_that_are_clean_together_are_clean_each(paths):
    if are_clean(paths):
        assert [clean_path(path, Path("/pictures")) for path in paths] == paths


@given(
    st.lists(st.text(st.sampled_from("abé .-_"), min_size=1).map(lambda name: f"S1/x{name}y.JPG"), min_size=1)
)
def test_that_usual_paths_are_clean_together(paths):
    assert are_clean(paths)
