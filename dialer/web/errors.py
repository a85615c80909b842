"""Errors as problem details (RFC 9457) for programs, as a page for people: one clear line, never a traceback."""

import logging
import re
from http import HTTPStatus
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect, Template

from dialer.services.actor import ForbiddenError
from dialer.store.sessions import StatementError, is_bad_input
from dialer.web.auth.security_headers import HEADERS, PRIVATE

OURS = "This is a problem on our side. Try again in a moment; if it happens again, ask your administrator."
TITLES = {
    400: "Bad request",
    401: "Sign in required",
    403: "Access denied",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible right now",
    410: "No longer available",
    413: "Too large",
    415: "Unsupported file type",
    422: "Please check your input",
    429: "Too many requests",
    500: "Something went wrong",
    502: "Storage not reachable",
    503: "Temporarily unavailable",
}
PHRASES = {
    404: ("Page not found", "Check the URL, or go to the home page."),
    405: ("Method not allowed", "This page cannot be used that way. Go back and try again."),
    413: ("Too large", "Send a smaller file."),
}
"""Title and text of a page where an error has nothing but its status phrase."""
TOKENS = re.compile(r"[\w-]{20,}")
"""Keys of invitations, links and feeds stand in paths; a log must not hold them."""
log = logging.getLogger(__name__)
Answer = Response[dict[str, object]] | Template | Redirect


def error_response(request: Request[object, object, State], error: Exception) -> Answer:
    """Answer a request that failed."""
    extra: object = None
    if isinstance(error, HTTPException):
        status, says, extra = error.status_code, error.detail, error.extra
    elif isinstance(error, ForbiddenError):
        status, says = 403, str(error)
    elif isinstance(error, StatementError) and is_bad_input(error):
        status, says = 422, "A value is out of range, or contains characters that cannot be saved."
    else:
        log.exception("request failed: %s %s", request.method, TOKENS.sub("…", request.url.path))
        status, says = 500, OURS
    title = TITLES.get(status, "Something went wrong")
    if wants_html(request):
        if isinstance(extra, dict) and (to := extra.get("to")):
            return _with_headers(Redirect(str(to), status_code=303))
        if isinstance(error, NotAuthorizedException):
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return _with_headers(Redirect(f"/sign-in?to={quote(back, safe='')}", status_code=303))
        if says.lower() == _phrase(status):
            title, says = PHRASES.get(status, (title, says))
        context = {"title": title, "says": says}
        return _with_headers(Template("problem.html", context=context, status_code=status))
    told: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": says}
    if extra and status in (400, 422):
        told["errors"] = extra
    return _with_headers(Response(told, status_code=status, media_type="application/problem+json"))


def wants_html(request: Request[object, object, State]) -> bool:
    """Whether a browser wants a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return ""


def _with_headers(answer: Answer) -> Answer:
    for name, value in {**HEADERS, "Cache-Control": PRIVATE}.items():
        answer.headers.setdefault(name, value)
    return answer
