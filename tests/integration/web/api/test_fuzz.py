"""Whatever is asked of the API, as its own description allows it and as it does not: no answer is a fault of ours.

The full form (`-m full`) asks two hundred times for each operation and uploads lists too.
"""

import threading
import time
from collections.abc import Iterator

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from schemathesis.checks import not_a_server_error

from dialer.settings import Settings
from dialer.web.app import make_app
from tests.support.twilio import twilio_settings

UPLOADS = r"^/api/campaigns/\{name\}/leads$"
TALKS = r"/(note|hang-up|transfer)$"
"""These wait for a bridge that is not there."""
QUIET = list(HealthCheck)


@pytest.fixture
def api(settings: Settings) -> Iterator[str]:
    """A web process of this process's, in a thread; its address."""
    app = make_app(twilio_settings(settings, dialer_public_url="http://127.0.0.1:8000"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until, "the web process did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=15)


def _ask(api: str, examples: int, skip: str) -> int:
    """Ask for every operation so often; how many operations there were."""
    schema = schemathesis.openapi.from_url(f"{api}/schema/openapi.json").exclude(path_regex=skip)
    asked = 0
    for each in schema.get_all_operations():
        operation = each.ok()
        asked += 1

        @trying(max_examples=examples, deadline=None, suppress_health_check=QUIET, database=None, derandomize=True)
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=api, checks=[not_a_server_error], timeout=20)

        ask()
    return asked


def test_no_request_finds_a_fault_of_ours(api: str) -> None:
    assert _ask(api, 8, f"{UPLOADS}|{TALKS}") > 25


@pytest.mark.full
def test_no_request_of_many_finds_a_fault_of_ours(api: str) -> None:
    assert _ask(api, 200, TALKS) > 25
