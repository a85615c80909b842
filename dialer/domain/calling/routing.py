"""Which carrier a number is called through, and which of our numbers it sees: a table by the number's beginning.

Pure. The longest beginning that fits decides, among the carriers that may be used at all; where none fits, the first of
them takes the call. India goes through Exotel, because Twilio cannot show an Indian number there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ENTRY = re.compile(r"(\*|\+\d{1,15})=([a-z][a-z0-9_]*)(?::(\+?\d{5,15}))?", re.ASCII)
HOW = "write it as +91=exotel:08040001234, *=twilio"


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers that begin with `prefix` (`+91`; empty for all) go out showing `caller_id`, or the carrier's own number."""

    prefix: str
    caller_id: str | None = None


Table = Mapping[str, tuple[str, str | None]]
"""By prefix: the carrier, and the number to show, None for the carrier's own."""

STANDARD: Table = {"+91": ("exotel", None), "": ("twilio", None)}


def parse_table(text: str) -> Table:
    """The standard table, changed by entries such as `+91=exotel:08040001234, *=twilio`; `*` stands for all numbers.

    Raises:
        ValueError: an entry that is none, in one line.
    """
    table = dict(STANDARD)
    for entry in filter(None, (each.strip() for each in text.split(","))):
        found = _ENTRY.fullmatch(entry.replace(" ", ""))
        if found is None:
            raise ValueError(f"{entry!r} is not a route; {HOW}")
        table["" if found[1] == "*" else found[1]] = (found[2], found[3])
    return table


def routes_of(table: Table, carrier: str) -> tuple[Route, ...]:
    """One carrier's part of the table."""
    return tuple(Route(prefix, shown) for prefix, (name, shown) in table.items() if name == carrier)


def choose(offered: Mapping[str, Sequence[Route]], phone: str) -> tuple[str, Route] | None:
    """The carrier for a number in E.164, and the route that says so; None where no carrier is offered.

    `offered` are the carriers that may be used, by preference, each with its own routes.
    """
    best: tuple[str, Route] | None = None
    for name, routes in offered.items():
        for route in routes:
            if phone.startswith(route.prefix) and (best is None or len(route.prefix) > len(best[1].prefix)):
                best = (name, route)
    return best or next(((name, Route("")) for name in offered), None)


def is_one_way(offered: Mapping[str, Sequence[Route]], prefix: str) -> bool:
    """Whether all numbers that begin with this prefix take the same route: no route is more particular than it."""
    return not any(_is_longer(route.prefix, prefix) for route in _all(offered))


def _is_longer(prefix: str, than: str) -> bool:
    return prefix != than and prefix.startswith(than)


def _all(offered: Mapping[str, Sequence[Route]]) -> Iterable[Route]:
    return (route for routes in offered.values() for route in routes)
