"""`dialer worker`: claims what is due, places calls, puts right what is stuck."""

from dialer.cli.context import with_servers
from dialer.cli.logs import log_as
from dialer.cli.processes.startup import check_servers
from dialer.isolated.parent import end_with_parent
from workers.main import run


def worker() -> None:
    log_as("worker")
    end_with_parent()
    with with_servers() as settings:
        check_servers(settings)
        run(settings)
