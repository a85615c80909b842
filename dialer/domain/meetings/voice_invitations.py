"""How many invitations go to email addresses that were only heard in calls: nobody has shown that they own the mailbox. Pure."""

MAX_VOICE_INVITATIONS = 2
"""For one lead, in all of their meetings: one, and one more for an address that was misheard."""


def may_invite(earlier_calls: int) -> bool:
    """Whether this call may have an invitation sent to such an address; each earlier call had one sent at most."""
    return earlier_calls < MAX_VOICE_INVITATIONS
