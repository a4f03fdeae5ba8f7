"""Inception-ResNet-V2: Inception with residual connections, large and slow, once the most accurate of its kind.

Architecture: C. Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
AAAI 2017.
"""

from camtrap_gui.models.classifiers.keras_applications import backbone

BACKBONES = (backbone("inception-resnet-v2", "InceptionResNetV2", 299, 1536, smallest=75),)
