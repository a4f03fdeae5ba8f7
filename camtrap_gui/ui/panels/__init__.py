"""One panel per step: its options, one primary button, and what the step has made. Panels compute nothing."""
