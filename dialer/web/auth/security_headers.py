"""What every answer says to a browser: run and load nothing but ours, be framed by nobody, send no addresses on."""

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


async def add_headers(response: Response[object]) -> Response[object]:
    """Litestar's `after_request`."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
