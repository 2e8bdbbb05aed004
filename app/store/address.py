"""The operator's database address, as asyncpg takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.errors import DatabaseError

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
PATIENCE = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval")
SECURITY = ("channel_binding", "gssencmode")
LIBPQ_ONLY = frozenset(PATIENCE + SECURITY + ("keepalives_count", "tcp_user_timeout"))
"""Parameters that other drivers read; asyncpg would send them to the server, which refuses them."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is, and how to talk to it."""

    dsn: str = field(repr=False)
    """May hold a password: never to be shown."""
    pooled: bool = False
    """Between us and Postgres stands a PgBouncer in transaction mode (`?pgbouncer=true`)."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `postgresql://…` or `postgres://…`, with libpq's parameters such as `sslmode`.

        Raises:
            DatabaseError: it is no such address.
        """
        try:
            parts = urlsplit(url)
            parameters = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
            if "," not in parts.netloc:  # several hosts, each with its port
                _ = parts.port
        except ValueError:
            parts, parameters = urlsplit(""), {}
        if parts.scheme not in SCHEMES:
            raise DatabaseError(
                "PENSTOCK_DATABASE_URL is not an address of the form "
                "postgresql://user:password@host:5432/database."
            )
        pooled = parameters.pop("pgbouncer", "false").lower() in ("true", "1", "yes")
        kept = {name: value for name, value in parameters.items() if name not in LIBPQ_ONLY}
        # An empty host is written out: a URL without a netloc loses its two slashes.
        query = f"?{urlencode(kept)}" if kept else ""
        return cls(f"postgresql://{parts.netloc}{parts.path}{query}", pooled)
