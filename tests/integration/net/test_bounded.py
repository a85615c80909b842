"""A carrier's response is read up to a size (L9)."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dialer.net.bounded import read_bounded


@pytest.mark.parametrize(("size", "fits"), [(1_000, True), (1_001, False), (5_000_000, False)])
async def test_a_response_that_is_too_long_is_refused(size: int, fits: bool) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * size)

    app = web.Application()
    app.router.add_get("/", answer)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as client,
        client.get(server.make_url("/")) as response,
    ):
        if fits:
            assert len(await read_bounded(response, 1_000)) == size
        else:
            with pytest.raises(aiohttp.ClientPayloadError, match="longer than 1000 bytes"):
                await read_bounded(response, 1_000)
