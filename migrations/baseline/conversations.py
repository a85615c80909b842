"""Tables of the first schema: what was said and captured."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "enquiry_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_lead_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("turn_item", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_enquiry_value_call_id")),
        sa.ForeignKeyConstraint(
            ["campaign_lead_id"], ["campaign_lead.id"], name=op.f("fk_enquiry_value_campaign_lead_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enquiry_value")),
    )
    op.create_index("ix_enquiry_value_campaign_lead_id", "enquiry_value", ["campaign_lead_id", "field"], unique=False)
    op.create_table(
        "tool_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_tool_use_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_use")),
        sa.UniqueConstraint("call_id", "item", name=op.f("uq_tool_use_call_id_item")),
    )
    op.create_table(
        "turn",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stream_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heard_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("speaker IN ('ava', 'student')", name=op.f("ck_turn_speaker")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_turn_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turn")),
        sa.UniqueConstraint("call_id", "item", name=op.f("uq_turn_call_id_item")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("turn")
    op.drop_table("tool_use")
    op.drop_index("ix_enquiry_value_campaign_lead_id", table_name="enquiry_value")
    op.drop_table("enquiry_value")
