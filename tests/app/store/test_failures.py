import asyncpg
import pytest
from sqlalchemy import exc

from app.errors import Unavailable, Unstorable
from app.store.failures import sqlstate, translate

SAID = "what the request said"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CharacterNotInRepertoireError(SAID),
        asyncpg.UniqueViolationError(SAID),
        asyncpg.CheckViolationError(SAID),
        asyncpg.ProgramLimitExceededError(SAID),
        exc.DBAPIError("INSERT", {}, asyncpg.NumericValueOutOfRangeError(SAID)),
        exc.StatementError(SAID, "INSERT", {}, TypeError(SAID)),
        UnicodeEncodeError("utf-8", SAID, 0, 1, SAID),
    ],
)
def test_bad_values_are_unstorable(error: Exception) -> None:
    translated = translate(error)

    assert isinstance(translated, Unstorable)
    assert SAID not in translated.message


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(SAID),
        TimeoutError(SAID),
        exc.TimeoutError(SAID),
        asyncpg.CannotConnectNowError(SAID),
        asyncpg.AdminShutdownError(SAID),
        asyncpg.TooManyConnectionsError(SAID),
        asyncpg.DiskFullError(SAID),
        asyncpg.DeadlockDetectedError(SAID),
        asyncpg.ReadOnlySQLTransactionError(SAID),
        asyncpg.UndefinedColumnError(SAID),
        asyncpg.InsufficientPrivilegeError(SAID),
        asyncpg.InternalClientError(SAID),
        asyncpg.ConnectionDoesNotExistError(SAID),
        exc.DBAPIError("INSERT", {}, asyncpg.QueryCanceledError(SAID)),
        exc.InterfaceError("INSERT", {}, Exception(SAID)),
    ],
)
def test_everything_else_is_the_databases_fault(error: Exception) -> None:
    translated = translate(error)

    assert isinstance(translated, Unavailable)
    assert SAID not in translated.message


def test_the_message_names_what_the_server_calls_it() -> None:
    assert "57014" in translate(asyncpg.QueryCanceledError(SAID)).message
    assert "ConnectionRefusedError" in translate(ConnectionRefusedError(SAID)).message


def test_missing_tables_are_a_matter_of_migration() -> None:
    assert "penstock migrate" in translate(asyncpg.UndefinedTableError(SAID)).message


def test_only_the_server_has_codes() -> None:
    assert sqlstate(asyncpg.UniqueViolationError(SAID)) == "23505"
    assert sqlstate(ValueError(SAID)) is None
