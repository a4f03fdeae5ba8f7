"""ResNetV2: the residual networks that much of the literature compares with.

Architecture: K. He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
"""

from camtrap_gui.models.classifiers.keras_applications import backbone

BACKBONES = (
    backbone("resnet50-v2", "ResNet50V2", 224, 2048),
    backbone("resnet101-v2", "ResNet101V2", 224, 2048),
)
