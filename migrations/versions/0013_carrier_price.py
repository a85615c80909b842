"""What a carrier bills, beside what that is in USD.

Until here a price in another currency was kept as if it were dollars: such a call's cost is unknown until the exchange is
set (`dialer prices set INR money PRICE --since DAY`).

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("carrier_price", sa.Numeric(12, 6)))
    op.execute("UPDATE call SET carrier_price = carrier_cost WHERE carrier_cost IS NOT NULL")
    op.execute("UPDATE call SET carrier_cost = NULL WHERE currency <> 'USD'")
    op.create_index(
        "ix_call_billed_unpriced",
        "call",
        ["currency", "created_at"],
        postgresql_where=sa.text("carrier_cost IS NULL AND carrier_price IS NOT NULL"),
    )
    op.alter_column("price", "per_million", type_=sa.Numeric(18, 6))


def downgrade() -> None:
    op.execute("UPDATE call SET carrier_cost = carrier_price WHERE currency <> 'USD'")
    op.drop_index("ix_call_billed_unpriced", "call")
    op.drop_column("call", "carrier_price")
    op.execute("DELETE FROM price WHERE per_million >= 1000000")
    op.alter_column("price", "per_million", type_=sa.Numeric(12, 6))
