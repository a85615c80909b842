"""Log lines of the processes: one line per thing that happened, with the call's id, never a whole phone number."""

import logging
import os
import re
import sys
from datetime import UTC, datetime

PHONE = re.compile(r"(?:\+|%2B)\d(?:[ ().-]{0,2}\d){7,14}", re.I)
EXTRA = ("call_id", "phone", "end", "outcome")


class Line(logging.Formatter):
    """Time, process, level, words, and the structured rest as key=value; phone numbers are masked whoever wrote them."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line, a traceback below it where there is one."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        rest = "".join(f" {key}={getattr(record, key)}" for key in EXTRA if getattr(record, key, None) is not None)
        words = f"{at} {self._process} {record.levelname.lower()} {_escaped(record.getMessage() + rest)}"
        if record.exc_info:
            words = f"{words}\n{self.formatException(record.exc_info)}"
        return PHONE.sub(lambda found: f"{found[0][:5]}…{found[0][-2:]}", words)


def _escaped(text: str) -> str:
    """Escape control characters, so that what a stranger sends cannot look like a line of the log."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def log_as(process: str) -> None:
    """Log to stderr as this process; DIALER_LOG_LEVEL (info by default) says from which level on."""
    level = os.environ.get("DIALER_LOG_LEVEL", "info").upper()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("twilio.http", "picows", "litestar", "uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
