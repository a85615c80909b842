"""`dialer prove`: hold our attempts against the carrier's own list, and say each promise with its count."""

import json
from datetime import UTC, datetime, timedelta

import click

from dialer.carriers.port import CarrierError
from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.services.audit.invariants import MAX_SHOWN, Invariant, check_invariants
from dialer.settings import Settings
from dialer.store.calls import incidents
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import Store


def prove_command(hours: float, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> tuple[list[Invariant], list[str]]:
        carriers = make_carriers(settings)
        late = [name for name, carrier in carriers.items() if not carrier.capabilities.lists_live_calls]
        since = datetime.now(UTC) - timedelta(hours=hours)
        try:
            listed = {name: await carrier.placed_since(since) for name, carrier in carriers.items()}
        except CarrierError as error:
            raise CommandError(f"the carrier's list cannot be read, so nothing is proved: {error}") from error
        finally:
            for carrier in carriers.values():
                await carrier.close()
        async with store.sessions() as session:
            told = [f"{each.at:%F %T} {each.kind}: {each.message}" for each in await incidents.since(session, since)]
            return await check_invariants(session, listed, since, store.clock.now(), lists_late=late), told

    invariants, told = with_store(work)
    breached = any(each.breaches for each in invariants)
    if as_json:
        found = [
            {"name": each.name, "says": each.says, "checked": each.checked, "breaches": list(each.breaches)}
            for each in invariants
        ]
        click.echo(json.dumps({"clean": not breached, "invariants": found, "incidents": told}, ensure_ascii=False))
    else:
        for each in invariants:
            click.echo(f"{'BREACH' if each.breaches else 'holds ':6} {each.name} {each.says} ({each.checked} checked)")
            for breach in each.breaches[:MAX_SHOWN]:
                click.echo(f"         {breach}")
        for incident in told:
            click.echo(f"incident {incident}")
    if breached:
        raise click.exceptions.Exit(1)
