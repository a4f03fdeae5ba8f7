"""What the form of a training says: what each preset takes, and what the choices of its lists mean."""

from typing import Any

NEEDS = {
    "quick": "Trains the last layer. Minutes the first time; what the network sees in each crop is kept for the next.",
    "standard": "Trains the last layer, then the whole network. Hours without a graphics card.",
    "tutorial": "The two stages of the original tutorial with its own large network. Days without a graphics card.",
}
"""What each preset takes."""

_AS_PRESET = ("preset", "As the preset says")
CHOICES: dict[str, list[tuple[Any, str]]] = {
    "augmentation": [
        _AS_PRESET,
        ("none", "None"),
        ("light", "Light"),
        ("standard", "Standard"),
        ("strong", "Strong"),
    ],
    "balance": [
        _AS_PRESET,
        ("logits", "Correct for how rare they are"),
        ("sampling", "Show all equally often"),
        ("weights", "Rare ones count more"),
        ("none", "As they come"),
    ],
    "precision": [
        ("auto", "As suits the computer"),
        ("float32", "Exact (float32)"),
        ("bfloat16", "Coarse, fast (bfloat16)"),
    ],
}
"""What a list says of its choices where the words of the command line are not enough."""
