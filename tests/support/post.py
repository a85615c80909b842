"""A real mail server that keeps what it is given, and refuses whom a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from icalendar import Calendar


@dataclass
class Box:
    """What came, and what is refused: by address, with the server's answer."""

    letters: list[EmailMessage] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        """The address for DIALER_SEND_MAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """The letters to an address, in order."""
        return [each for each in self.letters if each["To"] == address]


class _AnyPort(Controller):
    """The port that the system gives: nobody guesses a free one."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office() -> Iterator[Box]:
    """A mail server on loopback, until the end."""
    box = Box()
    controller = _AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


def text_of(letter: EmailMessage) -> str:
    """What a person reads."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def invite_of(letter: EmailMessage) -> Calendar:
    """The invitation in it; the part that Google reads and the file that Outlook reads are the same."""
    parts = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    files = [part for part in letter.walk() if part.get_filename() == "invite.ics"]
    assert (len(parts), len(files)) == (1, 1)
    inline, attached = parts[0].get_payload(decode=True), files[0].get_payload(decode=True)
    assert isinstance(inline, bytes)
    assert isinstance(attached, bytes)
    assert inline.replace(b"\r\n", b"\n").rstrip() == attached.replace(b"\r\n", b"\n").rstrip()
    calendar = Calendar.from_ical(attached)
    assert parts[0].get_param("method") == calendar["METHOD"]
    assert isinstance(calendar, Calendar)
    return calendar
