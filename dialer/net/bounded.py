"""Read an HTTP response of somebody else's server, up to a size."""

import aiohttp

MAX_BYTES = 4 * 1024**2
"""A carrier's longest page of calls is about 300 kB."""


async def read_bounded(response: aiohttp.ClientResponse, most: int = MAX_BYTES) -> bytes:
    """Return the body.

    Raises:
        aiohttp.ClientPayloadError: it is longer than `most` bytes.
    """
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(1 << 16):
        size += len(piece)
        if size > most:
            raise aiohttp.ClientPayloadError(f"the response is longer than {most} bytes")
        pieces.append(piece)
    return b"".join(pieces)
