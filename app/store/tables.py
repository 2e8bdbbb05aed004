"""The tables. Migrations make them; `alembic check` sees that both agree.

`exchange`, `exchange_content` and `verdict` are partitioned by the month of the exchange's
UUIDv7, so an id tells its partition, and a month is dropped at once. Nothing refers to them
by a foreign key: whatever refers to an exchange must outlive it. The text is in a table of
its own because it is kept for a shorter time.
"""

from __future__ import annotations

import re

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

SEARCHED_WORDS = "searched_words(prompt, completion, generated)"
"""What the search finds a text by: a function of the first migration, which also bounds it."""

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

exchange = Table(
    "exchange",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("key_id", Uuid),
    Column("user_id", Text),
    Column("session_id", Text),
    Column("model", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("finish_reason", Text, nullable=False),
    Column("error_code", Text),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("timings_ms", JSON, nullable=False),
    Column("originals", LargeBinary),
    # Only what is rare needs an index; what is frequent is soon met on the way back in time.
    Index("exchange_outcome_idx", "outcome", "id", postgresql_where=text("outcome <> 'completed'")),
    Index(
        "exchange_user_idx",
        text('"left"(user_id, 100)'),
        "id",
        postgresql_where=text("user_id IS NOT NULL"),
    ),
    Index(
        "exchange_session_idx",
        text('"left"(session_id, 100)'),
        "id",
        postgresql_where=text("session_id IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (id)",
)

exchange_content = Table(
    "exchange_content",
    metadata,
    Column("exchange_id", Uuid, primary_key=True),
    Column("prompt", Text, nullable=False),
    Column("turns", JSON, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("completion", Text, nullable=False),
    Column("generated", Text),
    Column("prompt_edits", JSON, nullable=False),
    Column("completion_edits", JSON, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("originals", LargeBinary),
    Index(
        "exchange_content_search_idx",
        text(SEARCHED_WORDS),
        postgresql_using="gin",
    ),
    postgresql_partition_by="RANGE (exchange_id)",
)

verdict = Table(
    "verdict",
    metadata,
    Column("exchange_id", Uuid, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("instance", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("filter_version", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("label", Text, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("duration_ms", Double, nullable=False),
    Column("error", Text),
    Column("originals", LargeBinary),
    Index(
        "verdict_action_idx",
        "action",
        "exchange_id",
        "instance",
        postgresql_where=text("action <> 'allow'"),
    ),
    Index(
        "verdict_instance_idx",
        "instance",
        "exchange_id",
        "action",
        postgresql_where=text("action <> 'allow'"),
    ),
    postgresql_partition_by="RANGE (exchange_id)",
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("reason", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    UniqueConstraint("prefix"),
)

source = Table(
    "source",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("originals", LargeBinary),
)

passage = Table(
    "passage",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source_uri", Text, ForeignKey("source.uri", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("embedding", LargeBinary, nullable=False),
    Column("embedder", Text, nullable=False),
    Column("originals", LargeBinary),
    Index(None, "source_uri", "position"),
)

source_revision = Table(
    "source_revision",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)
"""One row: how often the sources have changed."""

model_alias = Table(
    "model_alias",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "name", "alias", "id"),
)
"""Every change of an alias; the newest row of a name and alias is what it stands for."""

loaded_model = Table(
    "loaded_model",
    metadata,
    Column("name", Text, primary_key=True),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""The bundles that every server serves besides those that its settings name."""

PARTITIONED = (exchange, exchange_content, verdict)

_PARTITION = re.compile(
    rf"({'|'.join(table.name for table in PARTITIONED)})_(default|y\d{{4}}m\d\d)"
)


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Tell Alembic what to compare: not the partitions, which come and go by themselves."""
    return kind != "table" or name is None or not _PARTITION.fullmatch(name)
