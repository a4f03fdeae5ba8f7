"""How a crop becomes a network's input: one function for training, evaluation and prediction.

The whole crop is resized to a square, bilinear with antialiasing, its aspect ignored: the tutorial resizes so too, and
crops are square except at the picture's border. Values stay RGB 0..255; scaling is the network's first layer, so an
exported graph only has to repeat the resize (``exports`` does so bit for bit).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def to_input(crop: Image.Image, size: int) -> NDArray[np.uint8]:
    """The crop as RGB 0..255, uint8 [size, size, 3]."""
    if crop.mode != "RGB":
        crop = crop.convert("RGB")
    if crop.size != (size, size):
        # Across first, always: left to itself, Pillow chooses by shape and version, and each way rounds differently.
        crop = crop.resize((size, crop.height), Image.Resampling.BILINEAR)
        crop = crop.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(crop)
