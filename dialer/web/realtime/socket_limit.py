"""Limits how many live sockets one account has open in this process: each costs a query every few seconds."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MAX_SOCKETS = 20
"""A person with a dozen tabs has fewer."""
TOO_MANY = 4429
TOO_MANY_SAYS = f"Close other live pages first: at most {MAX_SOCKETS} at a time."


class SocketLimit:
    """Counts open sockets by account. The operator, whose account is 0, has no limit."""

    def __init__(self, most: int = MAX_SOCKETS) -> None:
        self._most = most
        self._open: Counter[int] = Counter()

    @contextmanager
    def enter(self, account_id: int) -> Iterator[bool]:
        """Hold a place for the length of the context; gives False where there is none."""
        if account_id and self._open[account_id] >= self._most:
            yield False
            return
        self._open[account_id] += 1
        try:
            yield True
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]


sockets = SocketLimit()
