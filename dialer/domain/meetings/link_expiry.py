"""How long the links about a meeting last. Pure; all moments are instants."""

from datetime import datetime, timedelta

OUTCOME_LINK_LASTS = timedelta(days=30)
"""After the meeting: time to say how it went, and to correct it."""


def student_link_expired(meeting_ends: datetime, now: datetime) -> bool:
    """Whether the student's link has expired: there is nothing left to move or cancel."""
    return now >= meeting_ends


def counselor_link_expired(meeting_ends: datetime, now: datetime) -> bool:
    """Whether the link that shows what the student said, and takes how the meeting went, has expired."""
    return now >= meeting_ends + OUTCOME_LINK_LASTS
