import asyncio
import datetime as dt
import json
from typing import Any

import pytest

from app.store.database import Database
from app.store.keys import KeyStore, Scope
from tests.commands import penstock, succeed


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", database_url)


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(succeed("keys", "list", "--json"))
    return found


def test_a_key_is_made_listed_and_revoked() -> None:
    made = penstock("keys", "create", "--name", "search", "--scope", "infer", "--scope", "review")
    (key,) = listed()
    secret = made.stdout.strip()

    assert secret.startswith("psk_")
    assert len(made.stdout.splitlines()) == 1
    assert key["prefix"] in made.stderr
    assert secret.startswith(key["prefix"])
    assert (key["name"], key["scopes"], key["state"]) == ("search", ["infer", "review"], "active")
    assert secret not in succeed("keys", "list") + succeed("keys", "list", "--json") + made.stderr

    assert succeed("keys", "revoke", key["prefix"]) == "Revoked.\n"
    assert listed()[0]["state"] == "revoked"
    assert penstock("keys", "revoke", key["prefix"]).exit_code == 1


def test_a_key_may_end(database_url: str) -> None:
    async def end_long_ago() -> None:
        database = Database(database_url)
        moment = dt.datetime(2020, 1, 1).astimezone()
        await KeyStore(database).create("past", frozenset({Scope.INFER}), moment)
        await database.close()

    succeed("keys", "create", "--name", "soon", "--expires", "90d")
    asyncio.run(end_long_ago())

    states = {key["name"]: (key["scopes"], key["state"]) for key in listed()}
    assert states == {"soon": (["infer"], "active"), "past": (["infer"], "ended")}
    assert "2020-01-01 00:00:00" in succeed("keys", "list")


@pytest.mark.parametrize(
    "options",
    [
        ("--scope", "everything"),
        ("--expires", "soon"),
        ("--expires", "2020-01-01"),
        ("--expires", "0d"),
        ("--name", ""),
        ("--name", " "),
        ("--name", "x" * 201),
        (),
    ],
)
def test_a_malformed_key_is_refused(options: tuple[str, ...]) -> None:
    named = ("--name", "x") if options and "--name" not in options else ()

    assert penstock("keys", "create", *named, *options).exit_code == 2
    assert listed() == []


def test_no_keys_is_a_sentence() -> None:
    assert succeed("keys", "list") == "There are no keys.\n"


def test_an_unknown_key_is_told() -> None:
    result = penstock("keys", "revoke", "psk_unknown")

    assert result.exit_code == 1
    assert result.stderr == "There is no such key, or it was revoked before.\n"
