"""The second factor: a time-based code (RFC 6238), whose secret is stored sealed and whose codes are taken once."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

STEP_S = 30
RECOVERY_CODES = 8
ISSUER = "One Window dialer"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals what must be read again, with a key made of the secret key."""

    key: str

    def seal(self, text: str) -> str:
        """A text as it is stored."""
        return self._fernet().encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The text. Where the secret key was changed, it cannot be had: then no code is right."""
        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken:
            return ""

    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"dialer second factor " + self.key.encode()).digest()))


def new_recovery_codes() -> list[str]:
    """Make the codes that replace a lost authenticator, each once: 50 bits, in two groups."""
    return [f"{secrets.token_hex(3)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]


def hash_recovery_code(code: str) -> str:
    """Return how a recovery code is stored."""
    return hashlib.sha256(b"dialer recovery code" + "".join(code.split()).lower().encode()).hexdigest()


def new_secret() -> str:
    """A secret for an authenticator."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator reads: an otpauth address."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def verify_code(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """The time step whose code this is: this one, or one before or after it, and later than `after`; else None."""
    digits = "".join(code.split())
    if not secret or not digits.isascii() or not digits.isdigit():
        return None
    here = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    for step in (here, here - 1, here + 1):
        if (after is None or step > after) and totp.at(step * STEP_S) == digits:
            return step
    return None
