"""An index for who looks for a lead by the beginning of a word of the name.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WORDS = r"""array_to_tsvector(array_remove(regexp_split_to_array(lower("left"(name, 400)), '\s+'), ''))"""


def upgrade() -> None:
    op.create_index("ix_lead_name_words", "lead", [sa.text(WORDS)], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_lead_name_words", "lead")
