"""When a campaign's voice was last found good, and when it was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = ("voice_checked_at", "voice_asked_at")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("campaign", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("campaign", name)
