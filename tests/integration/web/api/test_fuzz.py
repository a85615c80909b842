"""Whatever is asked of the API, as its own description allows it and as it does not: no answer is a fault of ours.

The full form (`-m full`) asks two hundred times for each operation and uploads lists too.
"""

import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from schemathesis.checks import not_a_server_error

from dialer.settings import Settings
from dialer.web.app import make_app
from tests.support.twilio import twilio_settings
from tests.support.web import operator_headers

UPLOADS = r"^/api/campaigns/\{name\}/leads$"
TALKS = r"/(note|hang-up|transfer)$"
"""These wait for a bridge that is not there."""
QUIET = list(HealthCheck)


class Api(NamedTuple):
    """Where the API is, and what its caller shows."""

    url: str
    headers: dict[str, str]


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    """A web process in a thread, asked with the operator's token."""
    app = make_app(twilio_settings(settings, dialer_public_url="http://127.0.0.1:8000"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until, "the web process did not start"
        time.sleep(0.05)
    yield Api(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", operator_headers(settings))
    server.should_exit = True
    thread.join(timeout=15)


def _ask(api: Api, examples: int, skip: str) -> int:
    """Ask for every operation so often; how many operations there were."""
    schema = schemathesis.openapi.from_url(f"{api.url}/schema/openapi.json", headers=api.headers).exclude(
        path_regex=skip
    )
    asked = 0
    for each in schema.get_all_operations():
        operation = each.ok()
        asked += 1

        @trying(max_examples=examples, deadline=None, suppress_health_check=QUIET, database=None, derandomize=True)
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=api.url, headers=api.headers, checks=[not_a_server_error], timeout=20)

        ask()
    return asked


def test_no_request_finds_a_fault_of_ours(api: Api) -> None:
    assert _ask(api, 8, f"{UPLOADS}|{TALKS}") > 25


@pytest.mark.full
def test_no_request_of_many_finds_a_fault_of_ours(api: Api) -> None:
    assert _ask(api, 200, TALKS) > 25
