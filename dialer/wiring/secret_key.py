"""The installation's secret key, and the keys that are derived from it."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress

from dialer.settings import Settings


def secret_key(settings: Settings) -> str:
    """What addresses are signed with: DIALER_SECRET_KEY, or the data folder's own, made when it is first needed."""
    if settings.dialer_secret_key is not None:
        return settings.dialer_secret_key.get_secret_value()
    path = settings.dialer_data_dir / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"secret.{os.getpid()}.part")
        half.touch(mode=0o600)
        half.write_text(secrets.token_urlsafe(32))
        with suppress(FileExistsError):  # whoever comes first decides, and nobody reads half a key
            os.link(half, path)
        half.unlink()
    return path.read_text().strip()


def old_keys(settings: Settings) -> tuple[str, ...]:
    """Return the secret keys of before, from DIALER_OLD_SECRET_KEYS: they still read what they sealed and signed."""
    given = settings.dialer_old_secret_keys
    return tuple(key.strip() for key in given.get_secret_value().split(",") if key.strip()) if given else ()


def audit_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys of the audit log's hashes, the present one first."""
    return tuple(
        hmac.new(key.encode(), b"dialer audit log", hashlib.sha256).digest()
        for key in (secret_key(settings), *old_keys(settings))
    )
