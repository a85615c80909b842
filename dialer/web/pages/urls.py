"""Addresses with their filters: what is empty is left out, so that an address that somebody copies is short."""

from collections.abc import Mapping
from urllib.parse import urlencode


def with_query(path: str, given: Mapping[str, object]) -> str:
    """The path with what is given."""
    said = urlencode({name: value for name, value in given.items() if value not in ("", None)})
    return f"{path}?{said}" if said else path
