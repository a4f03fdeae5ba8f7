"""Species names that stand for no animal."""

MEANINGS = {
    "empty": frozenset({"empty", "blank"}),
    "person": frozenset({"person", "persons", "people", "human", "humans"}),
    "vehicle": frozenset({"vehicle", "vehicles"}),
    "unknown": frozenset({"unknown"}),
}
"""The four special names, each with the words, in lower case, that mean the same."""

NOT_ANIMALS = frozenset().union(*MEANINGS.values())
"""Species names, in lower case, that no crop is ever made of."""
