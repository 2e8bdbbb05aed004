from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.cli.serve import _address, _bind, _greet, _valid
from app.errors import StartupError
from app.routes.keyring import KeyRing
from app.settings import Settings
from app.store.database import Database
from app.store.keys import KeyStore, Scope
from tests.commands import penstock


def test_an_address_in_use_is_an_expected_error(empty_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = penstock("serve", "--port", str(port))

    assert result.exit_code == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "PENSTOCK_PORT" in result.stderr
    assert list(empty_folder.iterdir()) == []


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(empty_folder: Path, port: str) -> None:
    assert penstock("serve", "--port", port).exit_code == 2


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(StartupError, match="PENSTOCK_HOST"):
        _bind("host.invalid", 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - for the blink of an eye
        ("localhost", "localhost"),
    ],
)
def test_the_real_port_is_shown(host: str, shown: str) -> None:
    with _bind(host, 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert _address(host, listener) == f"http://{shown}:{port}"


def test_the_greeting_holds_all_one_needs_but_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file = tmp_path / "first-key"
    key_file.write_text("psk_secret\n")
    chain = [
        {"id": "words", "filter": "keyword", "stage": "input"},
        {"id": "search", "filter": "retrieval", "stage": "input"},
    ]
    settings = Settings.model_validate({"home": tmp_path, "chain": chain})
    _greet(settings, "http://127.0.0.1:8000", key_file)
    said = capsys.readouterr().out

    assert said.startswith("Penstock answers on http://127.0.0.1:8000\n")
    assert "words → search" in said
    assert f"{tmp_path} (embedded Postgres)" in said
    assert f'-H "Authorization: Bearer $(cat {key_file})"' in said
    assert "http://127.0.0.1:8000/review" in said
    assert "secret" not in said


def test_without_a_first_key_no_command_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _greet(Settings(home=tmp_path), "http://127.0.0.1:8000", None)
    said = capsys.readouterr().out

    assert "curl" not in said
    assert "no filters" in said


async def test_only_a_key_that_is_still_valid_is_shown(database: Database, tmp_path: Path) -> None:
    keys = KeyStore(database)
    ring, file = KeyRing(keys), tmp_path / "first-key"
    assert _valid(file, ring) is None

    key, secret = await keys.create("first key", frozenset(Scope))
    file.write_text(f"{secret}\n")
    await ring.refresh()
    assert _valid(file, ring) == file

    await keys.revoke(key.prefix)
    await ring.refresh()
    assert _valid(file, ring) is None
