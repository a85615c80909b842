"""Routing by number prefix: the carrier for a call and the caller id it shows.

Pure. The longest matching prefix wins among the carriers that are available; where none matches, the first available
carrier takes the call. India is routed to Exotel, because Twilio cannot present an Indian caller id there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ENTRY = re.compile(r"(\*|\+\d{1,15})=([a-z][a-z0-9_]*)(?::(\+?\d{5,15}))?", re.ASCII)
HOW = "write it as +91=exotel:08040001234, *=twilio"


@dataclass(frozen=True, slots=True)
class Route:
    """Calls to numbers starting with `prefix` (`+91`; empty for all) show `caller_id`, or the carrier's default if None."""

    prefix: str
    caller_id: str | None = None


Table = Mapping[str, tuple[str, str | None]]
"""Prefix to (carrier, caller id); a caller id of None is the carrier's default."""

STANDARD: Table = {"+91": ("exotel", None), "": ("twilio", None)}


def parse_table(text: str) -> Table:
    """Return the standard table with overrides such as `+91=exotel:08040001234, *=twilio`; `*` matches all numbers.

    Raises:
        ValueError: an entry is malformed.
    """
    table = dict(STANDARD)
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry.replace(" ", ""))
        if match is None:
            raise ValueError(f"{entry!r} is not a route; {HOW}")
        table["" if match[1] == "*" else match[1]] = (match[2], match[3])
    return table


def routes_of(table: Table, carrier: str) -> tuple[Route, ...]:
    """Return the routes of one carrier."""
    return tuple(Route(prefix, caller_id) for prefix, (name, caller_id) in table.items() if name == carrier)


def choose(offered: Mapping[str, Sequence[Route]], phone: str) -> tuple[str, Route] | None:
    """Return the carrier for a number (E.164) and the route that matched; None if no carrier is offered.

    `offered` maps the available carriers, in order of preference, to their routes.
    """
    best: tuple[str, Route] | None = None
    for name, routes in offered.items():
        for route in routes:
            if phone.startswith(route.prefix) and (best is None or len(route.prefix) > len(best[1].prefix)):
                best = (name, route)
    return best or next(((name, Route("")) for name in offered), None)


def is_one_way(offered: Mapping[str, Sequence[Route]], prefix: str) -> bool:
    """Whether all numbers with this prefix take the same route, that is, no route has a longer prefix within it."""
    return not any(_is_longer(route.prefix, prefix) for route in _all(offered))


def _is_longer(prefix: str, than: str) -> bool:
    return prefix != than and prefix.startswith(than)


def _all(offered: Mapping[str, Sequence[Route]]) -> Iterable[Route]:
    return (route for routes in offered.values() for route in routes)
