"""The window: a view of one open project, and buttons that start steps."""
