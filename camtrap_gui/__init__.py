"""From a disk full of camera-trap pictures to a trustworthy species classifier of one's own."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from camtrap_gui.models.loaded import Model

__version__ = "0.1.0"


def load_model(path: "str | PathLike[str]") -> "Model":
    """Load a trained classifier: the folder of an export, or the bundle in it.

    Importing ``camtrap_gui`` takes no time and needs no window; the first call of this starts TensorFlow (seconds).
    Raises ``camtrap_gui.problem.Problem`` when there is no classifier in the folder, or a damaged one.

    >>> import camtrap_gui
    >>> model = camtrap_gui.load_model("my-classifier")
    >>> pictures = ["crop1.jpg", "crop2.jpg"]
    >>> for picture, species in zip(pictures, model.predict(pictures)):
    ...     name = next(iter(species))  # the likeliest comes first
    ...     print(f"{picture}: {name} {species[name]:.0%}")
    crop1.jpg: ...
    crop2.jpg: ...
    """
    from camtrap_gui.models.loaded import load

    return load(path)
