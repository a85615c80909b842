"""The post: an email is taken, refused for good, or to be tried again. By SMTP, or into a folder where none is set."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_S = 20.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the post said; `permanent` is a refusal that trying again would not change, such as an unknown mailbox."""

    ok: bool
    says: str
    permanent: bool = False


class Mailer(Protocol):
    """Takes emails."""

    async def send(self, message: EmailMessage) -> SendResult:
        """Hand one letter over."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """A mail server: `smtp://` (with STARTTLS where it is offered, and always where a password is sent) or `smtps://`."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool

    async def check(self) -> str:
        """Connect and sign in, and send nothing; what the server says.

        Raises:
            aiosmtplib.SMTPException, OSError: it cannot be reached, or refuses the password.
        """
        server = aiosmtplib.SMTP(**self._connection())
        async with server:
            return (await server.noop()).message

    def _connection(self) -> dict[str, Any]:
        """How to connect and sign in, as aiosmtplib takes it."""
        must = True if self.user and self.host not in LOOPBACK else None
        return {
            "hostname": self.host,
            "port": self.port,
            "username": self.user,
            "password": self.password,
            "use_tls": self.tls,
            "start_tls": False if self.tls else must,
            "timeout": TIMEOUT_S,
        }

    async def send(self, message: EmailMessage) -> SendResult:
        """One connection for one letter: there are few, and none may wait for another."""
        try:
            _, says = await aiosmtplib.send(message, **self._connection())
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            return SendResult(False, f"{refused.code} {refused.message}", refused.code >= 500)
        except aiosmtplib.SMTPAuthenticationError as error:
            return SendResult(False, f"the mail server refuses our password: {error.message}")  # a person may fix it
        except aiosmtplib.SMTPResponseException as error:
            return SendResult(False, f"{error.code} {error.message}", error.code >= 500)
        except (aiosmtplib.SMTPException, OSError) as error:
            return SendResult(False, str(error) or type(error).__name__)
        return SendResult(True, says)


@dataclass(frozen=True, slots=True)
class FileMailer:
    """Emails as files, one each, where no mail server is set."""

    folder: Path

    async def send(self, message: EmailMessage) -> SendResult:
        """Write it, whole or not at all; the same letter again is the same file."""
        name = "".join(each if each.isalnum() or each in "-." else "-" for each in str(message["Message-ID"])).strip(
            "-"
        )
        path = self.folder / f"{name}.eml"
        await asyncio.to_thread(_write, path, message.as_bytes(policy=POLICY))
        return SendResult(True, f"written to {path}")


def make_mailer(url: str | None, folder: Path) -> Mailer:
    """The post of an address such as smtp://user:password@mail.example.com:587; without one, the folder.

    Raises:
        ValueError: the address is none.
    """
    if not url:
        return FileMailer(folder)
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must be smtp://host:port or smtps://host:port, with user:password@ before the host if needed")
    tls = parts.scheme == "smtps"
    read: Callable[[str], str] = unquote
    return SmtpMailer(
        parts.hostname,
        parts.port or (465 if tls else 587 if parts.username else 25),
        read(parts.username) if parts.username else None,
        read(parts.password) if parts.password else None,
        tls,
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.part")
    half.write_bytes(content)
    half.replace(path)
