"""Forms are ours: each carries a token made of its reader's own session, which no other site can know.

A form sends it as `csrf`, a script as the header `X-CSRF`. Programs with a token of the API, and commands of this
machine, have no cookie that another site could make them send, and need none.
"""

import hmac
import secrets
from hashlib import sha256
from typing import Any

from litestar.connection import Request
from litestar.exceptions import PermissionDeniedException

FIELD, HEADER = "csrf", "x-csrf"
SAYS = "This form has expired. Reload the page and try again."
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def form_token(key_hash: str) -> str:
    """The token of a session's forms."""
    return hmac.new(key_hash.encode(), b"form", sha256).hexdigest()


async def token_is_right(request: Request[Any, Any, Any], key_hash: str) -> None:
    """Check a request that changes something. Raises PermissionDeniedException."""
    told = request.headers.get(HEADER)
    if told is None and request.headers.get("content-type", "").startswith(_FORMS):
        said = (await request.form()).get(FIELD)
        told = said if isinstance(said, str) else None
    if told is None or not secrets.compare_digest(told.encode(), form_token(key_hash).encode()):
        raise PermissionDeniedException(SAYS)
