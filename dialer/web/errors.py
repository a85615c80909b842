"""Errors as problem details (RFC 9457) for programs, as a page for people: one clear line, never a traceback."""

import logging
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect, Template
from sqlalchemy.exc import DBAPIError

from dialer.services.actor import ForbiddenError
from dialer.store.sessions import is_bad_input
from dialer.web.auth.security_headers import HEADERS

OURS = "something went wrong on our side; the log has the details"
TITLES = {
    400: "Not understood",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not there",
    405: "Not that way",
    409: "Not now",
    413: "Too large",
    415: "Not that kind",
    422: "Not right",
    429: "Too often",
    500: "Our fault",
    502: "Not reached",
}
log = logging.getLogger(__name__)
Answer = Response[dict[str, object]] | Template | Redirect


def error_response(request: Request[object, object, State], error: Exception) -> Answer:
    """The answer to a request that failed."""
    extra: object = None
    if isinstance(error, HTTPException):
        status, says, extra = error.status_code, error.detail, error.extra
    elif isinstance(error, ForbiddenError):
        status, says = 403, str(error)
    elif isinstance(error, DBAPIError) and is_bad_input(error):
        status, says = 422, "a value is out of range, or a text that cannot be kept"
    else:
        log.exception("request failed: %s %s", request.method, request.url.path)
        status, says = 500, OURS
    title = TITLES.get(status, "Failed")
    if wants_html(request):
        if isinstance(extra, dict) and (to := extra.get("to")):
            return _with_headers(Redirect(str(to), status_code=303))
        if isinstance(error, NotAuthorizedException):
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return _with_headers(Redirect(f"/sign-in?to={quote(back, safe='')}", status_code=303))
        return _with_headers(Template("problem.html", context={"title": title, "says": says}, status_code=status))
    told: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": says}
    if extra and status in (400, 422):
        told["errors"] = extra
    return _with_headers(Response(told, status_code=status, media_type="application/problem+json"))


def wants_html(request: Request[object, object, State]) -> bool:
    """Whether a browser wants a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def _with_headers(answer: Answer) -> Answer:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer
