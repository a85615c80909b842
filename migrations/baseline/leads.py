"""Tables of the first schema: leads, lists and campaign places."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "hours_group",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("states", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("zones", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_group")),
        sa.UniqueConstraint("region", "states", "zones", name=op.f("uq_hours_group_region_states_zones")),
    )
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.Column("parsed", postgresql.JSONB(), nullable=True),
        sa.Column("flags", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.CheckConstraint("choice IN ('skip', 'fill', 'overwrite')", name=op.f("ck_import_row_choice")),
        sa.CheckConstraint(
            "result IN ('imported', 'duplicate_in_file', 'already_here', 'do_not_call', 'rejected')",
            name=op.f("ck_import_row_result"),
        ),
        sa.PrimaryKeyConstraint("import_id", "n", name=op.f("pk_import_row")),
    )
    op.create_table(
        "lead",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_by_voice", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("zones", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("zone_source", sa.Text(), server_default="number", nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=True),
        sa.Column("consent_source", sa.Text(), nullable=True),
        sa.Column("consent_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("phone", name=op.f("uq_lead_phone")),
    )
    op.create_index(
        "ix_lead_name_words",
        "lead",
        [
            sa.literal_column(
                "array_to_tsvector(array_remove(regexp_split_to_array(lower(\"left\"(name, 400)), '\\s+'), ''))"
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "campaign_hours",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("hours_id", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_hours_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["hours_id"], ["hours_group.id"], name=op.f("fk_campaign_hours_hours_id")),
        sa.PrimaryKeyConstraint("campaign_id", "hours_id", name=op.f("pk_campaign_hours")),
    )
    op.create_table(
        "campaign_lead",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("import_n", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("rank", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default="2000-01-01 00:00+00", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("hours_id", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "last_outcome IN ('booked', 'qualified', 'not_interested', 'call_later', 'do_not_call', 'wrong_person', 'no_answer', 'busy', 'voicemail', 'invalid_number', 'failed', 'dropped', 'not_placed')",
            name=op.f("ck_campaign_lead_last_outcome"),
        ),
        sa.CheckConstraint("state IN ('ready', 'waiting', 'calling', 'done')", name=op.f("ck_campaign_lead_state")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_lead_campaign_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_campaign_lead_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_lead")),
        sa.UniqueConstraint("campaign_id", "lead_id", name=op.f("uq_campaign_lead_campaign_id_lead_id")),
    )
    op.create_index(
        "ix_campaign_lead_due",
        "campaign_lead",
        ["campaign_id", "hours_id", "rank", "next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready','waiting')"),
    )
    op.create_index("ix_campaign_lead_lead_id", "campaign_lead", ["lead_id"], unique=False)
    op.create_index(
        "ix_campaign_lead_outcome",
        "campaign_lead",
        ["campaign_id", "last_outcome", "lead_id"],
        unique=False,
        postgresql_where=sa.text("last_outcome IS NOT NULL"),
    )
    op.create_index(
        "ix_campaign_lead_promised",
        "campaign_lead",
        ["campaign_id", "next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("rank = 0 AND state IN ('ready','waiting')"),
    )
    op.create_index(
        "ix_campaign_lead_state",
        "campaign_lead",
        ["campaign_id", "state", "lead_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'ready'"),
    )
    op.create_table(
        "lead_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("header", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="done", nullable=False),
        sa.Column("duplicates", sa.Text(), server_default="skip", nullable=False),
        sa.Column("detected", sa.Text(), server_default="", nullable=False),
        sa.Column("corrects_import_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("duplicates IN ('skip', 'fill', 'overwrite')", name=op.f("ck_lead_import_duplicates")),
        sa.CheckConstraint("state IN ('checked', 'done', 'undone')", name=op.f("ck_lead_import_state")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_lead_import_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_import")),
        sa.UniqueConstraint("campaign_id", "sha256", name=op.f("uq_lead_import_campaign_id_sha256")),
    )
    # Leads without a group yet; the claim sorts them.
    op.execute("INSERT INTO hours_group (id, region, states, zones) VALUES (0, '', '{}', '{}')")
    # A lead that moves to another time zone is sorted again, whoever changed it.
    op.execute(
        "CREATE FUNCTION forget_hours() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "UPDATE campaign_lead SET hours_id = 0 WHERE lead_id = NEW.id AND hours_id <> 0; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER lead_moved AFTER UPDATE OF zones, state, phone ON lead FOR EACH ROW "
        "WHEN ((OLD.zones, OLD.state, OLD.phone) IS DISTINCT FROM (NEW.zones, NEW.state, NEW.phone)) "
        "EXECUTE FUNCTION forget_hours()"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TRIGGER lead_moved ON lead")
    op.execute("DROP FUNCTION forget_hours")
    op.drop_table("lead_import")
    op.drop_index("ix_campaign_lead_state", table_name="campaign_lead", postgresql_where=sa.text("state <> 'ready'"))
    op.drop_index(
        "ix_campaign_lead_promised",
        table_name="campaign_lead",
        postgresql_where=sa.text("rank = 0 AND state IN ('ready','waiting')"),
    )
    op.drop_index(
        "ix_campaign_lead_outcome", table_name="campaign_lead", postgresql_where=sa.text("last_outcome IS NOT NULL")
    )
    op.drop_index("ix_campaign_lead_lead_id", table_name="campaign_lead")
    op.drop_index(
        "ix_campaign_lead_due", table_name="campaign_lead", postgresql_where=sa.text("state IN ('ready','waiting')")
    )
    op.drop_table("campaign_lead")
    op.drop_table("campaign_hours")
    op.drop_index("ix_lead_name_words", table_name="lead", postgresql_using="gin")
    op.drop_table("lead")
    op.drop_table("import_row")
    op.drop_table("hours_group")
