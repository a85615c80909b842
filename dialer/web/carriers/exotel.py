"""What Exotel calls. It signs nothing: the token in the path must be that of the very call (exotel.md §3.2).

Where they are set, a password and a list of addresses are asked for as well. What is kept is applied by the workers.
"""

import logging
import re
from typing import Annotated

from litestar import Request, post
from litestar.datastructures import State
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.params import PathParameter

from dialer.carriers.exotel.webhooks import (
    NotAFormError,
    is_authorized,
    is_from,
    read_json,
    read_networks,
    read_pairs,
    sequence_of,
    sid_of,
)
from dialer.store.calls import calls
from dialer.store.calls.webhooks_in import Event
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.identity import address_of

UNKNOWN_CALL = "no call has this token"
TOKEN = re.compile(r"[\w-]{22}", re.ASCII)
"""The shape of a call's token: 16 bytes as URL-safe base64."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
log = logging.getLogger(__name__)


@post("/carriers/exotel/status/{token:str}", status_code=200, include_in_schema=False)
async def exotel_status(
    request: Request[object, object, State], token: Annotated[str, PathParameter()], app_state: InjectedState
) -> None:
    """A status callback of Exotel: JSON, or a form of either kind. Its body is read only if its token is a call's."""
    _refuse_unknown_sender(request, app_state)
    await _refuse_unknown(token, app_state)
    fields = await _fields(request)
    sid = sid_of(fields)
    event = Event("exotel", sid, "status", sequence_of(fields), token, fields, signed=False)
    if not sid or await app_state.webhook_inbox.store(event) is None:
        log.warning("webhook refused: its token is not that of the call it speaks of")
        raise PermissionDeniedException(UNKNOWN_CALL)


async def _refuse_unknown(token: str, app_state: AppState) -> None:
    """Raises PermissionDeniedException for a token that no call of Exotel's has."""
    if TOKEN.fullmatch(token):
        async with app_state.sessions() as session:
            call = await calls.by_token(session, token)
        if call is not None and call.carrier == "exotel":
            return
    log.warning("webhook refused: its token is not a call's")
    raise PermissionDeniedException(UNKNOWN_CALL)


def _refuse_unknown_sender(request: Request[object, object, State], app_state: AppState) -> None:
    """Raises PermissionDeniedException for who is not Exotel, as far as the settings let us tell."""
    auth = app_state.settings.exotel_callback_auth
    if not is_authorized(request.headers.get("authorization", ""), auth.get_secret_value() if auth else None):
        log.warning("webhook refused: not Exotel's user and password")
        raise PermissionDeniedException("not Exotel's user and password")
    address = address_of(request, app_state.settings)
    if not is_from(address, read_networks(app_state.settings.exotel_callback_addresses)):
        log.warning("webhook refused: not from one of EXOTEL_CALLBACK_ADDRESSES")
        raise PermissionDeniedException("not an address of Exotel's")


async def _fields(request: Request[object, object, State]) -> dict[str, str]:
    """The fields, however they are written. Raises ClientException for a body that cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind not in FORMS:
            return read_json(await request.body())
        form = await request.form()
        return read_pairs((name, value) for name, value in form.multi_items() if isinstance(value, str))
    except (NotAFormError, ValueError) as error:
        raise ClientException("the body is neither JSON nor a form") from error
