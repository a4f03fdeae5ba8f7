"""How fast the program is, each figure as a ratio to a named reference measured in the same run.

Run one with ``python -m benchmarks.<name>``; ``--help`` tells its options. The last line printed is JSON.
"""
