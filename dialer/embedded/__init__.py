"""PostgreSQL and Valkey from wheels, for whoever gave no address: real servers, no root, no container, no service."""

from dialer.embedded.processes import EmbeddedError
from dialer.embedded.servers import Embedded, ServerUrls

__all__ = ["Embedded", "EmbeddedError", "ServerUrls"]
