"""A real Postgres of our own, for machines where nobody set one up.

The binaries come from the wheel behind the extra `embedded`, or from the system. Several
processes may share one server: the first one in starts it, the last one out stops it.
"""

from app.store.embedded.supervisor import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
