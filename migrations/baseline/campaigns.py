"""Tables of the first schema: scripts and campaigns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "script",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business", sa.Text(), server_default="One Window", nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("persona", sa.Text(), nullable=False),
        sa.Column("voice", sa.Text(), server_default="openai_realtime", nullable=False),
        sa.Column("speaker", sa.Text(), server_default="ash", nullable=False),
        sa.Column("vad_threshold", sa.Double(), server_default="0.8", nullable=False),
        sa.Column("vad_prefix_ms", sa.Integer(), server_default="300", nullable=False),
        sa.Column("vad_silence_ms", sa.Integer(), server_default="1000", nullable=False),
        sa.Column("transcription_model", sa.Text(), server_default="gpt-transcribe", nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("second_voice", sa.Text(), nullable=True),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("vad_kind", sa.Text(), server_default="server_vad", nullable=False),
        sa.Column("vad_eagerness", sa.Text(), server_default="auto", nullable=False),
        sa.Column("noise_reduction", sa.Text(), nullable=True),
        sa.Column("speed", sa.Double(), server_default="1", nullable=False),
        sa.Column("max_output_tokens", sa.Integer(), nullable=True),
        sa.Column("min_speech_ms", sa.Integer(), server_default="120", nullable=False),
        sa.Column("protect_ms", sa.Integer(), server_default="2500", nullable=False),
        sa.Column("silence_s", sa.Double(), server_default="10", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("noise_reduction IN ('near_field', 'far_field')", name=op.f("ck_script_noise_reduction")),
        sa.CheckConstraint("vad_eagerness IN ('low', 'medium', 'high', 'auto')", name=op.f("ck_script_vad_eagerness")),
        sa.CheckConstraint("vad_kind IN ('server_vad', 'semantic_vad')", name=op.f("ck_script_vad_kind")),
        sa.CheckConstraint("speed BETWEEN 0.25 AND 1.5", name=op.f("ck_script_speed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_script_name_version")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("script_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), server_default="IN", nullable=False),
        sa.Column("window_opens", sa.Time(), server_default="10:00", nullable=False),
        sa.Column("window_closes", sa.Time(), server_default="19:00", nullable=False),
        sa.Column("window_days", postgresql.ARRAY(sa.SmallInteger()), server_default="{0,1,2,3,4,5}", nullable=False),
        sa.Column("concurrency", sa.Integer(), server_default="10", nullable=False),
        sa.Column("per_second", sa.Double(), server_default="1", nullable=False),
        sa.Column("ring_timeout_s", sa.Integer(), server_default="30", nullable=False),
        sa.Column("time_limit_s", sa.Integer(), server_default="600", nullable=False),
        sa.Column("calls_per_day", sa.Integer(), server_default="2", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="4", nullable=False),
        sa.Column("no_answer_wait", sa.Interval(), server_default=sa.text("interval '3 hours'"), nullable=False),
        sa.Column("no_answer_limit", sa.Integer(), server_default="3", nullable=False),
        sa.Column("busy_wait", sa.Interval(), server_default=sa.text("interval '30 minutes'"), nullable=False),
        sa.Column("busy_limit", sa.Integer(), server_default="3", nullable=False),
        sa.Column("failed_wait", sa.Interval(), server_default=sa.text("interval '1 hour'"), nullable=False),
        sa.Column("failed_limit", sa.Integer(), server_default="2", nullable=False),
        sa.Column("voicemail_wait", sa.Interval(), server_default=sa.text("interval '20 hours'"), nullable=False),
        sa.Column("voicemail_limit", sa.Integer(), server_default="2", nullable=False),
        sa.Column("dropped_wait", sa.Interval(), server_default=sa.text("interval '2 hours'"), nullable=False),
        sa.Column("dropped_limit", sa.Integer(), server_default="2", nullable=False),
        sa.Column("cool_down", sa.Interval(), server_default=sa.text("interval '10 minutes'"), nullable=False),
        sa.Column("spend_cap", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("cost_reserve", sa.Numeric(precision=12, scale=6), server_default="0.5", nullable=False),
        sa.Column("machine", sa.Text(), server_default="hang_up", nullable=False),
        sa.Column("machine_message", sa.Text(), server_default="", nullable=False),
        sa.Column("recording", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("recording_days", sa.Integer(), server_default="90", nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voice_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voice_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("machine IN ('off', 'hang_up', 'leave_message')", name=op.f("ck_campaign_machine")),
        sa.CheckConstraint(
            "state IN ('draft', 'running', 'paused', 'done', 'stopped')", name=op.f("ck_campaign_state")
        ),
        sa.CheckConstraint("concurrency > 0", name=op.f("ck_campaign_concurrency")),
        sa.CheckConstraint("max_attempts > 0", name=op.f("ck_campaign_max_attempts")),
        sa.CheckConstraint("per_second > 0", name=op.f("ck_campaign_per_second")),
        sa.CheckConstraint("window_opens < window_closes", name=op.f("ck_campaign_window")),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("fk_campaign_script_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("campaign")
    op.drop_table("script")
