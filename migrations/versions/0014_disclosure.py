"""The business that a script calls for, and what a call disclosed of it and when.

Revision ID: 0014_disclosure
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_disclosure"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("script", sa.Column("business", sa.Text(), nullable=False, server_default="One Window"))
    op.add_column("call", sa.Column("disclosure", sa.Text()))
    op.add_column("call", sa.Column("disclosed_ms", sa.Integer()))


def downgrade() -> None:
    op.drop_column("call", "disclosed_ms")
    op.drop_column("call", "disclosure")
    op.drop_column("script", "business")
