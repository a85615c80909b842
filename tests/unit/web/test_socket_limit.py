"""One account opens so many live sockets, and a closed one makes room (L11)."""

from contextlib import ExitStack

from dialer.web.realtime.socket_limit import SocketLimit


def test_an_account_has_a_limit_of_its_own_and_the_operator_none() -> None:
    limit = SocketLimit(2)
    with ExitStack() as stack:
        assert [stack.enter_context(limit.enter(1)) for _ in range(3)] == [True, True, False]
        assert stack.enter_context(limit.enter(2))
        assert all(stack.enter_context(limit.enter(0)) for _ in range(5))
    with limit.enter(1) as has_room:
        assert has_room
