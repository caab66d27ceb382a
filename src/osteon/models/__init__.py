"""Networks: encoders, heads, detectors, classifiers, and the model package.

The specs (:mod:`osteon.models.spec`) are plain settings and need no torch. A module that needs
torchvision or timm imports :mod:`osteon.models.torchvision_ready` before them, which makes
them importable, in spawned workers too.
"""
