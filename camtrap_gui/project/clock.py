"""The time as a project tells it: that of the computer, but never earlier than what it has noted already.

What was done after what is read from these times (is a run older than a correction? which detector worked last?). A
computer whose clock is set back, or a second one whose clock is behind, must not turn that round.
"""

import sqlite3
from datetime import UTC, datetime, timedelta

_NEWEST = """
    SELECT max(moment) FROM (
        SELECT max(made) AS moment FROM (SELECT made FROM edits ORDER BY id DESC LIMIT 1)
        UNION ALL SELECT max(started, coalesce(finished, '')) FROM (SELECT * FROM jobs ORDER BY id DESC LIMIT 100)
        UNION ALL SELECT max(started, coalesce(finished, ''), coalesce(promoted, '')) FROM runs
        UNION ALL SELECT used FROM detectors
    )
"""
_STEP = timedelta(microseconds=1)


def now(db: sqlite3.Connection) -> datetime:
    """The present moment, UTC; later than every job, edit, run and detector the project knows of."""
    present = datetime.now(UTC)
    (newest,) = db.execute(_NEWEST).fetchone()
    if not newest or newest < present.isoformat():  # the usual case: times of one form sort as texts
        return present
    return max(present, datetime.fromisoformat(newest) + _STEP)
