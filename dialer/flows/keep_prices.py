"""What is paid for: a price is set from a day on, and calls that waited for one are priced by it.

The house counts in USD. A carrier that bills in another money is counted by what a million of that money costs, a price
like any other (model: the ISO 4217 code; kind: `money`); until it is known a call's carrier cost is unknown, never
taken for dollars, and a spend cap holds the call's reserve.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.cost import HOUSE_CURRENCY, MONEY, in_house_currency
from dialer.store import calls, prices


async def set_price(
    session: AsyncSession, model: str, kind: str, per_million: Decimal, since: date, source: str
) -> int:
    """Set what a million of a kind costs from a day on; how many calls' carrier costs are known by it."""
    model = model.upper() if kind == MONEY else model  # as carriers write it
    await prices.put(session, model, kind, per_million, since, source)
    return await calls.price_billed(session, model, per_million, since) if kind == MONEY else 0


async def carrier_cost(session: AsyncSession, price: Decimal, currency: str | None, day: date) -> Decimal | None:
    """What a carrier's price is in USD, by the exchange of a day; None where it is not known. No currency means USD."""
    if currency is None or currency == HOUSE_CURRENCY:
        return price
    per_million = (await prices.on(session, [currency], day)).get((currency, MONEY))
    return None if per_million is None else in_house_currency(price, per_million)
