"""Tables of the first schema: calls and carrier webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_lead_id", sa.BigInteger(), nullable=False),
        sa.Column("script_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="intent", nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("carrier_sid", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("stream_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stream_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gate", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placement_tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("placement_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reported", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_name", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("carrier_cost", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("carrier_price", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("voice_cost", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("reserve", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("usage", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("first_audio_ms", sa.Integer(), nullable=True),
        sa.Column("disclosure", sa.Text(), nullable=True),
        sa.Column("disclosed_ms", sa.Integer(), nullable=True),
        sa.Column("unknown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latency_p50_ms", sa.Integer(), nullable=True),
        sa.Column("latency_p95_ms", sa.Integer(), nullable=True),
        sa.Column("voice_model", sa.Text(), nullable=True),
        sa.Column("voices", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.Column("recorded_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('booked', 'qualified', 'not_interested', 'call_later', 'do_not_call', 'wrong_person', 'no_answer', 'busy', 'voicemail', 'invalid_number', 'failed', 'dropped', 'not_placed')",
            name=op.f("ck_call_outcome"),
        ),
        sa.CheckConstraint(
            "state IN ('intent', 'placing', 'unknown', 'placed', 'ringing', 'talking', 'ended', 'cancelled')",
            name=op.f("ck_call_state"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_call_campaign_id")),
        sa.ForeignKeyConstraint(["campaign_lead_id"], ["campaign_lead.id"], name=op.f("fk_call_campaign_lead_id")),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("fk_call_script_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("campaign_lead_id", "n", name=op.f("uq_call_campaign_lead_id_n")),
        sa.UniqueConstraint("carrier_sid", name=op.f("uq_call_carrier_sid")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_call_token_hash")),
    )
    op.create_index(
        "ix_call_billed_unpriced",
        "call",
        ["currency", "created_at"],
        unique=False,
        postgresql_where=sa.text("carrier_cost IS NULL AND carrier_price IS NOT NULL"),
    )
    op.create_index("ix_call_created_at", "call", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_call_live",
        "call",
        ["campaign_id", "state"],
        unique=False,
        postgresql_where=sa.text("state IN ('intent', 'placing', 'unknown', 'placed', 'ringing', 'talking')"),
    )
    op.create_index("ix_call_phone_created_at", "call", ["phone", "created_at"], unique=False)
    op.create_index(
        "ix_call_report",
        "call",
        ["campaign_id", "created_at", "id"],
        unique=False,
        postgresql_include=[
            "n",
            "state",
            "outcome",
            "placing_at",
            "answered_at",
            "duration_s",
            "carrier_cost",
            "voice_cost",
            "latency_p50_ms",
            "reserve",
        ],
    )
    op.create_index(
        "uq_call_live_phone",
        "call",
        ["phone"],
        unique=True,
        postgresql_where=sa.text("state IN ('intent', 'placing', 'unknown', 'placed', 'ringing', 'talking')"),
    )
    op.create_table(
        "call_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_event_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_event")),
        sa.UniqueConstraint("carrier", "sid", "kind", "sequence", name=op.f("uq_call_event_carrier_sid_kind_sequence")),
    )
    op.create_index(op.f("ix_call_event_call_id"), "call_event", ["call_id"], unique=False)
    op.create_index(
        "ix_call_event_unapplied", "call_event", ["id"], unique=False, postgresql_where=sa.text("applied_at IS NULL")
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_call_event_unapplied", table_name="call_event", postgresql_where=sa.text("applied_at IS NULL"))
    op.drop_index(op.f("ix_call_event_call_id"), table_name="call_event")
    op.drop_table("call_event")
    op.drop_index(
        "uq_call_live_phone",
        table_name="call",
        postgresql_where=sa.text("state IN ('intent', 'placing', 'unknown', 'placed', 'ringing', 'talking')"),
    )
    op.drop_index(
        "ix_call_report",
        table_name="call",
        postgresql_include=[
            "n",
            "state",
            "outcome",
            "placing_at",
            "answered_at",
            "duration_s",
            "carrier_cost",
            "voice_cost",
            "latency_p50_ms",
            "reserve",
        ],
    )
    op.drop_index("ix_call_phone_created_at", table_name="call")
    op.drop_index(
        "ix_call_live",
        table_name="call",
        postgresql_where=sa.text("state IN ('intent', 'placing', 'unknown', 'placed', 'ringing', 'talking')"),
    )
    op.drop_index("ix_call_created_at", table_name="call")
    op.drop_index(
        "ix_call_billed_unpriced",
        table_name="call",
        postgresql_where=sa.text("carrier_cost IS NULL AND carrier_price IS NOT NULL"),
    )
    op.drop_table("call")
