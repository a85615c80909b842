"""`dialer explain NUMBER`: may this lead be rung now, and if not, why and when."""

import json
from typing import Any

import click

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.domain.phone import BadPhone, parse_phone
from dialer.flows.explain import explain_number
from dialer.settings import Settings
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import Store


@click.command()
@click.argument("number")
@click.option("--campaign", help="in this campaign; without it, in every campaign that has the lead")
@click.option("--json", "as_json", is_flag=True)
@click.option("--country", default="IN", show_default=True, help="where a number without a country code is from")
def explain(number: str, campaign: str | None, as_json: bool, country: str) -> None:
    """Every rule's answer, in order, and the next moment the lead may be rung."""
    phone = parse_phone(number, country.upper())
    if isinstance(phone, BadPhone):
        raise CommandError(f"{number!r}: {phone.says}")

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        carriers = make_carriers(settings)
        try:
            async with store.sessions() as session:
                return await explain_number(session, phone.e164, campaign, carriers, store.clock.now())
        finally:
            for carrier in carriers.values():
                await carrier.close()

    found = with_store(work)
    if not found:
        where = f" in campaign {campaign!r}" if campaign else " in any campaign"
        raise CommandError(
            f"{phone.e164} is not a lead{where}; import it first: dialer leads import FILE --campaign NAME"
        )
    if as_json:
        click.echo(json.dumps(found[0] if len(found) == 1 else {**found[0], "campaigns": found}, ensure_ascii=False))
        return
    for each in found:
        may = (
            "may be rung now"
            if each["may_ring"]
            else f"not now; next: {each['next_at'] or 'never, unless something changes'}"
        )
        click.echo(f"{each['phone']} in {each['campaign']}: {may}")
        for rule in each["rules"]:
            click.echo(f"  {'yes' if rule['ok'] else 'NO ':3} {rule['rule']}: {rule['says']}")
