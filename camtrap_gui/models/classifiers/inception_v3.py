"""Inception V3, which many camera-trap classifiers of the last years were built on.

Architecture: C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
"""

from camtrap_gui.models.classifiers.keras_applications import backbone

BACKBONES = (backbone("inception-v3", "InceptionV3", 299, 2048, smallest=75),)
