"""The yardstick of webhooks: a hello-world POST with the same server and framework.

Run with `python -m dialer.bench.yardsticks.hello PORT`.
"""

import sys

import uvicorn
from litestar import Litestar, post


@post("/hello", status_code=204)
async def hello() -> None:
    """Respond with an empty 204."""


if __name__ == "__main__":
    uvicorn.run(
        Litestar([hello], openapi_config=None),
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
