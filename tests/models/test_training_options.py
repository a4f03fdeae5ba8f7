"""What the options of a training make of a preset's recipe."""

from camtrap_gui.models import training_options
from camtrap_gui.models.classifiers import devices, recipes
from camtrap_gui.models.training_options import Options, recipe_of


def test_that_options_change_the_recipe_of_the_preset():
    assert recipe_of(Options()) == recipes.PRESETS["quick"]
    assert recipe_of(Options(preset="standard")) == recipes.PRESETS["standard"]
    changed = recipe_of(Options(preset="standard", balance="none", learning_rate=1e-3, unfreeze=True))
    assert changed.balance == "none" and changed.network is not None
    assert (changed.network.backbone_rate, changed.network.depths) == (1e-3, 4)
    assert changed.head == recipes.START
    assert training_options.AUGMENTATIONS == recipes.AUGMENTATIONS
    assert (training_options.BALANCES, training_options.PRECISIONS) == (recipes.BALANCES, devices.PRECISIONS)
    assert set(training_options.PRESETS) == set(recipes.PRESETS)
