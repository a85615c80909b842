"""How somebody is let in: who is signed in, invitations, tokens of the API, and answers given once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id


class SignIn(Base):
    """Somebody who is signed in at one browser; the cookie's hash, never the cookie."""

    __tablename__ = "sign_in"
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    address: Mapped[str] = mapped_column(server_default="")
    browser: Mapped[str] = mapped_column(server_default="")


class SignInFailure(Base):
    """Wrong passwords in a row for one email address from one network; the key is their hash."""

    __tablename__ = "sign_in_failure"
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class Invitation(Base):
    """A way in for somebody who has no password yet, or lost it: used once, until it expires."""

    __tablename__ = "invitation"
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    """A program's way in, with the role of its owner as far as its scopes go."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("account_id", "name"),)
    id: Mapped[int] = big_id()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What a request with an idempotency key was answered: asked again, it is answered so again."""

    __tablename__ = "idempotency_key"
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None]
    """Null while the first one is being answered."""
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
