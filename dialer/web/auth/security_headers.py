"""Security headers of every response: load nothing but ours, no framing, no referrer, TLS only, nothing kept in caches."""

from collections.abc import Awaitable, Callable

from litestar import Response

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
}


PRIVATE = "no-store"
"""Pages and JSON hold personal data: after sign-out, neither the back button nor the disk may show them."""
HSTS = "max-age=31536000; includeSubDomains"


def headers_for(public_url: str) -> Callable[[Response[object]], Awaitable[Response[object]]]:
    """Return litestar's `after_request` for an application at this URL."""
    always = {**HEADERS, "Cache-Control": PRIVATE}
    if public_url.startswith("https://"):
        always["Strict-Transport-Security"] = HSTS

    async def add_headers(response: Response[object]) -> Response[object]:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        return response

    return add_headers
