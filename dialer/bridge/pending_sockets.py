"""Media sockets that have not shown the token of a call yet: a small pool, so that strangers never take a call's place."""

from collections import Counter
from collections.abc import Hashable

MAX_PENDING = 32
MAX_PER_ADDRESS = 10
IDENTIFY_TIMEOUT_S = 2.0
"""How long a socket that showed nothing at the upgrade has to send its `start`."""


class PendingSockets:
    """Counts sockets without a token, in all and by address. Behind a proxy that is not declared, all have one address."""

    def __init__(self, most: int = MAX_PENDING, per_address: int = MAX_PER_ADDRESS) -> None:
        self._most, self._per_address = most, per_address
        self._address: dict[Hashable, str] = {}
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._address)

    def enter(self, socket: Hashable, address: str) -> bool:
        """Take a place; False where the pool, or the address's share of it, is full."""
        if len(self._address) >= self._most or self._by_address[address] >= self._per_address:
            return False
        self._address[socket] = address
        self._by_address[address] += 1
        return True

    def leave(self, socket: Hashable) -> None:
        """Give the place back: the socket showed its token, or is closed. A socket that has none is ignored."""
        address = self._address.pop(socket, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
