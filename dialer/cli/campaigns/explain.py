"""`dialer explain NUMBER`: may this lead be called now, and if not, why and when."""

import json
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services.calls.explain import explain_number
from dialer.settings import Settings
from dialer.wiring.accounts import accounts_of
from dialer.wiring.stores import Store


def explain(number: str, campaign: str | None, as_json: bool, country: str) -> None:
    phone = parse_phone(number, country.upper())
    if isinstance(phone, BadPhone):
        raise CommandError(f"{number!r}: {phone.says}")

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return await explain_number(session, phone.e164, campaign, accounts_of(settings), store.clock.now())

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
