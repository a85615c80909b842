"""What came of a rehearsal, for people at a terminal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from dialer.domain.numbers.phone import mask

MAX_SHOWN = 40


def show(result: Mapping[str, Any], names: Mapping[int, tuple[str, str]], zone: str, console: Console) -> None:
    """Rounds, outcomes, who was held back and why, meetings, and each lead; times in `zone` (IANA)."""
    console.print(
        f"[bold]{result['campaign']}[/bold]: {result['leads']} of {result['of']} leads rehearsed; no one was called"
    )
    for n, each in enumerate(result["rounds"], start=1):
        left = "" if each["whole"] else "; ended before every lead was called"
        console.print(f"  round {n}: {_at(each['at'], zone)}, {each['calls']} calls{left}")
    said = ", ".join(f"{_words(name)} {many}" for name, many in result["outcomes"].items()) or "none"
    console.print(f"  calls: {result['calls']} ({said})")
    if result["campaign_why"]:
        console.print(f"  campaign paused: {result['campaign_why']}")
    for why, many in result["held_back"]:
        console.print(f"  {many} were not called: {why}")
    for each in result["meetings"]:
        name, _ = names.get(each["lead_id"], ("", ""))
        console.print(f"  meeting: {name} with {each['counselor']}, {_at(each['starts'], each['zone'])}")
    for says in result["incidents"]:
        console.print(f"  incident: {says}")
    table = Table(box=None, pad_edge=False)
    for column in ("Lead", "Phone", "Calls", "Outcome", "Next"):
        table.add_column(column)
    for each in result["people"][:MAX_SHOWN]:
        name, phone = names.get(each["lead_id"], ("", ""))
        follows = _at(each["next_at"], zone) if each["next_at"] else each["why"] or ""
        table.add_row(name, mask(phone), str(each["calls"]), _words(each["outcome"] or each["state"]), follows)
    console.print(table)
    console.print(
        "The students are simulated, so outcomes are not a forecast. Who is called when, and how booking works, is real."
    )


def _at(moment: str, zone: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"


def _words(name: str) -> str:
    return name.replace("_", " ")
