"""MobileNetV2: small, and known to every program for devices.

Architecture: M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
"""

from camtrap_gui.models.classifiers.keras_applications import backbone

BACKBONES = (backbone("mobilenet-v2", "MobileNetV2", 224, 1280),)
