"""The first schema.

Revision ID: 0001
Revises:
"""

from migrations.baseline import auth, calls, campaigns, compliance, conversations, exports, leads, meetings, system

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTS = (campaigns, leads, calls, compliance, conversations, exports, meetings, system, auth)


def upgrade() -> None:
    """Create every table; a part refers only to parts before it."""
    for part in PARTS:
        part.upgrade()


def downgrade() -> None:
    """Drop every table."""
    for part in reversed(PARTS):
        part.downgrade()
