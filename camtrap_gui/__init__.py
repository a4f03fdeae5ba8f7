"""From a disk full of camera-trap pictures to a trustworthy species classifier of one's own."""

__version__ = "0.1.0"
