"""The one error a user can mend."""


class Problem(Exception):
    """Says what is wrong, where, and what to do about it, in sentences an ecologist understands.

    The command line prints it and exits with 2; the window shows it in place. Anything that is not a Problem is
    a defect of the program.
    """


class Interrupted(Problem):
    """Something outside the program stopped it: a full disk, a folder that is away, another program's lock.

    Once that is mended the same command goes on where it stopped; the window offers to.
    """
