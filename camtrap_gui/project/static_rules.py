"""When detections at the same place of a camera are taken for one thing that does not move.

An animal is never twice in exactly the same box; a thing that cannot walk always is. The rules are those of
MegaDetector's repeat detection elimination (boxes agree from an IoU of 0.9 on, 20 occurrences, confidence 0.1 to 1, at
most a fifth of the picture, the same category), with two more: a burst counts once and a place must have been seen on
several days, as twenty frames of one resting animal are no repeat.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """When detections are taken for one static object.

    ``occurrences`` are bursts, or pictures where ``bursts_once`` is False. A thing that raises false alarms does so
    for weeks: 20 bursts leave out what is not worth a decision in a survey of months. ``days`` are different days by
    the camera's clock: an animal asleep before the camera through a night is there on two. It does not apply where no
    picture of a place has a time. For a survey of a few days or a hundred pictures per camera 5 occurrences on 2 days
    are a start. ``low`` and ``high`` bound the confidence, ``largest`` is the largest share of the picture a box may
    cover (a box around everything agrees with every other one); ``iou`` must be above 0.
    """

    iou: float = 0.9
    occurrences: int = 20
    days: int = 3
    low: float = 0.1
    high: float = 1.0
    largest: float = 0.2
    bursts_once: bool = True


USUAL = Rules()
"""For a survey of months."""
