"""`penstock filters reload`: the running server reads its chain again, or says why not."""

from __future__ import annotations

import json

from tests.app.cli.server import Prepared, serving
from tests.commands import penstock, succeed

RELOADED = {"filters": [{"id": "words"}, {"id": "tox\x1bicity"}], "needs_restart": ["limits"]}


def test_it_says_what_is_in_force_now() -> None:
    with serving(Prepared(body=json.dumps(RELOADED).encode())) as server:
        shown = penstock("filters", "reload", "--url", server.url, "--key", "psk_x")
        as_json = succeed("filters", "reload", "--url", server.url, "--key", "psk_x", "--json")

    assert shown.stdout == "In force: words → tox\\x1bicity\n"
    assert shown.stderr == "At the next start only: limits\n"
    assert json.loads(as_json) == RELOADED
    assert server.paths == ["/filters/reload"] * 2
    assert server.keys == ["Bearer psk_x"] * 2


def test_what_is_wrong_with_the_chain_is_told() -> None:
    problem = "penstock.toml:7: filter 'x': unknown option 'wrods'"
    body = json.dumps({"error": {"message": problem}}).encode()
    with serving(Prepared(status=409, body=body)) as server:
        refused = penstock("filters", "reload", "--url", server.url, "--key", "psk_x")

    assert refused.exit_code == 1
    assert problem in refused.stderr
    assert "stays in force" in refused.stderr


def test_what_says_nothing_about_the_chain_is_told_as_it_is() -> None:
    with serving(Prepared(status=401, body=b'{"error": {"message": "No."}}')) as server:
        refused = penstock("filters", "reload", "--url", server.url, "--key", "psk_x")

    assert refused.stderr == "The server answered 401: No.\n"


def test_without_a_server_it_says_so() -> None:
    refused = penstock("filters", "reload", "--url", "http://127.0.0.1:9", "--key", "psk_x")

    assert refused.exit_code == 1
    assert "No server answers" in refused.stderr
