"""MobileNetV3: the smallest networks there are here, for old laptops and field computers.

Architecture: A. Howard et al., "Searching for MobileNetV3", ICCV 2019.
"""

from camtrap_gui.models.classifiers.keras_applications import backbone

BACKBONES = (
    backbone("mobilenet-v3-small", "MobileNetV3Small", 224, 576, include_preprocessing=False),
    backbone("mobilenet-v3-large", "MobileNetV3Large", 224, 960, include_preprocessing=False),
)
