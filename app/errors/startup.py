"""What keeps a server from starting, or a command from working; never travels over HTTP."""

from __future__ import annotations

from app.errors.base import PenstockError


class StartupError(PenstockError):
    """The server refuses to start; the message says how to mend it."""

    code = "startup_error"
    default_message = "The server cannot start."


class SettingsError(StartupError):
    """A setting is unknown or malformed."""

    code = "settings_invalid"


class HubError(StartupError):
    """A hub of models cannot be reached, refuses, or sends what it did not promise."""

    code = "hub_error"


class BundleError(StartupError):
    """A bundle is damaged, incomplete or unsafe to load."""

    code = "bundle_invalid"


class FilterError(StartupError):
    """A filter is unknown, misconfigured or fails its canaries."""

    code = "filter_invalid"


class DatabaseError(StartupError):
    """Postgres cannot be started, reached or migrated."""

    code = "database_invalid"
