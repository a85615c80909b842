"""Why a lead may or may not be called now, over the API: the answers of `dialer explain NUMBER --json`."""

from litestar import get
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery

from dialer.domain.access.roles import READERS
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services.calls.explain import explain_number
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require


@get("/api/explain/{number:str}", opt=require(READERS))
async def explain_lead(
    number: FromPath[str],
    app_state: InjectedState,
    campaign: FromQuery[str | None] = None,
    country: FromQuery[str] = "IN",
) -> list[dict[str, object]]:
    """Per campaign that has the lead: `{phone, campaign, may_ring, rules: [{rule, ok, says}], next_at}`.

    Raises:
        ValidationException: not a phone number.
        NotFoundException: no campaign (or not the one named) has such a lead.
    """
    phone = parse_phone(number, country.upper())
    if isinstance(phone, BadPhone):
        raise ValidationException(f"{number!r}: {phone.says}")
    async with app_state.sessions() as session:
        found = await explain_number(session, phone.e164, campaign, app_state.carriers, app_state.clock.now())
    if not found:
        raise NotFoundException(f"{phone.e164} is not a lead{' in this campaign' if campaign else ''}.")
    return found
