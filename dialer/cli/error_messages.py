"""Known failures, each as one line that says what to do."""

import errno
import socket

from redis.exceptions import AuthenticationError, RedisError

from dialer.cli.errors import CommandError
from dialer.embedded import EmbeddedError
from dialer.services.campaigns.create import NameTakenError
from dialer.services.counselors import CounselorError
from dialer.services.scripts import SameScriptError, UnknownScriptError
from dialer.settings import WrongSettingError
from dialer.store.schema import StaleSchemaError
from dialer.store.sessions import (
    ConnectionBrokenError,
    DatabaseUnavailableError,
    DatabaseUrlError,
    PoolTimeoutError,
    StatementError,
)


def explain(error: Exception) -> str | None:
    """The line for a known failure; None for one that is a bug and deserves its traceback."""
    match error:
        case (
            CommandError()
            | WrongSettingError()
            | StaleSchemaError()
            | EmbeddedError()
            | NameTakenError()
            | CounselorError()
            | UnknownScriptError()
            | SameScriptError()
        ):
            return str(error)
        case AuthenticationError():
            return "Redis refuses the password in DIALER_REDIS_URL"
        case RedisError():
            return f"Redis cannot be reached: {error}; check DIALER_REDIS_URL, or unset it to use the embedded one"
        case OSError(errno=errno.EADDRINUSE):
            return (
                f"a port is in use: {error.strerror or error}; set DIALER_WEB_PORT or DIALER_BRIDGE_PORT to a free one"
            )
        case DatabaseUrlError():
            return "DIALER_DATABASE_URL is no address; write postgresql://user:password@host/database"
        case socket.gaierror():
            return f"the database's host is not known: {error.strerror}; check DIALER_DATABASE_URL"
        case (
            DatabaseUnavailableError()
            | ConnectionBrokenError()
            | PoolTimeoutError()
            | ConnectionError()
            | TimeoutError()
        ):
            return _database(error)
        case StatementError() if type(error) is StatementError:
            return _database(error)  # the server's refusal; its kinds are bugs of ours
        case OSError():
            return str(error)
    if type(error).__module__.startswith("asyncpg"):
        return f"the database refuses: {error}; check DIALER_DATABASE_URL, or unset it to use the embedded one"
    return None


def _database(error: Exception) -> str:
    cause = (str(error.__cause__ or error).strip() or type(error).__name__).splitlines()[0]
    return f"the database cannot be used: {cause}; check DIALER_DATABASE_URL, or unset it to use the embedded one"
