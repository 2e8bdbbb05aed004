"""What an exception from the database driver means to the rest of the server."""

from __future__ import annotations

import ssl

import asyncpg
from sqlalchemy import exc

from app.errors import PenstockError, Unavailable, Unstorable

UNSTORABLE = ("21", "22", "23", "54")
"""SQLSTATE classes that blame the values: cardinality, data, constraint, program limit."""
OTHER_TABLES = ("42P01", "42703", "42883", "3F000")
"""A table, column, function or schema that is not there."""
MENDING = {
    "28P01": "The password is wrong.",
    "28000": "The server's pg_hba.conf does not let this user in from here, or asks for TLS.",
    "3D000": "The database does not exist: create it (createdb), then run `penstock migrate`.",
    "53300": "The server has no free connection: raise its max_connections.",
    "57P03": "The server is starting up or recovering: try again shortly.",
}
DRIVER_ERRORS = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    UnicodeEncodeError,
    OSError,  # also TimeoutError
)


def translate(error: BaseException) -> PenstockError:
    """Return the error to raise instead; its message holds nothing of the values."""
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig else error
    state = sqlstate(cause)
    if state is not None and state[:2] in UNSTORABLE:
        return Unstorable(f"Postgres refused the values (SQLSTATE {state}).")
    if isinstance(cause, ValueError | TypeError) or _is_bad_argument(cause):
        return Unstorable(f"The values cannot be sent to Postgres ({type(cause).__name__}).")
    if state in OTHER_TABLES:
        return Unavailable(
            f"The database's tables do not fit this version of Penstock (SQLSTATE {state}): "
            "run `penstock migrate`."
        )
    reason = f"SQLSTATE {state}" if state else type(cause).__name__
    return Unavailable(f"The database is not available right now ({reason}).")


def how_to_mend(error: BaseException) -> str:
    """Return why the database cannot be reached and what an operator can do."""
    cause = getattr(error, "orig", None) or error
    state = sqlstate(cause)
    if state is not None:
        return MENDING.get(state, f"It refused with SQLSTATE {state}.")
    kinds = [type(cause), type(cause.__cause__)]
    if any(issubclass(kind, asyncpg.ClientConfigurationError) for kind in kinds):
        return "A parameter of the address is not understood."
    if any(issubclass(kind, ssl.SSLError) for kind in kinds):
        return "TLS failed: is the certificate one of `sslrootcert`, and made for this host?"
    return f"Nothing answers there ({type(cause).__name__}): is it running, is the address right?"


def sqlstate(error: BaseException) -> str | None:
    """Return the server's error code, if the server raised this."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_bad_argument(error: BaseException) -> bool:
    """Tell whether the driver could not write a value in the type the server expects."""
    return isinstance(error.__cause__, asyncpg.DataError | UnicodeEncodeError)
