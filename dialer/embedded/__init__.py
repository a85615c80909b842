"""PostgreSQL and Valkey from wheels, for whoever gave no address: real servers, no root, no container, no service."""

from dialer.embedded.processes import EmbeddedError
from dialer.embedded.servers import Addresses, Embedded

__all__ = ["Addresses", "Embedded", "EmbeddedError"]
