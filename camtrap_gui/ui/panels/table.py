"""Which panel belongs to which step; each module is imported when its panel is first shown."""

from importlib import import_module

from camtrap_gui.ui.panels.panel import Panel

PLACES = {"results": "detect", "merge": "detect", "embed": "train"}
"""Commands that have no panel of their own, and the step whose panel starts them."""


def panel_of(step: str) -> type[Panel]:
    """The panel class of a step: the one subclass of Panel in the module of the same name."""
    module = import_module(f"camtrap_gui.ui.panels.{step}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Panel) and value.step == step
    )
