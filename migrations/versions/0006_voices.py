"""What a script may choose of its voice, and which voices a call was talked by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORDS = {
    "vad_kind": ("server_vad", "semantic_vad"),
    "vad_eagerness": ("low", "medium", "high", "auto"),
    "noise_reduction": ("near_field", "far_field"),
}
COLUMNS = (
    sa.Column("second_voice", sa.Text()),
    sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("vad_kind", sa.Text(), server_default="server_vad", nullable=False),
    sa.Column("vad_eagerness", sa.Text(), server_default="auto", nullable=False),
    sa.Column("noise_reduction", sa.Text()),
    sa.Column("speed", sa.Float(), server_default="1", nullable=False),
    sa.Column("max_output_tokens", sa.Integer()),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("script", column)
    for column, words in WORDS.items():
        listed = ", ".join(f"'{word}'" for word in words)
        op.create_check_constraint(op.f(f"ck_script_{column}"), "script", f"{column} IN ({listed})")
    op.create_check_constraint(op.f("ck_script_speed"), "script", "speed BETWEEN 0.25 AND 1.5")
    op.add_column("call", sa.Column("voices", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("call", "voices")
    for column in reversed(COLUMNS):
        op.drop_column("script", column.name)
