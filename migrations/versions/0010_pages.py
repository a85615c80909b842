"""Indices for the pages: leads by state and outcome, calls as reports count them.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_campaign_lead_state",
        "campaign_lead",
        ["campaign_id", "state", "lead_id"],
        postgresql_where=sa.text("state <> 'ready'"),
    )
    op.create_index(
        "ix_campaign_lead_outcome",
        "campaign_lead",
        ["campaign_id", "last_outcome", "lead_id"],
        postgresql_where=sa.text("last_outcome IS NOT NULL"),
    )
    op.create_index(
        "ix_call_report",
        "call",
        ["campaign_id", "created_at", "id"],
        postgresql_include=[
            *("n", "state", "outcome", "placing_at", "answered_at", "duration_s"),
            *("carrier_cost", "voice_cost", "latency_p50_ms"),
        ],
    )


def downgrade() -> None:
    op.drop_index("ix_call_report", "call")
    op.drop_index("ix_campaign_lead_outcome", "campaign_lead")
    op.drop_index("ix_campaign_lead_state", "campaign_lead")
