"""Accounts that sign in: passwords, second factors, invitations, tokens, answers given once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ACCOUNT = (
    sa.Column("must_change", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("totp_secret", sa.Text()),
    sa.Column("totp_used", sa.Integer()),
    sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
    sa.Column("locked_until", sa.DateTime(timezone=True)),
)


def _now(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True))


def upgrade() -> None:
    for column in ACCOUNT:
        op.add_column("account", column)
    op.create_table(
        "sign_in",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        _now("began_at"),
        _now("seen_at"),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("browser", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_sign_in")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id_account")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"])
    op.create_table(
        "invitation",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _now("made_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _moment("used_at"),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_invitation")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invitation_account_id_account")),
    )
    op.create_index(op.f("ix_invitation_account_id"), "invitation", ["account_id"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        _now("made_at"),
        *(_moment(name) for name in ("used_at", "expires_at", "revoked_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_token_key_hash")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_api_token_account_id_name")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")),
    )
    op.create_table(
        "given_answer",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("body", postgresql.JSONB()),
        _now("at"),
        sa.PrimaryKeyConstraint("who", "key", name=op.f("pk_given_answer")),
    )


def downgrade() -> None:
    for table in ("given_answer", "api_token", "invitation", "sign_in"):
        op.drop_table(table)
    for column in reversed(ACCOUNT):
        op.drop_column("account", column.name)
