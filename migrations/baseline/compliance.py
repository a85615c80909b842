"""Tables of the first schema: do-not-call, rates, kill switches and incidents."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "checkpoint",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="account", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call")),
        sa.UniqueConstraint("phone", "scope", name=op.f("uq_do_not_call_phone_scope")),
    )
    op.create_table(
        "kill_switch",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_kill_switch")),
    )
    op.create_table(
        "rate_bucket",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_bucket")),
    )
    op.create_table(
        "registry",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_registry")),
    )
    op.create_table(
        "workspace_limits",
        sa.Column("id", sa.SmallInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("calls_per_number_day", sa.SmallInteger(), server_default="5", nullable=False),
        sa.Column("spend_day", sa.Numeric(precision=12, scale=6), server_default="1000", nullable=False),
        sa.Column("single_calls_day", sa.Integer(), server_default="200", nullable=False),
        sa.CheckConstraint(
            "calls_per_number_day BETWEEN 1 AND 20", name=op.f("ck_workspace_limits_calls_per_number_day")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_workspace_limits_single_row")),
        sa.CheckConstraint("single_calls_day BETWEEN 0 AND 10000", name=op.f("ck_workspace_limits_single_calls_day")),
        sa.CheckConstraint("spend_day >= 0", name=op.f("ck_workspace_limits_spend_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace_limits")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_incident_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("kind", "about", name=op.f("uq_incident_kind_about")),
    )
    op.execute("INSERT INTO workspace_limits (id) VALUES (1)")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("incident")
    op.drop_table("workspace_limits")
    op.drop_table("registry")
    op.drop_table("rate_bucket")
    op.drop_table("kill_switch")
    op.drop_table("do_not_call")
    op.drop_table("checkpoint")
