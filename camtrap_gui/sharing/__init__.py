"""What is written for other programs: one module per kind of file, each reading the project through ``observations``."""
