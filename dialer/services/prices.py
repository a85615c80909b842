"""What is paid for: a price is set from a day on, and calls that waited for one are priced by it.

The workspace counts in USD. A carrier that bills in another money is counted by what a million of that money costs, a price
like any other (model: the ISO 4217 code; kind: `money`); until it is known a call's carrier cost is unknown, never
taken for dollars, and a spend cap holds the call's reserve.
"""

from datetime import date
from decimal import Decimal

from dialer.domain.calling.cost import KINDS, MONEY, WORKSPACE_CURRENCY, in_workspace_currency
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.calls import calls
from dialer.store.campaigns import prices
from dialer.store.sessions import Session


class PriceError(ValueError):
    """A price that cannot be set or removed; the message says what to do."""


async def set_price(
    session: Session, actor: Actor, model: str, kind: str, per_million: Decimal, since: date, source: str
) -> int:
    """Set what a million of a kind costs from a day on.

    Returns:
        How many calls' carrier costs are known by it.

    Raises:
        ForbiddenError: `actor` may not do this.
        PriceError: nothing is billed by such a kind.
    """
    actor.require(actions.PRICE_SET)
    if kind not in KINDS:
        raise PriceError(f"{kind} is not a kind that is billed. Choose one of: {', '.join(KINDS)}")
    model = model.upper() if kind == MONEY else model  # as carriers write it
    await prices.set_price(session, model, kind, per_million, since, source)
    details = {"model": model, "kind": kind, "per_million": str(per_million), "since": since.isoformat()}
    await record(session, actor, actions.PRICE_SET, details)
    return await calls.price_billed(session, model, per_million, since) if kind == MONEY else 0


async def remove_price(session: Session, actor: Actor, model: str, kind: str, since: date) -> None:
    """Remove one price; the one before it counts again. Costs of calls that have ended stay as they are.

    Raises:
        ForbiddenError: `actor` may not do this.
        PriceError: there is no such price.
    """
    actor.require(actions.PRICE_REMOVE)
    if not await prices.remove(session, model, kind, since):
        raise PriceError(f"There is no price of {model}, {kind}, from {since}.")
    await record(session, actor, actions.PRICE_REMOVE, {"model": model, "kind": kind, "since": str(since)})


async def carrier_cost(session: Session, price: Decimal, currency: str | None, day: date) -> Decimal | None:
    """What a carrier's price is in USD, by the exchange of a day; None where it is not known. No currency means USD."""
    if currency is None or currency == WORKSPACE_CURRENCY:
        return price
    per_million = (await prices.on(session, [currency], day)).get((currency, MONEY))
    return None if per_million is None else in_workspace_currency(price, per_million)
