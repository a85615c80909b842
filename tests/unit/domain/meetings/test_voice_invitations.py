"""An address that was only heard in calls gets two invitations."""

from dialer.domain.meetings.voice_invitations import may_invite


def test_the_third_call_has_no_invitation_sent() -> None:
    assert [may_invite(earlier) for earlier in range(4)] == [True, True, False, False]
