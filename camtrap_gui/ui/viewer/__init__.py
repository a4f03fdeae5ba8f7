"""The picture with its boxes: used by every panel that shows one."""
