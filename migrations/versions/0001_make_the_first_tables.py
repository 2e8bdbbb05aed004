"""Make the first tables.

Revision: 0001
Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONED = ("exchange", "exchange_content", "verdict")

# A tsvector holds at most 1 MB, and one that does not fit would refuse the row. These lengths
# stay below two thirds of it, whatever the text: a word can count twice, as a hyphenated one does.
SEARCHED_WORDS = """
CREATE FUNCTION searched_words(prompt text, completion text, generated text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector(
        'pg_catalog.simple'::regconfig,
        left(prompt, 33000) || ' ' || left(completion, 20000) || ' '
        || coalesce(left(generated, 20000), '')
    )
$$
"""


def upgrade() -> None:
    op.execute(SEARCHED_WORDS)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("prefix", name=op.f("api_key_prefix_key")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("dead_letter_pkey")),
    )
    op.create_table(
        "exchange",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("finish_reason", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("timings_ms", sa.JSON(), nullable=False),
        sa.Column("originals", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("exchange_pkey")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "exchange_outcome_idx",
        "exchange",
        ["outcome", "id"],
        unique=False,
        postgresql_where=sa.text("outcome <> 'completed'"),
    )
    op.create_index(
        "exchange_session_idx",
        "exchange",
        [sa.literal_column('"left"(session_id, 100)'), "id"],
        unique=False,
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_index(
        "exchange_user_idx",
        "exchange",
        [sa.literal_column('"left"(user_id, 100)'), "id"],
        unique=False,
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "exchange_content",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("turns", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
        sa.Column("completion", sa.Text(), nullable=False),
        sa.Column("generated", sa.Text(), nullable=True),
        sa.Column("prompt_edits", sa.JSON(), nullable=False),
        sa.Column("completion_edits", sa.JSON(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("originals", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("exchange_content_pkey")),
        postgresql_partition_by="RANGE (exchange_id)",
    )
    op.create_index(
        "exchange_content_search_idx",
        "exchange_content",
        [sa.literal_column("searched_words(prompt, completion, generated)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "model_alias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column(
            "set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("model_alias_pkey")),
    )
    op.create_index(
        op.f("model_alias_name_alias_id_idx"), "model_alias", ["name", "alias", "id"], unique=False
    )
    op.create_table(
        "source",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("originals", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("uri", name=op.f("source_pkey")),
    )
    op.create_table(
        "source_revision",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("source_revision_pkey")),
    )
    op.create_table(
        "verdict",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("filter_version", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("originals", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("exchange_id", "position", name=op.f("verdict_pkey")),
        postgresql_partition_by="RANGE (exchange_id)",
    )
    op.create_index(
        "verdict_action_idx",
        "verdict",
        ["action", "exchange_id", "instance"],
        unique=False,
        postgresql_where=sa.text("action <> 'allow'"),
    )
    op.create_index(
        "verdict_instance_idx",
        "verdict",
        ["instance", "exchange_id", "action"],
        unique=False,
        postgresql_where=sa.text("action <> 'allow'"),
    )
    op.create_table(
        "passage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_uri", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("embedder", sa.Text(), nullable=False),
        sa.Column("originals", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_uri"], ["source.uri"], name=op.f("passage_source_uri_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("passage_pkey")),
    )
    op.create_index(
        op.f("passage_source_uri_position_idx"), "passage", ["source_uri", "position"], unique=False
    )
    for parent in PARTITIONED:
        op.execute(f"CREATE TABLE {parent}_default PARTITION OF {parent} DEFAULT")
    op.execute("INSERT INTO source_revision (id, revision) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_table("passage")
    op.drop_table("source")
    op.drop_table("source_revision")
    op.drop_table("model_alias")
    op.drop_table("api_key")
    op.drop_table("dead_letter")
    for parent in PARTITIONED:
        op.drop_table(parent)
    op.execute("DROP FUNCTION searched_words")
